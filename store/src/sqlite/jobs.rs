//! Jobs: written as a whole, read back from their JSON.

use heavy_results::job::JobInfo;
use sqlx::{Connection, SqliteConnection};
use uuid::Uuid;

use super::bind::upsert;
use super::database::SqliteStore;
use crate::{Error, job_rows};

pub(super) async fn create(store: &SqliteStore, job: &JobInfo) -> Result<(), Error> {
    let row = job_rows::row(job)?;
    let mut writer = store.writer.lock().await;
    let mut transaction = writer.connection.begin_with("BEGIN IMMEDIATE").await?;
    upsert(&mut transaction, &row).await?;
    // SQLite gives the highest key again when its job was deleted, but other processes remember identities by keys.
    sqlx::query(
        "UPDATE job_rows SET key = 1 + (SELECT max(key) FROM deletions) \
         WHERE id = ? AND key <= (SELECT max(key) FROM deletions) AND id NOT IN (SELECT job_id FROM deletions)",
    )
    .bind(job.id.to_string())
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await?;
    Ok(())
}

/// Does nothing for a job that was deleted.
pub(super) async fn update(store: &SqliteStore, job: &JobInfo) -> Result<(), Error> {
    let row = job_rows::row(job)?;
    let mut writer = store.writer.lock().await;
    let mut transaction = writer.connection.begin_with("BEGIN IMMEDIATE").await?;
    if exists(&mut transaction, job.id).await? {
        upsert(&mut transaction, &row).await?;
    }
    transaction.commit().await?;
    Ok(())
}

/// Whether a job is there.
pub(super) async fn exists(connection: &mut SqliteConnection, job: Uuid) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM job_rows WHERE id = ?)")
        .bind(job.to_string())
        .fetch_one(connection)
        .await
}

fn parse(infos: &[String]) -> Result<Vec<JobInfo>, Error> {
    infos.iter().map(|info| job_rows::parse(info)).collect()
}

pub(super) async fn with_prefix(
    store: &SqliteStore,
    prefix: &str,
    limit: u32,
) -> Result<Vec<JobInfo>, Error> {
    let Some(pattern) = job_rows::pattern(prefix) else {
        return Ok(Vec::new());
    };
    let infos: Vec<String> = sqlx::query_scalar(
        "SELECT info FROM job_rows WHERE id LIKE ? ORDER BY submitted_wall_ns DESC, id DESC LIMIT ?",
    )
    .bind(pattern)
    .bind(limit)
    .fetch_all(&store.readers)
    .await?;
    parse(&infos)
}

pub(super) async fn newest(store: &SqliteStore, limit: u32) -> Result<Vec<JobInfo>, Error> {
    let infos: Vec<String> =
        sqlx::query_scalar("SELECT info FROM job_rows ORDER BY submitted_wall_ns DESC, id DESC LIMIT ?")
            .bind(limit)
            .fetch_all(&store.readers)
            .await?;
    parse(&infos)
}

pub(super) async fn unfinished(store: &SqliteStore) -> Result<Vec<JobInfo>, Error> {
    let infos: Vec<String> =
        sqlx::query_scalar("SELECT info FROM job_rows WHERE NOT final ORDER BY submitted_wall_ns, id")
            .fetch_all(&store.readers)
            .await?;
    parse(&infos)
}
