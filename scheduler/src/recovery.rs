//! Jobs whose process is gone: closed by whoever uses its data directory next.

use heavy_process::owners::{self, OwnerDir, OwnerKind};
use heavy_results::job::{JobInfo, JobState};
use heavy_store::Store;
use uuid::Uuid;

use crate::env_files::EnvFiles;
use crate::job::orphan::conclude_orphan;
use crate::serve::Error;

/// Recovers what killed processes have left in the data directory of `own` that wrote to its database, as far as that takes no
/// agent: closes their jobs and removes their directories. One whose results are not delivered waits for a `heavy run` or
/// `heavy up`, which delivers them first. To be called when `own` has resumed the jobs of earlier schedulers.
///
/// # Errors
/// When the database does not answer, or the data directory cannot be used.
pub async fn recover(store: &dyn Store, own: &OwnerDir) -> Result<(), Error> {
    for gone in owners::abandoned(own.data_dir()) {
        let record = gone.record().clone();
        let (command, pid) = (&record.command, record.pid);
        if record.database != own.record().database {
            continue;
        }
        if !is_gone(store, &gone).await? {
            continue;
        }
        if gone.has_undelivered() {
            tracing::warn!(
                "`{command}` (process {pid}) was killed and has left results: the next `heavy run` or `heavy up` on this data \
                 directory delivers them and closes its job"
            );
            continue;
        }
        for job in close_jobs(store, &gone).await? {
            tracing::warn!(%job, "closed a job that `{command}` (process {pid}) left unfinished");
        }
        if let Err(error) = gone.remove() {
            tracing::warn!(%error, "cannot remove the directory that `{command}` (process {pid}) has left");
        }
    }
    Ok(())
}

/// Closes the jobs that an owner has left that [is gone](is_gone), with the results that are stored, and returns their ids. Queued jobs of a scheduler
/// stay: the next scheduler runs them.
///
/// # Errors
/// When the database does not answer, or the data directory cannot be used.
pub async fn close_jobs(store: &dyn Store, gone: &OwnerDir) -> Result<Vec<Uuid>, Error> {
    let env_files = EnvFiles::open(gone.data_dir()).await?;
    let mut closed = Vec::new();
    release_rows(store, gone).await?;
    for job in left_by(store, gone).await? {
        let (id, command) = (job.id, &gone.record().command);
        match store.adopt_job(&gone.record().name, id).await {
            // The database's scheduler has taken it over, and concludes it.
            Err(heavy_store::Error::OwnedByOther { .. }) => continue,
            adopted => adopted?,
        }
        env_files.forget(id).await;
        let reason = format!(
            "`{command}` ended unexpectedly while the job was {}",
            job.state.as_str()
        );
        conclude_orphan(store, job, reason).await;
        closed.push(id);
    }
    release_rows(store, gone).await?;
    Ok(closed)
}

/// Whether the process of a directory is gone for sure. A copy of a directory tells nothing about it: that process may live, and
/// whoever has its row in the database knows.
///
/// # Errors
/// When the database does not answer.
pub async fn is_gone(store: &dyn Store, left: &OwnerDir) -> Result<bool, Error> {
    let (name, holder) = (&left.record().name, left.holder());
    let rows = store.schedulers().scheduler_rows().await?;
    let mut own = rows.iter().filter(|row| row.claim.owner == *name);
    Ok(own.all(|row| row.released || row.claim.holder == holder))
}

/// Tells the database that the process of a directory is gone.
async fn release_rows(store: &dyn Store, gone: &OwnerDir) -> Result<(), Error> {
    let table = store.schedulers();
    for row in table.scheduler_rows().await? {
        if row.claim.owner == gone.record().name {
            table.release(row.epoch).await?;
        }
    }
    Ok(())
}

/// Whether an owner leaves no job that needs its directory.
///
/// # Errors
/// When the database does not answer.
pub async fn may_be_removed(store: &dyn Store, owner: &OwnerDir) -> Result<bool, Error> {
    Ok(left_by(store, owner).await?.is_empty())
}

async fn left_by(store: &dyn Store, owner: &OwnerDir) -> Result<Vec<JobInfo>, Error> {
    let record = owner.record();
    let mut left = Vec::new();
    for job in store.unfinished_jobs().await? {
        let resumed = record.kind == OwnerKind::Scheduler && job.state == JobState::Queued;
        if !resumed && store.owner(job.id).await? == record.name {
            left.push(job);
        }
    }
    Ok(left)
}
