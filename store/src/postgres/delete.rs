//! Deletes jobs. Where all jobs of a day lose their rows, the day's partitions are dropped.

use std::collections::BTreeMap;
use std::time::Duration;

use sqlx::{AssertSqlSafe, PgConnection};
use uuid::Uuid;

use super::database::PostgresStore;
use super::{partitions, schedulers};
use crate::Error;
use crate::deletion::{Deletion, TABLES};

/// One statement may delete all rows of a job. What is not done by then, the next deletion does.
const LIMIT: Duration = Duration::from_mins(30);

pub(super) async fn jobs(store: &PostgresStore, jobs: &[Uuid], what: Deletion) -> Result<Vec<Uuid>, Error> {
    let forgetting = async {
        let mut transaction = store.pool.begin().await?;
        schedulers::require(&mut transaction, store.fence).await?;
        let deleted = forget(&mut transaction, jobs, what).await?;
        transaction.commit().await?;
        Ok::<_, Error>(deleted)
    };
    let deleted = store.pool.within(LIMIT, forgetting).await?;
    sweep(store).await?;
    Ok(deleted)
}

/// Notes the deletions and deletes all but the rows; returns the jobs that there are.
///
/// It locks the jobs, so that no producer of theirs can begin and no series can be saved, and their producers, so that
/// no batch is under way.
async fn forget(connection: &mut PgConnection, jobs: &[Uuid], what: Deletion) -> Result<Vec<Uuid>, Error> {
    let found: Vec<(Uuid, bool, String)> =
        sqlx::query_as("SELECT id, final, state FROM job_rows WHERE id = ANY ($1) ORDER BY id FOR UPDATE")
            .bind(jobs)
            .fetch_all(&mut *connection)
            .await?;
    if let Some((job, _, state)) = found.iter().find(|(_, is_final, _)| !is_final) {
        return Err(Error::Running {
            job: *job,
            state: state.clone(),
        });
    }
    let jobs: Vec<Uuid> = found.into_iter().map(|(job, ..)| job).collect();
    let producers: Vec<i64> =
        sqlx::query_scalar("SELECT id FROM producers WHERE job_id = ANY ($1) ORDER BY id FOR UPDATE")
            .bind(&jobs)
            .fetch_all(&mut *connection)
            .await?;
    sqlx::query(
        "INSERT INTO deletions (job_id, rows_only, swept) SELECT unnest($1::uuid[]), $2, false \
         ON CONFLICT (job_id) DO UPDATE SET rows_only = excluded.rows_only, swept = false",
    )
    .bind(&jobs)
    .bind(what == Deletion::RowsOnly)
    .execute(&mut *connection)
    .await?;
    if what == Deletion::Everything {
        sqlx::query("DELETE FROM stats_batches WHERE producer = ANY ($1)")
            .bind(&producers)
            .execute(&mut *connection)
            .await?;
        let of_job = TABLES.map(|table| (table, "job_id"));
        for (table, column) in of_job.into_iter().chain([("job_rows", "id")]) {
            sqlx::query(AssertSqlSafe(format!(
                "DELETE FROM {table} WHERE {column} = ANY ($1)"
            )))
            .bind(&jobs)
            .execute(&mut *connection)
            .await?;
        }
    }
    Ok(jobs)
}

/// Deletes the rows of all jobs that were noted, of earlier deletions too.
async fn sweep(store: &PostgresStore) -> Result<(), Error> {
    let noting = async {
        let mut reading = store.pool.reading().await?;
        let noted = sqlx::query_scalar("SELECT job_id FROM deletions WHERE NOT swept")
            .fetch_all(&mut *reading)
            .await;
        Ok::<_, Error>(reading.read(noted).await?)
    };
    let noted: Vec<Uuid> = store.pool.in_time(noting).await?;
    let mut days: BTreeMap<u64, Vec<Uuid>> = BTreeMap::new();
    for job in noted {
        days.entry(partitions::day(job)).or_default().push(job);
    }
    for (day, jobs) in days {
        let dropping = partitions::drop_if_unused(&store.pool, day);
        let dropped = store.pool.within(LIMIT, dropping).await?;
        let tables: &[&str] = if dropped { &[] } else { &partitions::TABLES };
        for job in jobs {
            store.pool.within(LIMIT, sweep_one(store, job, tables)).await?;
        }
    }
    Ok(())
}

/// Deletes a job's rows in these tables, and what is known of them.
async fn sweep_one(store: &PostgresStore, job: Uuid, tables: &[&str]) -> Result<(), Error> {
    let mut transaction = store.pool.begin().await?;
    for table in tables.iter().chain(&["identities"]) {
        sqlx::query(AssertSqlSafe(format!("DELETE FROM {table} WHERE job_id = $1")))
            .bind(job)
            .execute(&mut *transaction)
            .await?;
    }
    sqlx::query("UPDATE deletions SET swept = true WHERE job_id = $1")
        .bind(job)
        .execute(&mut *transaction)
        .await?;
    transaction.commit().await?;
    Ok(())
}
