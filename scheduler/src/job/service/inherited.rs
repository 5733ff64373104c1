//! Jobs that processes have left which are gone: queued ones wait again, others are concluded.

use std::sync::Arc;

use heavy_process::owners::OwnerKind;
use heavy_results::job::{JobInfo, JobState};

use super::JobService;
use crate::job::conclude::{conclude, conclude_orphan};

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
        conclude_orphan(&*self.tools.store, job, reason).await;
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
