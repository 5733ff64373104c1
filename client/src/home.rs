//! Where jobs are looked at: a scheduler, or a results database without one.

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use heavy_api::document::{ListQuery, LogQuery, NoQuery, Prune, Pruned, StorageInfo};
use heavy_api::operation as op;
use heavy_process::clock::wall_ns;
use heavy_process::owners;
use heavy_results::job::{CheckSpec, Checked, JobInfo, JobView, LoggedLine};
use heavy_store::{Deletion, Store, find_job, log_lines};
use reqwest::Body;

use super::remote::{Remote, json};
use super::{DataPlace, Error};

/// What can be asked of jobs wherever their results are. A job is named by its id, a unique prefix of it, or `last`.
#[async_trait]
pub trait JobHome: Debug + Send + Sync {
    /// The newest jobs, newest first.
    async fn list(&self, limit: u32) -> Result<Vec<JobInfo>, Error>;

    /// A job and its summary.
    async fn get(&self, job: &str) -> Result<JobView, Error>;

    /// Lines of a job's log with this number or a higher one, in their order; none when there are no more yet.
    async fn log_lines(&self, job: &str, from: u64) -> Result<Vec<LoggedLine>, Error>;

    /// Judges a job by thresholds.
    async fn check(&self, job: &str, spec: &CheckSpec) -> Result<Checked, Error>;

    /// Deletes a job that has ended, with all that it left; returns it as it was.
    async fn delete(&self, job: &str) -> Result<JobInfo, Error>;

    /// Deletes all jobs that ended long ago, or only their rows.
    async fn prune(&self, prune: &Prune) -> Result<Pruned, Error>;

    /// Where data is, and how much space it takes.
    async fn storage(&self) -> Result<StorageInfo, Error>;
}

#[async_trait]
impl JobHome for Remote {
    async fn list(&self, limit: u32) -> Result<Vec<JobInfo>, Error> {
        let query = ListQuery { limit: Some(limit) };
        self.ask_with(op::ListJobs, "", &query, Body::default()).await
    }

    async fn get(&self, job: &str) -> Result<JobView, Error> {
        self.ask(op::GetJob, job).await
    }

    async fn log_lines(&self, job: &str, from: u64) -> Result<Vec<LoggedLine>, Error> {
        self.ask_with(op::ListLogLines, job, &LogQuery { from }, Body::default())
            .await
    }

    async fn check(&self, job: &str, spec: &CheckSpec) -> Result<Checked, Error> {
        self.ask_with(op::CheckJob, job, &NoQuery {}, json(spec)?).await
    }

    async fn delete(&self, job: &str) -> Result<JobInfo, Error> {
        self.ask(op::DeleteJob, job).await
    }

    async fn prune(&self, prune: &Prune) -> Result<Pruned, Error> {
        self.ask_with(op::PruneJobs, "", &NoQuery {}, json(prune)?).await
    }

    async fn storage(&self) -> Result<StorageInfo, Error> {
        self.ask(op::GetStorage, "").await
    }
}

/// A results database.
#[derive(Debug, Clone)]
pub struct DatabaseHome {
    url: String,
    /// Opened to be read.
    store: Arc<dyn Store>,
    place: DataPlace,
}

impl DatabaseHome {
    /// The database at `url`, which `store` reads, and the data directory beside it.
    #[must_use]
    pub fn new(url: String, store: Arc<dyn Store>, place: DataPlace) -> Self {
        Self { url, store, place }
    }

    /// A job, with the reason why nobody works on it if its command was killed.
    async fn explained(&self, mut job: JobInfo) -> Result<JobInfo, Error> {
        if !job.state.is_final() && owners::is_abandoned(&self.place.dir, &self.store.owner(job.id).await?) {
            "its command was killed: the next `heavy run` or `heavy up` closes it"
                .clone_into(&mut job.reason);
        }
        Ok(job)
    }

    /// Opens the database to change it; one of an older version is migrated.
    async fn writable(&self) -> Result<Arc<dyn Store>, Error> {
        Ok(heavy_store::open(&self.url).await?)
    }
}

#[async_trait]
impl JobHome for DatabaseHome {
    async fn list(&self, limit: u32) -> Result<Vec<JobInfo>, Error> {
        let mut jobs = self.store.jobs(limit).await?;
        for job in &mut jobs {
            *job = self.explained(job.clone()).await?;
        }
        Ok(jobs)
    }

    async fn get(&self, job: &str) -> Result<JobView, Error> {
        let job = find_job(&*self.store, job).await?;
        let summary = self.store.summary(job.id).await?;
        let job = self.explained(job).await?;
        Ok(JobView { job, summary })
    }

    async fn log_lines(&self, job: &str, from: u64) -> Result<Vec<LoggedLine>, Error> {
        let job = find_job(&*self.store, job).await?;
        Ok(log_lines(&*self.store, job.id, from, LogQuery::LONGEST).await?)
    }

    async fn check(&self, job: &str, spec: &CheckSpec) -> Result<Checked, Error> {
        let job = find_job(&*self.store, job).await?;
        let thresholds = spec.thresholds_for(&job.spec).map_err(Error::Usage)?;
        Ok(heavy_store::judge(&*self.store, &job, thresholds).await?)
    }

    async fn delete(&self, job: &str) -> Result<JobInfo, Error> {
        let job = find_job(&*self.store, job).await?;
        let store = self.writable().await?;
        store.delete_jobs(&[job.id], Deletion::Everything).await?;
        Ok(job)
    }

    async fn prune(&self, prune: &Prune) -> Result<Pruned, Error> {
        let before_ns = wall_ns().saturating_sub(prune.older_than.ns());
        let what = Deletion::rows_only_if(prune.rows_only);
        let jobs = self.writable().await?.prune(before_ns, what).await?;
        Ok(Pruned { jobs })
    }

    async fn storage(&self) -> Result<StorageInfo, Error> {
        Ok(self.place.look(self.store.size().await?))
    }
}
