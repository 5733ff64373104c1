//! Series and totals.

use heavy_results::aggregate::SeriesUpdate;
use heavy_results::summary::Summary;
use sqlx::AssertSqlSafe;
use uuid::Uuid;

use super::bind::upsert;
use super::database::PostgresStore;
use super::jobs;
use crate::saved::Changes;
use crate::{Error, documents};

pub(super) async fn save(
    store: &PostgresStore,
    job: Uuid,
    update: &SeriesUpdate,
    summary: Option<&Summary>,
) -> Result<(), Error> {
    let changes = Changes::new(job, update, summary)?;
    let mut transaction = store.pool.begin().await?;
    // Results of a job that was deleted meanwhile.
    if !jobs::keep(&mut transaction, job).await? {
        return Ok(());
    }
    for rowset in &changes.rows {
        upsert(&mut transaction, rowset).await?;
    }
    for rowset in &changes.totals {
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
