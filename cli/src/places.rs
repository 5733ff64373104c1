//! Where jobs are when no scheduler is named: everything on this machine that has some.
//!
//! That is the results database, the commands that use the data directory now, and the scheduler at the default address if it
//! answers. A named database or data directory leaves the last one out. What changes a running job goes to its owner: the
//! command that runs it.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use futures::future::join_all;
use futures::stream::FuturesUnordered;
use heavy_client::{ControlPlace, DEFAULT_SCHEDULER, Error, Homes, JobHome, Remote};
use heavy_process::owners::{self, OwnerKind, OwnerRecord};
use heavy_results::job::{JobInfo, JobView};
use heavy_store::{LAST, Store, find_among};
use tokio::time::timeout;
use uuid::Uuid;

use crate::data_location::DataLocation;
use crate::exit::CommandFailure;
use crate::output;

/// No more commands that write to other databases are asked.
const MOST_ASKED: usize = 64;
/// A database that has not answered by then is not waited for by whoever wants to stop a job.
const DATABASE_LIMIT: Duration = Duration::from_secs(1);

/// Everything on this machine that has jobs.
#[derive(Debug)]
pub(crate) struct Places {
    /// The results database first, if there is one, then the schedulers.
    pub(crate) homes: Homes,
    database: Option<Arc<dyn Store>>,
    schedulers: Vec<Remote>,
    /// The commands that use the data directory.
    owners: Vec<OwnerRecord>,
}

/// Who can do something about a job.
#[derive(Debug)]
pub(crate) enum JobOwner {
    /// The scheduler at this URL.
    Scheduler(String),
    /// Nobody on this machine, or nobody any more.
    Gone,
}

impl Places {
    /// Looks for everything that has jobs.
    ///
    /// # Errors
    /// When nothing has, and when the database cannot be read.
    pub(crate) async fn find(data: &DataLocation) -> Result<Self, CommandFailure> {
        let owners = owners::live(&data.data_dir()?);
        let name = heavy_store::database_name(&data.database_url()?)?;
        // The jobs of an owner that writes to the database are found there.
        let (here, others): (Vec<_>, Vec<_>) = owners.iter().partition(|owner| owner.database == name);
        let default = (!data.is_given()).then_some(DEFAULT_SCHEDULER);
        let others = others.iter().map(|owner| owner.url.as_str()).take(MOST_ASKED);
        let mut urls: Vec<&str> = Vec::new();
        for url in default.into_iter().chain(others) {
            if !urls.contains(&url) && !here.iter().any(|owner| owner.url == url) {
                urls.push(url);
            }
        }
        let mut schedulers = Vec::new();
        for url in urls {
            // One that does not answer has ended just now.
            schedulers.extend(Remote::connect(url).await.ok());
        }
        let database = match data.open().await {
            Ok(store) => Some(store),
            Err(failure) if schedulers.is_empty() => return Err(failure),
            Err(failure) => {
                if data.is_there() {
                    output::note(&format!("note: {failure}"));
                }
                None
            }
        };
        let mut homes: Vec<Arc<dyn JobHome>> = Vec::new();
        if let Some(store) = &database {
            homes.push(Arc::new(data.home_of(Arc::clone(store))?));
        }
        homes.extend(
            schedulers
                .iter()
                .map(|remote| Arc::new(remote.clone()) as Arc<dyn JobHome>),
        );
        Ok(Self {
            homes: Homes::new(homes),
            database,
            schedulers,
            owners,
        })
    }

    /// A job, and who can do something about it.
    pub(crate) async fn owner(&self, job: &str) -> Result<(JobView, JobOwner), CommandFailure> {
        let (place, view) = self.homes.find(job).await?;
        let owner = match (&self.database, place) {
            (Some(store), 0) => self.in_database(&**store, &view.job).await?,
            (database, place) => {
                let scheduler = &self.schedulers[place - usize::from(database.is_some())];
                JobOwner::Scheduler(scheduler.url().to_owned())
            }
        };
        Ok((view, owner))
    }

    async fn in_database(&self, store: &dyn Store, job: &JobInfo) -> Result<JobOwner, CommandFailure> {
        let name = store.owner(job.id).await?;
        if let Some(owner) = self.owners.iter().find(|owner| owner.name == name) {
            return Ok(JobOwner::Scheduler(owner.url.clone()));
        }
        // The default scheduler may write to this database from another data directory, also where that was not to be looked at.
        if OwnerKind::of(&name) == OwnerKind::Scheduler
            && !job.state.is_final()
            && let Ok(scheduler) = Remote::connect(DEFAULT_SCHEDULER).await
            && scheduler.get(&job.id.to_string()).await.is_ok()
        {
            return Ok(JobOwner::Scheduler(scheduler.url().to_owned()));
        }
        Ok(JobOwner::Gone)
    }
}

/// Every scheduler that may run jobs on this machine: the one at the default address, unless a data location was named, and the
/// commands that use the data directory.
pub(crate) fn schedulers(data: &DataLocation) -> Result<Vec<ControlPlace>, CommandFailure> {
    let owners = owners::live(&data.data_dir()?);
    let default = ControlPlace {
        name: format!("the scheduler at {DEFAULT_SCHEDULER}"),
        url: DEFAULT_SCHEDULER.to_owned(),
        is_there: false,
    };
    let is_default = !data.is_given() && owners.iter().all(|owner| owner.url != DEFAULT_SCHEDULER);
    let owners = owners.into_iter().map(|owner| ControlPlace {
        name: format!("`{}` (process {}) at {}", owner.command, owner.pid, owner.url),
        url: owner.url,
        is_there: true,
    });
    Ok(is_default.then_some(default).into_iter().chain(owners).collect())
}

/// The jobs that have not ended of every scheduler on this machine that answers, with its URL.
async fn all_in_memory(data: &DataLocation) -> Result<Vec<RunningJobs>, CommandFailure> {
    let places = schedulers(data)?;
    Ok(join_all(places.iter().map(ask))
        .await
        .into_iter()
        .flatten()
        .collect())
}

/// Jobs that have not ended, each with the URL of its scheduler.
type RunningJobs = Vec<(JobInfo, String)>;

async fn ask(place: &ControlPlace) -> Option<RunningJobs> {
    let running = Remote::connect(&place.url).await.ok()?.running().await.ok()?;
    Some(running.into_iter().map(|job| (job, place.url.clone())).collect())
}

/// The job of this id and its scheduler, as soon as that one has answered: others may hang.
async fn first_with(
    id: Uuid,
    asked: impl IntoIterator<Item = impl Future<Output = Option<RunningJobs>>>,
) -> Option<(Uuid, String)> {
    let mut asked: FuturesUnordered<_> = asked.into_iter().collect();
    while let Some(running) = asked.next().await {
        let mut running = running.into_iter().flatten();
        if let Some((_, url)) = running.find(|(job, _)| job.id == id) {
            return Some((id, url));
        }
    }
    None
}

/// The jobs that have not ended, newest first, as the schedulers on this machine have them in memory; `None` if none of these
/// answers.
pub(crate) async fn in_memory(data: &DataLocation) -> Result<Option<Vec<JobInfo>>, CommandFailure> {
    let all = all_in_memory(data).await?;
    let mut jobs: Vec<JobInfo> = all.iter().flatten().map(|(job, _)| job.clone()).collect();
    jobs.sort_by_key(|job| std::cmp::Reverse((job.submitted_at_wall_ns, job.id)));
    jobs.dedup_by_key(|job| job.id);
    Ok((!all.is_empty()).then_some(jobs))
}

/// A job that has not ended and the URL of its scheduler, if one on this machine has it in memory. The database is only asked
/// which job is the last one, and not for long.
///
/// # Errors
/// When several jobs are meant.
pub(crate) async fn running(
    data: &DataLocation,
    job: &str,
) -> Result<Option<(Uuid, String)>, CommandFailure> {
    if let Ok(id) = job.parse() {
        let places = schedulers(data)?;
        return Ok(first_with(id, places.iter().map(ask)).await);
    }
    let running = all_in_memory(data).await?.into_iter().flatten();
    if job != LAST {
        let known = running.map(|(job, url)| (job.id, (job.id, url)));
        return Ok(find_among(job, known)?);
    }
    let Some((newest, url)) = running.max_by_key(|(job, _)| (job.submitted_at_wall_ns, job.id)) else {
        return Ok(None);
    };
    let last = async { Places::find(data).await.ok()?.homes.find(LAST).await.ok() };
    match timeout(DATABASE_LIMIT, last).await {
        Ok(Some((_, view))) if view.job.id != newest.id => Ok(None),
        Ok(Some(_)) => Ok(Some((newest.id, url))),
        Ok(None) | Err(_) => {
            output::note(&format!(
                "note: the results database does not answer: taking the newest running job, {}, for the last one",
                newest.id
            ));
            Ok(Some((newest.id, url)))
        }
    }
}

/// The scheduler that takes jobs of others: the one at the default address, unless a data location was named; else the one that
/// uses the data directory.
pub(crate) async fn scheduler(data: &DataLocation) -> Result<Option<String>, CommandFailure> {
    if !data.is_given()
        && !matches!(
            Remote::connect(DEFAULT_SCHEDULER).await,
            Err(Error::Unreachable { .. })
        )
    {
        return Ok(Some(DEFAULT_SCHEDULER.to_owned()));
    }
    let mut owners = owners::live(&data.data_dir()?).into_iter();
    let own = owners.find(|owner| owner.kind == OwnerKind::Scheduler);
    Ok(own.map(|owner| owner.url))
}

#[cfg(test)]
mod tests {
    use std::future::{Ready, ready};

    use futures::future::{Either, pending};
    use heavy_results::job::{JobSpec, JobState};

    use super::*;

    fn job(id: Uuid) -> JobInfo {
        JobInfo {
            state: JobState::Running,
            planned: 1,
            asked_rate: 1.0,
            ..JobInfo::queued(
                id,
                JobSpec::new("a".repeat(64), "1".parse().unwrap(), "1s".parse().unwrap()),
                0,
            )
        }
    }

    #[tokio::test]
    async fn a_scheduler_that_hangs_keeps_nobody_from_the_job_of_another() {
        let (id, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let of = |id: Uuid, url: &str| -> Either<_, Ready<Option<RunningJobs>>> {
            Either::Right(ready(Some(vec![(job(id), url.to_owned())])))
        };
        let hanging = || Either::Left(pending());
        let found = first_with(
            id,
            [hanging(), of(other, "b"), of(id, "c"), Either::Right(ready(None))],
        );
        assert_eq!(found.await, Some((id, "c".to_owned())));
        assert_eq!(first_with(id, [of(other, "b")]).await, None);
    }
}
