//! Jobs that have not ended: found and changed in memory, without the results database.

use futures::future::join_all;
use heavy_api::document::ControlledJob;
use heavy_results::job::JobInfo;
use heavy_store::{LAST, find_among};
use tokio::sync::oneshot;
use uuid::Uuid;

use super::JobService;
use crate::job::answers::Reply;
use crate::job::driver::JobMessage;
use crate::job::error::Error;
use crate::job::load_change::LoadChange;
use crate::job::machine::event::{ChangeRefused, JobEvent};

/// Who clients are in the events of jobs.
const CLIENT: &str = "a client";

impl JobService {
    /// A job by its id, a prefix, or `last`. A job that has not ended is found without the results database; a prefix that only
    /// one of those has is taken for it, whatever the ids of jobs that have ended.
    pub(crate) async fn find(&self, reference: &str) -> Result<JobInfo, Error> {
        match self.find_unfinished(reference)? {
            Some(job) => Ok(job),
            None => Ok(heavy_store::find_job(&*self.tools.store, reference).await?),
        }
    }

    /// A job that is in memory, as it is now.
    pub(crate) fn find_unfinished(&self, reference: &str) -> Result<Option<JobInfo>, Error> {
        if reference == LAST {
            // If a newer one has ended, the database knows which is the last.
            let newest = self.unfinished().into_iter().next();
            return Ok(newest.filter(|job| age(job) >= *self.lock_newest()));
        }
        let live = self.lock();
        let jobs = live.iter().map(|(id, live)| (*id, &live.view.job));
        Ok(find_among(reference, jobs)?.map(|job| job.borrow().clone()))
    }

    /// All jobs that have not ended, newest first.
    pub(crate) fn unfinished(&self) -> Vec<JobInfo> {
        let live = self.lock();
        let jobs = live.values().map(|live| live.view.job.borrow().clone());
        let mut jobs: Vec<JobInfo> = jobs.filter(|job| !job.state.is_final()).collect();
        jobs.sort_by_key(|job| std::cmp::Reverse(age(job)));
        jobs
    }

    /// Notes a job that was submitted, or is known to have been.
    pub(super) fn note_submitted(&self, job: &JobInfo) {
        let mut newest = self.lock_newest();
        *newest = (*newest).max(age(job));
    }

    /// Stops a job; one that has ended stays as it is.
    pub(crate) async fn stop(&self, reference: &str, now: bool) -> Result<ControlledJob, Error> {
        let job = self.find(reference).await?;
        match self.stop_unfinished(job.id, now).await {
            Some(stopped) => stopped,
            None => Ok(untouched(self.find(&job.id.to_string()).await?)),
        }
    }

    /// Stops all jobs that have not ended, newest first.
    pub(crate) async fn stop_all(&self, now: bool) -> Result<Vec<ControlledJob>, Error> {
        let jobs = self.unfinished();
        let stopped = jobs.iter().map(|job| self.stop_unfinished(job.id, now));
        join_all(stopped).await.into_iter().flatten().collect()
    }

    async fn stop_unfinished(&self, job: Uuid, now: bool) -> Option<Result<ControlledJob, Error>> {
        let who = CLIENT.to_owned();
        self.ask(job, JobEvent::Stop { now, who }).await
    }

    /// Changes the load of a running job.
    ///
    /// # Errors
    /// When it does not run, or the change makes no sense.
    pub(crate) async fn change(&self, reference: &str, change: LoadChange) -> Result<ControlledJob, Error> {
        let who = CLIENT.to_owned();
        self.ask_running(reference, JobEvent::Change { change, who })
            .await
    }

    /// Sends new params to the load tests of a running job.
    ///
    /// # Errors
    /// When it does not run, or they are not JSON.
    pub(crate) async fn params(&self, reference: &str, params: String) -> Result<ControlledJob, Error> {
        if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(&params) {
            return Err(Error::Request(format!("params are not valid JSON: {error}")));
        }
        let who = CLIENT.to_owned();
        self.ask_running(reference, JobEvent::Params { params, who })
            .await
    }

    async fn ask_running(&self, reference: &str, event: JobEvent) -> Result<ControlledJob, Error> {
        let job = self.find(reference).await?;
        let asked = self.ask(job.id, event).await;
        asked.unwrap_or(Err(ChangeRefused::NotRunning(job.state.as_str()).into()))
    }

    /// Asks a job's driver something; `None` if it is gone, as its job has ended.
    async fn ask(&self, job: Uuid, event: JobEvent) -> Option<Result<ControlledJob, Error>> {
        let (reply, answer) = oneshot::channel();
        self.send(job, event, Some(reply)).await;
        answer.await.ok()
    }

    /// Sends an event to a job's driver; one that is gone has ended its job and needs none.
    pub(super) async fn send(&self, job: Uuid, event: JobEvent, reply: Option<Reply>) {
        let messages = self.lock().get(&job).map(|live| live.messages.clone());
        if let Some(messages) = messages {
            let _ = messages.send(JobMessage { event, reply }).await;
        }
    }
}

/// By which jobs are sorted, as in the store.
const fn age(job: &JobInfo) -> (u64, u128) {
    (job.submitted_at_wall_ns, job.id.as_u128())
}

/// A job that has ended.
const fn untouched(job: JobInfo) -> ControlledJob {
    ControlledJob {
        job,
        agents: 0,
        unacknowledged: Vec::new(),
        is_stored: true,
        problem: String::new(),
    }
}
