//! Jobs: written as a whole, read back from their JSON.

use heavy_results::job::JobInfo;
use sqlx::PgConnection;
use uuid::Uuid;

use super::bind::upsert;
use super::database::PostgresStore;
use crate::{Error, job_rows};

pub(super) async fn create(store: &PostgresStore, job: &JobInfo) -> Result<(), Error> {
    let row = job_rows::row(job)?;
    let mut connection = store.pool.acquire().await?;
    upsert(&mut connection, &row).await?;
    Ok(())
}

/// Does nothing for a job that was deleted.
pub(super) async fn update(store: &PostgresStore, job: &JobInfo) -> Result<(), Error> {
    let row = job_rows::row(job)?;
    let mut transaction = store.pool.begin().await?;
    if keep(&mut transaction, job.id).await? {
        upsert(&mut transaction, &row).await?;
    }
    transaction.commit().await?;
    Ok(())
}

/// Whether a job is there; if it is, it cannot be deleted until the transaction ends.
pub(super) async fn keep(connection: &mut PgConnection, job: Uuid) -> Result<bool, sqlx::Error> {
    let found = sqlx::query("SELECT FROM job_rows WHERE id = $1 FOR KEY SHARE")
        .bind(job)
        .fetch_optional(connection)
        .await?;
    Ok(found.is_some())
}

fn parse(infos: &[String]) -> Result<Vec<JobInfo>, Error> {
    infos.iter().map(|info| job_rows::parse(info)).collect()
}

pub(super) async fn with_prefix(
    store: &PostgresStore,
    prefix: &str,
    limit: u32,
) -> Result<Vec<JobInfo>, Error> {
    let Some(pattern) = job_rows::pattern(prefix) else {
        return Ok(Vec::new());
    };
    let infos: Vec<String> = sqlx::query_scalar(
        "SELECT info FROM job_rows WHERE id::text LIKE $1 ORDER BY submitted_wall_ns DESC, id DESC LIMIT $2",
    )
    .bind(pattern)
    .bind(i64::from(limit))
    .fetch_all(&store.pool)
    .await?;
    parse(&infos)
}

pub(super) async fn newest(store: &PostgresStore, limit: u32) -> Result<Vec<JobInfo>, Error> {
    let infos: Vec<String> =
        sqlx::query_scalar("SELECT info FROM job_rows ORDER BY submitted_wall_ns DESC, id DESC LIMIT $1")
            .bind(i64::from(limit))
            .fetch_all(&store.pool)
            .await?;
    parse(&infos)
}

pub(super) async fn unfinished(store: &PostgresStore) -> Result<Vec<JobInfo>, Error> {
    let infos: Vec<String> =
        sqlx::query_scalar("SELECT info FROM job_rows WHERE NOT final ORDER BY submitted_wall_ns, id")
            .fetch_all(&store.pool)
            .await?;
    parse(&infos)
}
