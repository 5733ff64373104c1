//! Jobs that processes have left which are gone: queued ones wait again, those whose load is over wait for their results, and
//! others are concluded.

use std::sync::Arc;

use heavy_process::owners::OwnerKind;
use heavy_results::job::{JobInfo, JobState};

use super::JobService;
use crate::job::conclude::{conclude, fail_broken};
use crate::job::driver::JobDriver;
use crate::job::orphan::conclude_orphan;
use crate::job::own_thread;

impl JobService {
    /// Takes up the jobs that have passed to this scheduler from processes that are gone. Those of single commands are concluded,
    /// whatever they were doing: nobody waits for them any more.
    pub(crate) async fn inherit(self: &Arc<Self>) -> Result<(), heavy_store::Error> {
        let store = &self.tools.store;
        store
            .jobs(1)
            .await?
            .iter()
            .for_each(|job| self.note_submitted(job));
        for job in store.schedulers().held_jobs(self.tools.epoch).await? {
            let owner = store.owner(job.id).await?;
            if *owner == *self.tools.owner {
                continue;
            }
            let state = job.state.as_str();
            if OwnerKind::of(&owner) == OwnerKind::Run {
                tracing::warn!(job = %job.id, state, "closing a job of a command that is gone");
                let reason = format!("the command that ran it ended unexpectedly while the job was {state}");
                self.close(job, reason).await;
            } else if job.state == JobState::Queued {
                store.adopt_job(&self.tools.owner, job.id).await?;
                tracing::info!(job = %job.id, "resumed a queued job");
                self.resume_queued(job).await;
            } else if let Some(delivering) = store.handover(job.id).await?.and_then(|left| left.delivering) {
                store.adopt_job(&self.tools.owner, job.id).await?;
                tracing::info!(job = %job.id, "waiting for the results of a job of an earlier scheduler");
                self.tools.env_files.forget(job.id).await;
                self.drive(
                    &job,
                    JobDriver::resume(self.tools.clone(), job.clone(), delivering),
                );
            } else {
                tracing::warn!(job = %job.id, state, "closing a job of an earlier scheduler");
                let reason = format!("the scheduler was restarted while the job was {state}");
                self.close(job, reason).await;
            }
        }
        Ok(())
    }

    async fn close(&self, job: JobInfo, reason: String) {
        self.tools.env_files.forget(job.id).await;
        let (its_store, its_job) = (Arc::clone(&self.tools.store), job.clone());
        let work = async move { conclude_orphan(&*its_store, its_job, reason).await };
        if own_thread::spawn("conclusion", work).await.is_err() {
            fail_broken(&*self.tools.store, job).await;
        }
    }

    async fn resume_queued(self: &Arc<Self>, mut job: JobInfo) {
        let problem = match self.tools.env_files.find(job.id, &job.spec).await {
            Ok(env) => match self.find_artifacts(&job.spec).await {
                Ok(()) => return self.start_driver(job, env).await,
                Err(error) => format!("does not have what the job needs ({error})"),
            },
            Err(error) => format!("cannot read the values of the job's variables any more ({error})"),
        };
        job.state = JobState::Failed;
        job.reason = format!("the scheduler was restarted and {problem}: submit it again");
        conclude(&*self.tools.store, &mut job, None).await;
    }
}
