//! People's queries, on a connection that cannot write.

use std::fmt::Write;
use std::time::Duration;

use futures::TryStreamExt;
use sqlx::sqlite::{SqliteConnectOptions, SqliteRow};
use sqlx::{
    AssertSqlSafe, Column, ConnectOptions, Connection, Executor, Row, SqlSafeStr, SqliteConnection,
    Statement, TypeInfo, ValueRef,
};

use super::SqliteStore;
use crate::{Error, Table, statement};

/// How long a query waits for another process.
const BUSY_LIMIT: Duration = Duration::from_secs(5);
/// As on Postgres.
const TIME_LIMIT: Duration = Duration::from_secs(60);

pub(super) async fn run(store: &SqliteStore, sql: &str, max_rows: usize) -> Result<Table, Error> {
    let sql = statement::only_reading(sql).map_err(Error::Query)?;
    let mut connection = SqliteConnectOptions::new()
        .filename(&store.path)
        .read_only(true)
        .pragma("query_only", "ON")
        .busy_timeout(BUSY_LIMIT)
        .disable_statement_logging()
        .connect()
        .await?;
    let deadline = std::time::Instant::now() + TIME_LIMIT;
    connection
        .lock_handle()
        .await?
        .set_progress_handler(100_000, move || std::time::Instant::now() < deadline);
    let table = answer(&mut connection, sql, max_rows).await;
    connection.close_hard().await?;
    table
}

async fn answer(connection: &mut SqliteConnection, sql: &str, max_rows: usize) -> Result<Table, Error> {
    let prepared = connection
        .prepare(AssertSqlSafe(sql).into_sql_str())
        .await
        .map_err(|error| wrong(&error))?;
    let mut table = Table {
        columns: prepared
            .columns()
            .iter()
            .map(|column| column.name().to_owned())
            .collect(),
        ..Table::default()
    };
    let mut rows = prepared.query().fetch(&mut *connection);
    while let Some(row) = rows.try_next().await.map_err(|error| wrong(&error))? {
        if table.rows.len() == max_rows {
            table.truncated = true;
            break;
        }
        let cells = (0..row.len())
            .map(|column| text(&row, column))
            .collect::<Result<_, _>>()?;
        table.rows.push(cells);
    }
    Ok(table)
}

fn wrong(error: &sqlx::Error) -> Error {
    let message = error
        .as_database_error()
        .map_or_else(|| error.to_string(), |error| error.message().to_owned());
    Error::Query(if message == "interrupted" {
        format!(
            "the query took longer than {} s and was ended",
            TIME_LIMIT.as_secs()
        )
    } else {
        message
    })
}

/// A value as Postgres would show it.
fn text(row: &SqliteRow, column: usize) -> Result<Option<String>, sqlx::Error> {
    let value = row.try_get_raw(column)?;
    if value.is_null() {
        return Ok(None);
    }
    let kind = value.type_info().name().to_owned();
    Ok(Some(match kind.as_str() {
        "INTEGER" => row.try_get_unchecked::<i64, _>(column)?.to_string(),
        "REAL" => row.try_get_unchecked::<f64, _>(column)?.to_string(),
        "BLOB" => hex(&row.try_get_unchecked::<Vec<u8>, _>(column)?),
        _ => String::from_utf8_lossy(&row.try_get_unchecked::<Vec<u8>, _>(column)?).into_owned(),
    }))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold("\\x".to_owned(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a String takes all text");
        text
    })
}
