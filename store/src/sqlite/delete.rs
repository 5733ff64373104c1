//! Deletes jobs: each in a transaction of its own, and rows in transactions of a bounded size, so that collectors commit
//! between them.

use sqlx::{AssertSqlSafe, SqliteConnection};
use uuid::Uuid;

use super::database::{SqliteStore, id};
use super::jobs::exists;
use super::schedulers;
use crate::Error;
use crate::deletion::{Deletion, TABLES};

/// Rows of one transaction: some tens of milliseconds.
const ROWS_AT_ONCE: i64 = 20_000;

pub(super) async fn jobs(store: &SqliteStore, jobs: &[Uuid], what: Deletion) -> Result<Vec<Uuid>, Error> {
    let found = ended(store, jobs).await?;
    let mut deleted = Vec::new();
    for (job, key) in found {
        let mut transaction = store.begin().await?;
        schedulers::require(&mut transaction, store.fence).await?;
        if exists(&mut transaction, job).await? {
            forget(&mut transaction, job, key, what).await?;
            deleted.push(job);
        }
        transaction.commit().await?;
    }
    sweep(store).await?;
    Ok(deleted)
}

/// The jobs that exist, with their keys. Fails if one of them has not ended; one that has ended stays so.
async fn ended(store: &SqliteStore, jobs: &[Uuid]) -> Result<Vec<(Uuid, i64)>, Error> {
    let mut found = Vec::new();
    let mut transaction = store.begin().await?;
    for job in jobs {
        let row: Option<(i64, bool, String)> =
            sqlx::query_as("SELECT key, final, state FROM job_rows WHERE id = ?")
                .bind(id(*job))
                .fetch_optional(&mut *transaction)
                .await?;
        match row {
            Some((key, true, _)) => found.push((*job, key)),
            Some((_, false, state)) => return Err(Error::Running { job: *job, state }),
            None => {}
        }
    }
    transaction.leave().await;
    Ok(found)
}

/// Notes the deletion and deletes all but the rows.
async fn forget(
    connection: &mut SqliteConnection,
    job: Uuid,
    key: i64,
    what: Deletion,
) -> Result<(), sqlx::Error> {
    let id = id(job);
    sqlx::query(
        "INSERT INTO deletions (job_id, key, rows_only, swept) VALUES (?, ?, ?, 0) \
         ON CONFLICT DO UPDATE SET rows_only = excluded.rows_only, swept = 0",
    )
    .bind(&id)
    .bind(key)
    .bind(what == Deletion::RowsOnly)
    .execute(&mut *connection)
    .await?;
    if what == Deletion::Everything {
        sqlx::query(
            "DELETE FROM stats_batches WHERE producer IN (SELECT id FROM producers WHERE job_id = ?)",
        )
        .bind(&id)
        .execute(&mut *connection)
        .await?;
        let of_job = TABLES.map(|table| (table, "job_id"));
        for (table, column) in of_job.into_iter().chain([("job_rows", "id")]) {
            sqlx::query(AssertSqlSafe(format!("DELETE FROM {table} WHERE {column} = ?")))
                .bind(&id)
                .execute(&mut *connection)
                .await?;
        }
    }
    Ok(())
}

/// Deletes the rows of all jobs that were noted, of earlier deletions too.
async fn sweep(store: &SqliteStore) -> Result<(), Error> {
    let noted: Vec<(String, i64)> = {
        let mut transaction = store.begin().await?;
        let noted = sqlx::query_as("SELECT job_id, key FROM deletions WHERE NOT swept")
            .fetch_all(&mut *transaction)
            .await?;
        transaction.leave().await;
        noted
    };
    for (job, key) in noted {
        for table in ["samples", "iteration_rows"] {
            while sweep_some(store, table, key).await? {}
        }
        let mut transaction = store.begin().await?;
        sqlx::query("DELETE FROM identities WHERE job = ?")
            .bind(key)
            .execute(&mut *transaction)
            .await?;
        sqlx::query("UPDATE deletions SET swept = 1 WHERE job_id = ?")
            .bind(job)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
    }
    Ok(())
}

/// Deletes some of a job's rows; whether there may be more.
async fn sweep_some(store: &SqliteStore, table: &str, key: i64) -> Result<bool, Error> {
    let mut transaction = store.begin().await?;
    let deleted = sqlx::query(AssertSqlSafe(format!(
        "DELETE FROM {table} WHERE id IN (SELECT id FROM {table} WHERE id >= ? AND id < ? LIMIT {ROWS_AT_ONCE})"
    )))
    .bind(key << 40)
    .bind((key + 1) << 40)
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await?;
    Ok(deleted.rows_affected() == ROWS_AT_ONCE as u64)
}
