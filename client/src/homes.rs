//! Several homes of jobs as one.

use std::collections::HashSet;
use std::sync::Arc;

use async_trait::async_trait;
use heavy_api::document::{Prune, Pruned, StorageInfo};
use heavy_api::error::ApiErrorKind;
use heavy_results::job::{CheckSpec, Checked, JobInfo, JobView, LoggedLine};
use heavy_store::{FindError, LAST};

use super::{Error, JobHome};

/// Homes that are asked for a job one after the other. A job that several have is the first one's; a home that does not
/// answer has none.
#[derive(Debug)]
pub struct Homes(Vec<Arc<dyn JobHome>>);

impl Homes {
    /// These homes, in their order.
    #[must_use]
    pub fn new(homes: Vec<Arc<dyn JobHome>>) -> Self {
        Self(homes)
    }

    /// A job, and the number of its home.
    ///
    /// # Errors
    /// When no job or more than one is meant, and when a home fails.
    pub async fn find(&self, job: &str) -> Result<(usize, JobView), Error> {
        let mut found: Vec<(usize, JobView)> = Vec::new();
        let mut unknown = Error::Find(FindError::NoJobs);
        for (place, home) in self.0.iter().enumerate() {
            match home.get(job).await {
                Ok(view) if found.iter().any(|(_, other)| other.job.id == view.job.id) => {}
                Ok(view) => found.push((place, view)),
                Err(Error::Find(FindError::NoJobs) | Error::Unreachable { .. }) => {}
                Err(error) if is_unknown(&error) => unknown = error,
                Err(error) => return Err(error),
            }
        }
        if job == LAST {
            let last = found.into_iter().max_by_key(|(_, view)| age(&view.job));
            return last.ok_or(unknown);
        }
        if found.len() > 1 {
            return Err(Error::Find(FindError::Ambiguous {
                prefix: job.to_owned(),
                ids: found.iter().map(|(_, view)| view.job.id.to_string()).collect(),
            }));
        }
        found.pop().ok_or(unknown)
    }

    async fn home(&self, job: &str) -> Result<(&dyn JobHome, String), Error> {
        let (place, view) = self.find(job).await?;
        Ok((&*self.0[place], view.job.id.to_string()))
    }
}

#[async_trait]
impl JobHome for Homes {
    async fn list(&self, limit: u32) -> Result<Vec<JobInfo>, Error> {
        let mut jobs = Vec::new();
        let mut seen = HashSet::new();
        for home in &self.0 {
            match home.list(limit).await {
                Ok(listed) => jobs.extend(listed.into_iter().filter(|job| seen.insert(job.id))),
                Err(Error::Unreachable { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        jobs.sort_by_key(|job| std::cmp::Reverse(age(job)));
        jobs.truncate(limit as usize);
        Ok(jobs)
    }

    async fn get(&self, job: &str) -> Result<JobView, Error> {
        Ok(self.find(job).await?.1)
    }

    async fn log_lines(&self, job: &str, from: u64) -> Result<Vec<LoggedLine>, Error> {
        let (home, id) = self.home(job).await?;
        home.log_lines(&id, from).await
    }

    async fn check(&self, job: &str, spec: &CheckSpec) -> Result<Checked, Error> {
        let (home, id) = self.home(job).await?;
        home.check(&id, spec).await
    }

    async fn delete(&self, job: &str) -> Result<JobInfo, Error> {
        let (home, id) = self.home(job).await?;
        home.delete(&id).await
    }

    async fn prune(&self, prune: &Prune) -> Result<Pruned, Error> {
        let mut jobs = Vec::new();
        for home in &self.0 {
            jobs.extend(home.prune(prune).await?.jobs);
        }
        Ok(Pruned { jobs })
    }

    async fn storage(&self) -> Result<StorageInfo, Error> {
        let mut away = Error::Find(FindError::NoJobs);
        for home in &self.0 {
            match home.storage().await {
                Err(error @ Error::Unreachable { .. }) => away = error,
                answered => return answered,
            }
        }
        Err(away)
    }
}

/// By which jobs are sorted, as everywhere.
const fn age(job: &JobInfo) -> (u64, u128) {
    (job.submitted_at_wall_ns, job.id.as_u128())
}

const fn is_unknown(error: &Error) -> bool {
    matches!(
        error,
        Error::Find(FindError::Unknown(_) | FindError::NoJobs)
            | Error::Refused {
                kind: Some(ApiErrorKind::NoSuchJob),
                ..
            }
    )
}
