//! The last thing that a driver does: writes the end of its job, for as long as that takes, and answers clients meanwhile.

use std::pin::pin;

use heavy_results::job::JobState;
use tokio::sync::mpsc;
use tokio::time::interval;

use super::{JobDriver, JobMessage, TICK};
use crate::job::conclude::conclude_apart;
use crate::job::machine::team::Team;

impl JobDriver {
    /// Concludes a job whose machine has come to its end.
    pub(super) async fn conclude(&mut self, mailbox: &mut mpsc::Receiver<JobMessage>) {
        let mut job = self.job.borrow().clone();
        job.state = self.machine.state();
        job.reason = self.machine.reason();
        job.degraded = self.machine.degraded();
        // One that could not finish must not keep later jobs waiting, and neither must the database.
        for agent in self.machine.team().into_iter().flat_map(Team::known) {
            self.tools.fleet.release(agent, job.id);
        }
        let ran = self.collected.take();
        let tools = self.tools.clone();
        let writer = self.writer.take();
        let concluding = async move {
            if let Some(writer) = writer {
                // It must not write an older state later.
                writer.close().await;
            }
            tools.env_files.forget(job.id).await;
            conclude_apart(&tools.store, job, ran).await
        };
        let mut concluding = pin!(concluding);
        let mut ticks = interval(TICK);
        ticks.tick().await;
        let job = loop {
            tokio::select! {
                job = concluding.as_mut() => break job,
                Some(message) = mailbox.recv() => self.take(message.event, message.reply).await,
                _ = ticks.tick() => {
                    self.job.send_modify(|job| {
                        job.state = JobState::Delivering;
                        "waiting for the results database, to store the end of the job".clone_into(&mut job.reason);
                    });
                    self.give_answers();
                    self.publish();
                }
            }
        };
        tracing::info!(job = %job.id, state = job.state.as_str(), reason = job.reason, "job ended");
        self.job.send_replace(job);
        self.is_concluded = true;
        self.give_answers();
        self.publish();
    }
}
