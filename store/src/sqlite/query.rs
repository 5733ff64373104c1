//! People's queries, on a connection that cannot write.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteRow};
use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, Executor, Row, SqlSafeStr, SqliteConnection, Statement,
    TypeInfo, ValueRef,
};

use super::database::SqliteStore;
use crate::{Dialect, Error, QueryResult, statement};

/// How long a query waits for another process.
const BUSY_LIMIT: Duration = Duration::from_secs(5);
/// As on Postgres.
const TIME_LIMIT: Duration = Duration::from_secs(60);

pub(super) async fn run(store: &SqliteStore, sql: &str, max_rows: usize) -> Result<QueryResult, Error> {
    let sql = statement::reading(sql, Dialect::Sqlite).map_err(Error::Query)?;
    let mut connection = connect(&store.reading).await?;
    let _watch = QueryWatch::over(&mut connection, Some(TIME_LIMIT)).await?;
    let table = answer(&mut connection, sql, max_rows).await;
    connection.close_hard().await?;
    table
}

/// A connection of its own, which a long statement may keep.
pub(super) async fn connect(reading: &SqliteConnectOptions) -> Result<SqliteConnection, sqlx::Error> {
    reading.clone().busy_timeout(BUSY_LIMIT).connect().await
}

/// Interrupts the statement of a connection when this is dropped, because its caller no longer waits.
#[derive(Debug)]
pub(super) struct QueryWatch {
    left: Arc<AtomicBool>,
}

impl QueryWatch {
    /// Watches over a connection; with a limit, it also interrupts a statement that takes longer.
    pub(super) async fn over(
        connection: &mut SqliteConnection,
        limit: Option<Duration>,
    ) -> Result<Self, sqlx::Error> {
        let left = Arc::new(AtomicBool::new(false));
        let was_left = left.clone();
        let deadline = limit.map(|limit| std::time::Instant::now() + limit);
        let goes_on = move || {
            !was_left.load(Ordering::Relaxed)
                && deadline.is_none_or(|deadline| std::time::Instant::now() < deadline)
        };
        connection
            .lock_handle()
            .await?
            .set_progress_handler(100_000, goes_on);
        Ok(Self { left })
    }
}

impl Drop for QueryWatch {
    fn drop(&mut self) {
        self.left.store(true, Ordering::Relaxed);
    }
}

async fn answer(connection: &mut SqliteConnection, sql: &str, max_rows: usize) -> Result<QueryResult, Error> {
    let prepared = connection
        .prepare(AssertSqlSafe(sql).into_sql_str())
        .await
        .map_err(|error| wrong(&error))?;
    let rows = prepared.query().fetch(&mut *connection);
    let text = |row: &SqliteRow, column| Ok(text(row, column)?.map(Cow::into_owned));
    QueryResult::read(prepared.columns(), rows, max_rows, text, wrong).await
}

fn wrong(error: &sqlx::Error) -> Error {
    let message = error
        .as_database_error()
        .map_or_else(|| error.to_string(), |error| error.message().to_owned());
    Error::Query(if message == "interrupted" {
        format!("the query timed out after {} s", TIME_LIMIT.as_secs())
    } else {
        message
    })
}

/// A value as Postgres would show it.
pub(super) fn text(row: &SqliteRow, column: usize) -> Result<Option<Cow<'_, str>>, sqlx::Error> {
    let value = row.try_get_raw(column)?;
    if value.is_null() {
        return Ok(None);
    }
    let kind = value.type_info();
    Ok(Some(match kind.name() {
        "INTEGER" => row.try_get_unchecked::<i64, _>(column)?.to_string().into(),
        "REAL" => row.try_get_unchecked::<f64, _>(column)?.to_string().into(),
        "BLOB" => format!("\\x{}", hex::encode(row.try_get_unchecked::<&[u8], _>(column)?)).into(),
        _ => String::from_utf8_lossy(row.try_get_unchecked::<&[u8], _>(column)?),
    }))
}
