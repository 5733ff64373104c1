//! Partitions of raw rows: one for each day of job ids, so that old days can be dropped as a whole.

use heavy_load::date::civil_from_days;
use sqlx::AssertSqlSafe;
use uuid::Uuid;

use super::connections::Connections;
use crate::Error;

const MS_PER_DAY: u64 = 86_400_000;
pub(super) const TABLES: [&str; 2] = ["samples", "iteration_rows"];
const LOCK_NOT_AVAILABLE: &str = "55P03";
const DEADLOCK_DETECTED: &str = "40P01";
const UNDEFINED_TABLE: &str = "42P01";
/// Attempts to drop the partitions of a day, each of which waits for at most half a second per table.
const DROP_ATTEMPTS: u32 = 4;
/// The advisory lock of a transaction that creates partitions.
const LOCK: i64 = 0x6865_6176_795f_7061;

/// The first 48 bits of a UUIDv7 are ms since the Unix epoch.
pub(super) fn day(job: Uuid) -> u64 {
    (job.as_u128() >> 80) as u64 / MS_PER_DAY
}

/// The lowest id of a day, as SQL; `MAXVALUE` for a day after all ids.
fn bound(day: u64) -> String {
    let ms = u128::from(day * MS_PER_DAY);
    if ms >= 1 << 48 {
        return "MAXVALUE".to_owned();
    }
    format!("'{}'", Uuid::from_u128(ms << 80))
}

/// The partition of `table` that holds the job's rows.
pub(super) fn of(table: &str, job: Uuid) -> String {
    of_day(table, day(job))
}

fn of_day(table: &str, day: u64) -> String {
    let (year, month, day) = civil_from_days(day);
    format!("{table}_{year:04}{month:02}{day:02}")
}

/// The lowest and the highest id of a day.
fn ids(day: u64) -> [Uuid; 2] {
    let lowest = |day: u64| {
        Some(u128::from(day * MS_PER_DAY))
            .filter(|ms| *ms < 1 << 48)
            .map(|ms| ms << 80)
    };
    let first = lowest(day).unwrap_or(u128::MAX);
    let last = lowest(day + 1).map_or(u128::MAX, |next| next - 1);
    [first, last].map(Uuid::from_u128)
}

/// Creates the partitions of the job's day that are missing.
///
/// A table is created on its own and then attached: creating it as a partition would wait for readers of the parent.
pub(super) async fn ensure(pool: &Connections, job: Uuid) -> Result<(), Error> {
    if all_exist(pool, job).await? {
        return Ok(());
    }
    let mut transaction = pool.begin().await?;
    sqlx::query("SELECT pg_advisory_xact_lock($1)")
        .bind(LOCK)
        .execute(&mut *transaction)
        .await?;
    for table in TABLES {
        let partition = of(table, job);
        // Not by to_regclass: its answer may be cached from before another session made the table.
        let exists: bool = sqlx::query_scalar(
            "SELECT EXISTS (SELECT FROM pg_class WHERE relname = $1::text AND pg_table_is_visible(oid))",
        )
        .bind(&partition)
        .fetch_one(&mut *transaction)
        .await?;
        if exists {
            continue;
        }
        let (from, to) = (bound(day(job)), bound(day(job) + 1));
        let sql = format!(
            "CREATE TABLE {partition} (LIKE {table} INCLUDING DEFAULTS);
             ALTER TABLE {table} ATTACH PARTITION {partition} FOR VALUES FROM ({from}) TO ({to})"
        );
        sqlx::raw_sql(AssertSqlSafe(sql))
            .execute(&mut *transaction)
            .await?;
    }
    transaction.commit().await?;
    Ok(())
}

/// Drops the partitions of a day if no job of it keeps its rows. Returns whether it did.
///
/// A job that starts meanwhile finds its partitions gone and creates them again with its first rows. Dropping waits for
/// readers and writers of all days and they wait for it, so it gives up soon, also when another process drops the same day.
pub(super) async fn drop_if_unused(pool: &Connections, day: u64) -> Result<bool, Error> {
    for _ in 0..DROP_ATTEMPTS {
        match try_drop(pool, day).await {
            Err(Error::Database(error)) if is_in_the_way(&error) => {}
            dropped => return dropped,
        }
    }
    Ok(false)
}

async fn try_drop(pool: &Connections, day: u64) -> Result<bool, Error> {
    let [first, last] = ids(day);
    if !all_exist(pool, first).await? {
        return Ok(false);
    }
    let [samples, iterations] = TABLES.map(|table| of_day(table, day));
    // Shorter than the server's deadlock_timeout of 1 s: in a deadlock this transaction ends, not that of a batch.
    let lock = format!(
        "SET LOCAL lock_timeout = '500ms';
         LOCK TABLE ONLY samples, ONLY iteration_rows, {samples}, {iterations} IN ACCESS EXCLUSIVE MODE"
    );
    let mut transaction = pool.begin().await?;
    sqlx::raw_sql(AssertSqlSafe(lock))
        .execute(&mut *transaction)
        .await?;
    let unused: bool = sqlx::query_scalar(
        "SELECT NOT EXISTS (SELECT FROM job_rows j WHERE j.id BETWEEN $1 AND $2 \
         AND NOT EXISTS (SELECT FROM deletions d WHERE d.job_id = j.id))",
    )
    .bind(first)
    .bind(last)
    .fetch_one(&mut *transaction)
    .await?;
    if unused {
        let drop = format!("DROP TABLE {samples}, {iterations}");
        sqlx::raw_sql(AssertSqlSafe(drop))
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
    } else {
        transaction.leave().await;
    }
    Ok(unused)
}

/// Whether an error says that the partition of the rows is not there.
pub(super) fn is_missing(error: &sqlx::Error) -> bool {
    is_code(error, UNDEFINED_TABLE)
}

/// Whether another transaction holds or has dropped a table.
fn is_in_the_way(error: &sqlx::Error) -> bool {
    [LOCK_NOT_AVAILABLE, DEADLOCK_DETECTED, UNDEFINED_TABLE]
        .iter()
        .any(|code| is_code(error, code))
}

fn is_code(error: &sqlx::Error, code: &str) -> bool {
    error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code)
        .is_some_and(|found| found == code)
}

async fn all_exist(pool: &Connections, job: Uuid) -> Result<bool, Error> {
    let [samples, iterations] = TABLES.map(|table| of(table, job));
    let mut reading = pool.reading().await?;
    let found = sqlx::query_scalar("SELECT to_regclass($1) IS NOT NULL AND to_regclass($2) IS NOT NULL")
        .bind(samples)
        .bind(iterations)
        .fetch_one(&mut *reading)
        .await;
    Ok(reading.read(found).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_holds_its_ids_and_no_others() {
        let first = Uuid::from_u128(u128::from(20_778 * MS_PER_DAY) << 80);
        let last = Uuid::from_u128((u128::from(20_779 * MS_PER_DAY) << 80) - 1);
        for job in [first, last] {
            assert_eq!(of("samples", job), "samples_20261121");
            let id = format!("'{job}'");
            assert!(bound(day(job)) <= id && id < bound(day(job) + 1));
            assert_eq!(ids(day(job)), [first, last]);
        }
        assert_eq!(of("samples", Uuid::max()), "samples_108890802");
        assert_eq!(bound(day(Uuid::max()) + 1), "MAXVALUE");
        assert_eq!(ids(day(Uuid::max()))[1], Uuid::max());
    }

    #[tokio::test]
    async fn partitions_in_use_are_not_dropped() {
        let database = heavy_testkit::Postgres::shared().database();
        let store = super::super::open::store(database.url()).await.unwrap();
        let job = Uuid::now_v7();
        ensure(&store.pool, job).await.unwrap();
        let mut reader = store.pool.begin().await.unwrap();
        sqlx::query("SELECT count(*) FROM samples")
            .execute(&mut *reader)
            .await
            .unwrap();
        assert!(!drop_if_unused(&store.pool, day(job)).await.unwrap());
        reader.leave().await;
        assert!(drop_if_unused(&store.pool, day(job)).await.unwrap());
        assert!(
            !drop_if_unused(&store.pool, day(job)).await.unwrap(),
            "they are gone"
        );
    }
}
