//! Series and totals.

use heavy_results::aggregate::SeriesUpdate;
use heavy_results::summary::Summary;
use sqlx::{AssertSqlSafe, Connection};
use uuid::Uuid;

use super::bind::upsert;
use super::database::SqliteStore;
use super::jobs;
use crate::saved::Changes;
use crate::{Error, documents};

pub(super) async fn save(
    store: &SqliteStore,
    job: Uuid,
    update: &SeriesUpdate,
    summary: Option<&Summary>,
) -> Result<(), Error> {
    let changes = Changes::new(job, update, summary)?;
    let mut writer = store.writer.lock().await;
    let mut transaction = writer.connection.begin_with("BEGIN IMMEDIATE").await?;
    // Results of a job that was deleted meanwhile.
    if !jobs::exists(&mut transaction, job).await? {
        return Ok(());
    }
    for rowset in &changes.rows {
        upsert(&mut transaction, rowset).await?;
    }
    for rowset in &changes.totals {
        sqlx::query(AssertSqlSafe(format!(
            "DELETE FROM {} WHERE job_id = ?",
            rowset.table
        )))
        .bind(job.to_string())
        .execute(&mut *transaction)
        .await?;
        upsert(&mut transaction, rowset).await?;
    }
    transaction.commit().await?;
    Ok(())
}

pub(super) async fn summary(store: &SqliteStore, job: Uuid) -> Result<Option<Summary>, Error> {
    let document: Option<String> = sqlx::query_scalar("SELECT document FROM summaries WHERE job_id = ?")
        .bind(job.to_string())
        .fetch_optional(&store.readers)
        .await?;
    document
        .map(|document| documents::parse_summary(job, &document))
        .transpose()
}
