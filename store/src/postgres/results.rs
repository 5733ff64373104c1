//! Series and totals.

use heavy_results::aggregate::SeriesUpdate;
use heavy_results::summary::Summary;
use sqlx::AssertSqlSafe;
use uuid::Uuid;

use super::bind::upsert;
use super::database::PostgresStore;
use super::jobs;
use crate::{Error, documents, series, totals};

pub(super) async fn save(
    store: &PostgresStore,
    job: Uuid,
    update: &SeriesUpdate,
    summary: Option<&Summary>,
) -> Result<(), Error> {
    let series = series::rowsets(job, update);
    let totals = summary
        .map(|summary| totals::rowsets(job, summary))
        .unwrap_or_default();
    let document = summary
        .map(|summary| documents::summary(job, summary))
        .transpose()?;
    let mut transaction = store.pool.begin().await?;
    // Results of a job that was deleted meanwhile.
    if !jobs::keep(&mut transaction, job).await? {
        return Ok(());
    }
    for rowset in series.iter().chain(&document) {
        upsert(&mut transaction, rowset).await?;
    }
    for rowset in &totals {
        sqlx::query(AssertSqlSafe(format!(
            "DELETE FROM {} WHERE job_id = $1",
            rowset.table
        )))
        .bind(job)
        .execute(&mut *transaction)
        .await?;
        upsert(&mut transaction, rowset).await?;
    }
    transaction.commit().await?;
    Ok(())
}

pub(super) async fn summary(store: &PostgresStore, job: Uuid) -> Result<Option<Summary>, Error> {
    let document: Option<String> = sqlx::query_scalar("SELECT document FROM summaries WHERE job_id = $1")
        .bind(job)
        .fetch_optional(&store.pool)
        .await?;
    document
        .map(|document| documents::parse_summary(job, &document))
        .transpose()
}
