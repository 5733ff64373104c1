//! Jobs and their results, each written as a whole.

use heavy_results::job::JobInfo;
use sqlx::SqliteConnection;
use uuid::Uuid;

use super::bind::{upsert, write};
use super::database::{SqliteStore, id};
use super::schedulers;
use crate::saved::Changes;
use crate::{Error, job_rows};

pub(super) async fn create(store: &SqliteStore, owner: &str, job: &JobInfo) -> Result<(), Error> {
    let row = job_rows::row(job)?;
    let mut transaction = store.begin().await?;
    schedulers::require(&mut transaction, store.fence).await?;
    let is_new = !exists(&mut transaction, job.id).await?;
    upsert(&mut transaction, &row).await?;
    schedulers::adopt(&mut transaction, store.fence, owner, job.id).await?;
    if is_new {
        // SQLite assigns the highest key again after its job was deleted, but other processes remember identities by keys.
        sqlx::query(
            "UPDATE job_rows SET key = 1 + (SELECT max(key) FROM deletions) \
             WHERE id = ? AND key <= (SELECT max(key) FROM deletions) AND id NOT IN (SELECT job_id FROM deletions)",
        )
        .bind(id(job.id))
        .execute(&mut *transaction)
        .await?;
    }
    transaction.commit().await?;
    Ok(())
}

/// Does nothing for a job that was deleted.
pub(super) async fn adopt(store: &SqliteStore, owner: &str, job: Uuid) -> Result<(), Error> {
    let mut transaction = store.begin().await?;
    schedulers::adopt(&mut transaction, store.fence, owner, job).await?;
    transaction.commit().await?;
    Ok(())
}

/// Does nothing for a job that was deleted.
pub(super) async fn update(store: &SqliteStore, job: &JobInfo) -> Result<(), Error> {
    let row = job_rows::row(job)?;
    let mut transaction = store.begin().await?;
    if keep(store, &mut transaction, job.id).await? {
        upsert(&mut transaction, &row).await?;
    }
    transaction.commit().await?;
    Ok(())
}

/// Does nothing for a job that was deleted meanwhile.
pub(super) async fn save(store: &SqliteStore, job: Uuid, changes: &Changes) -> Result<(), Error> {
    let mut transaction = store.begin().await?;
    if keep(store, &mut transaction, job).await? {
        write(&mut transaction, job, changes).await?;
    }
    transaction.commit().await?;
    Ok(())
}

/// Whether a job is there, and may be written.
async fn keep(store: &SqliteStore, connection: &mut SqliteConnection, job: Uuid) -> Result<bool, Error> {
    match store.fence {
        Some(fence) => schedulers::take(connection, fence, job).await,
        None => Ok(exists(connection, job).await?),
    }
}

pub(super) async fn exists(connection: &mut SqliteConnection, job: Uuid) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM job_rows WHERE id = ?)")
        .bind(id(job))
        .fetch_one(connection)
        .await
}
