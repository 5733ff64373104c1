//! What clients ask of the job service: to submit, read and watch jobs.

use std::sync::Arc;
use std::time::Duration;

use heavy_process::clock::wall_ns;
use heavy_results::job::{JobFile, JobInfo, JobSpec, JobView, SpecError};
use heavy_results::summary::Summary;
use tokio::sync::watch;
use tokio::time::timeout;
use uuid::Uuid;

use super::JobService;
use crate::artifacts;
use crate::job::error::Error;
use crate::job::machine::event::JobEvent;
use crate::job::progress::{self, Snapshot};
use crate::job::queue::LONGEST;
use crate::job::submission::{check_env, new_job};

/// The summary of a job that runs is not waited for any longer.
const SUMMARY_LIMIT: Duration = Duration::from_secs(1);

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

    /// A job and its summary so far. One that has not ended is shown without a summary where the results database does not
    /// answer.
    pub(crate) async fn view(&self, reference: &str) -> Result<JobView, Error> {
        let mut job = self.find(reference).await?;
        let summary = self.tools.store.summary(job.id);
        if job.state.is_final() {
            return Ok(of_one_revision(job, summary.await?));
        }
        let problem = match timeout(SUMMARY_LIMIT, summary).await {
            Ok(Ok(summary)) => return Ok(of_one_revision(job, summary)),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "it does not answer".to_owned(),
        };
        if !job.reason.is_empty() {
            job.reason.push_str("; ");
        }
        job.reason.push_str(&format!(
            "its results are in the results database, which cannot be read now: {problem}"
        ));
        Ok(JobView { job, summary: None })
    }

    /// A job's progress from now on, ending after the final one.
    pub(crate) async fn watch(&self, reference: &str) -> Result<watch::Receiver<Snapshot>, Error> {
        let job = self.find(reference).await?;
        if let Some(live) = self.lock().get(&job.id) {
            return Ok(live.view.progress.clone());
        }
        // It may have ended between the two looks: what the store says now is final.
        let job = heavy_store::find_job(&*self.tools.store, &job.id.to_string()).await?;
        let summary = self.tools.store.summary(job.id).await?;
        let progress = progress::of_stored(&job, summary.as_ref());
        Ok(watch::channel(Snapshot::new(progress)).1)
    }
}

/// A job and its summary, which was stored earlier if the job runs. Of a job that has ended, both are of one revision.
fn of_one_revision(mut job: JobInfo, mut summary: Option<Summary>) -> JobView {
    if let Some(summary) = &mut summary {
        if summary.complete && summary.job.state.is_final() {
            job = summary.job.clone();
        } else {
            summary.job.state = job.state;
            summary.job.reason.clone_from(&job.reason);
        }
    }
    JobView { job, summary }
}
