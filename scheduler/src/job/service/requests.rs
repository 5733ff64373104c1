//! What clients ask of the job service: to submit, find and judge jobs, and to change running ones.

use std::sync::Arc;

use heavy_process::clock::wall_ns;
use heavy_results::job::{JobFile, JobInfo, JobSpec, SpecError};
use tokio::sync::{oneshot, watch};
use uuid::Uuid;

use super::JobService;
use crate::artifacts;
use crate::job::driver::{JobMessage, Reply};
use crate::job::error::Error;
use crate::job::load_change::LoadChange;
use crate::job::machine::event::{ChangeRefused, JobEvent};
use crate::job::progress::{self, Snapshot};
use crate::job::queue::LONGEST;
use crate::job::submission::{check_env, new_job};

impl JobService {
    /// Makes a job of a document; the same `key` (if not empty) again returns the same job.
    ///
    /// # Errors
    /// When the document is wrong, its binary is missing, or the queue is full.
    pub(crate) async fn submit(self: &Arc<Self>, spec: &str, key: &str) -> Result<JobInfo, Error> {
        if self.tools.shutdown.is_cancelled() {
            return Err(Error::ShuttingDown);
        }
        let mut spec = JobSpec::from_client(spec)?;
        check_env(&spec)?;
        let mut keys = self.keys.lock().await;
        if let Some(job) = keys.job(key) {
            return self.find(&job.to_string()).await;
        }
        self.find_artifacts(&spec).await?;
        if self.lock().len() >= LONGEST {
            return Err(Error::QueueFull(LONGEST));
        }
        let env = spec.take_env();
        let job = new_job(spec, wall_ns());
        let env_files = &self.tools.env_files;
        env_files.keep(job.id, &env).await.map_err(Error::Env)?;
        if let Err(error) = self.tools.store.create_owned_job(&self.tools.owner, &job).await {
            env_files.forget(job.id).await;
            return Err(error.into());
        }
        keys.remember(key, job.id);
        if job.spec.replace {
            self.stop_others(job.id).await;
        }
        tracing::info!(job = %job.id, name = job.spec.name, "job submitted");
        self.start_driver(job.clone(), env).await;
        Ok(job)
    }

    /// Checks that the binary and the files of a job are there.
    pub(super) async fn find_artifacts(&self, spec: &JobSpec) -> Result<(), Error> {
        self.tools.artifacts.find(&spec.binary_sha256).await?;
        self.find_files(&spec.files).await
    }

    /// Checks that files are there, as long as the job says.
    async fn find_files(&self, files: &[JobFile]) -> Result<(), Error> {
        for JobFile { path, sha256, size } in files {
            let (path, sha256) = (path.clone(), sha256.clone());
            let bytes = match self.tools.artifacts.find(&sha256).await {
                Ok(bytes) => bytes,
                Err(artifacts::Error::Unknown(_)) => {
                    return Err(artifacts::Error::UnknownFile { path, sha256 }.into());
                }
                Err(error) => return Err(error.into()),
            };
            if bytes != *size {
                let problem = format!("`{path}` has {bytes} bytes, not {size}");
                return Err(SpecError::Field {
                    field: "files",
                    problem,
                }
                .into());
            }
        }
        Ok(())
    }

    async fn find(&self, reference: &str) -> Result<JobInfo, Error> {
        Ok(heavy_store::find_job(&*self.tools.store, reference).await?)
    }

    /// Tells a job to stop; one that has ended stays as it is.
    pub(crate) async fn stop(&self, reference: &str, now: bool) -> Result<JobInfo, Error> {
        let job = self.find(reference).await?;
        let who = "a client".to_owned();
        self.send(job.id, JobEvent::Stop { now, who }, None).await;
        Ok(job)
    }

    /// Changes the load of a running job.
    ///
    /// # Errors
    /// When it does not run, or the change makes no sense.
    pub(crate) async fn change(&self, reference: &str, change: LoadChange) -> Result<JobInfo, Error> {
        let who = "a client".to_owned();
        self.ask(reference, JobEvent::Change { change, who }).await
    }

    /// Sends new params to the load tests of a running job.
    ///
    /// # Errors
    /// When it does not run, or they are not JSON.
    pub(crate) async fn params(&self, reference: &str, params: String) -> Result<JobInfo, Error> {
        if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(&params) {
            return Err(Error::Request(format!("params are not valid JSON: {error}")));
        }
        let who = "a client".to_owned();
        self.ask(reference, JobEvent::Params { params, who }).await
    }

    /// Asks a job's driver something.
    async fn ask(&self, reference: &str, event: JobEvent) -> Result<JobInfo, Error> {
        let job = self.find(reference).await?;
        let (reply, answer) = oneshot::channel();
        self.send(job.id, event, Some(reply)).await;
        answer
            .await
            .unwrap_or(Err(ChangeRefused::NotRunning(job.state.as_str()).into()))
    }

    /// Sends an event to a job's driver; one that is gone has ended its job and needs none.
    async fn send(&self, job: Uuid, event: JobEvent, reply: Option<Reply>) {
        let messages = self.lock().get(&job).map(|live| live.messages.clone());
        if let Some(messages) = messages {
            let _ = messages.send(JobMessage { event, reply }).await;
        }
    }

    /// Stops all other jobs in favour of one.
    async fn stop_others(&self, job: Uuid) {
        let others: Vec<Uuid> = self
            .lock()
            .keys()
            .copied()
            .filter(|other| *other != job)
            .collect();
        for other in others {
            let who = format!("job {job}, which takes its place");
            self.send(other, JobEvent::Stop { now: false, who }, None).await;
        }
    }

    /// A stored job with the state and reason that it has now, if its end has not been written meanwhile.
    pub(crate) fn as_it_is(&self, mut job: JobInfo) -> JobInfo {
        if let Some(live) = self.lock().get(&job.id).filter(|_| !job.state.is_final()) {
            let progress = &live.view.progress.borrow().progress;
            if !progress.state.is_final() {
                job.state = progress.state;
                job.reason.clone_from(&progress.reason);
            }
        }
        job
    }

    /// A job's progress from now on, ending after the final one.
    pub(crate) async fn watch(&self, reference: &str) -> Result<watch::Receiver<Snapshot>, Error> {
        let job = self.find(reference).await?;
        if let Some(live) = self.lock().get(&job.id) {
            return Ok(live.view.progress.clone());
        }
        // It may have ended between the two looks: what the store says now is final.
        let job = self.find(&job.id.to_string()).await?;
        let summary = self.tools.store.summary(job.id).await?;
        let progress = progress::of_stored(&job, summary.as_ref());
        Ok(watch::channel(Snapshot::new(progress)).1)
    }
}
