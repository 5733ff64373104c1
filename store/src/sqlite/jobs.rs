//! Jobs: written as a whole, read back from their JSON.

use heavy_results::job::JobInfo;

use super::SqliteStore;
use super::bind::upsert;
use crate::{Error, job_rows};

pub(super) async fn write(store: &SqliteStore, job: &JobInfo) -> Result<(), Error> {
    let row = job_rows::row(job)?;
    let mut writer = store.writer.lock().await;
    upsert(&mut writer.connection, &row).await?;
    Ok(())
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
