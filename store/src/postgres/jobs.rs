//! Jobs and their results, each written as a whole.

use heavy_results::job::JobInfo;
use sqlx::PgConnection;
use uuid::Uuid;

use super::bind::{upsert, write};
use super::database::PostgresStore;
use super::{partitions, schedulers};
use crate::saved::Changes;
use crate::{Error, job_rows};

pub(super) async fn create(store: &PostgresStore, owner: &str, job: &JobInfo) -> Result<(), Error> {
    partitions::ensure(&store.pool, job.id).await?;
    let row = job_rows::row(job)?;
    let mut transaction = store.pool.begin().await?;
    schedulers::require(&mut transaction, store.fence).await?;
    upsert(&mut transaction, &row).await?;
    schedulers::adopt(&mut transaction, store.fence, owner, job.id).await?;
    transaction.commit().await?;
    Ok(())
}

/// Does nothing for a job that was deleted.
pub(super) async fn adopt(store: &PostgresStore, owner: &str, job: Uuid) -> Result<(), Error> {
    let mut transaction = store.pool.begin().await?;
    schedulers::adopt(&mut transaction, store.fence, owner, job).await?;
    transaction.commit().await?;
    Ok(())
}

/// Does nothing for a job that was deleted.
pub(super) async fn update(store: &PostgresStore, job: &JobInfo) -> Result<(), Error> {
    let row = job_rows::row(job)?;
    let mut transaction = store.pool.begin().await?;
    if keep(store, &mut transaction, job.id).await? {
        upsert(&mut transaction, &row).await?;
    }
    transaction.commit().await?;
    Ok(())
}

/// Does nothing for a job that was deleted meanwhile.
pub(super) async fn save(store: &PostgresStore, job: Uuid, changes: &Changes) -> Result<(), Error> {
    let mut transaction = store.pool.begin().await?;
    if keep(store, &mut transaction, job).await? {
        write(&mut transaction, job, changes).await?;
    }
    transaction.commit().await?;
    Ok(())
}

/// Whether a job is there; if it is, it cannot be deleted or taken over until the transaction ends.
async fn keep(store: &PostgresStore, connection: &mut PgConnection, job: Uuid) -> Result<bool, Error> {
    if let Some(fence) = store.fence {
        return schedulers::take(connection, fence, job).await;
    }
    let found = sqlx::query("SELECT FROM job_rows WHERE id = $1 FOR KEY SHARE")
        .bind(job)
        .fetch_optional(connection)
        .await?;
    Ok(found.is_some())
}
