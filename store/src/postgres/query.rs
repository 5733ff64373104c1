//! People's queries, in a read-only transaction on a connection of their own.

use std::time::Duration;

use sqlx::postgres::{PgDatabaseError, PgErrorPosition, PgRow};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, Row, SqlSafeStr, Statement};

use super::database::PostgresStore;
use crate::{Dialect, Error, QueryResult, statement};

/// The settings hold for this transaction: a pooler may give its connection to others later.
const PREPARE: &str = "BEGIN READ ONLY; SET LOCAL statement_timeout = '60s'";
/// For how long an answer is waited for, longer than the server works on it.
const TIME_LIMIT: Duration = Duration::from_secs(70);

pub(super) async fn run(store: &PostgresStore, sql: &str, max_rows: usize) -> Result<QueryResult, Error> {
    let sql = statement::reading(sql, Dialect::Postgres).map_err(Error::Query)?;
    let mut connection = connect(store, PREPARE).await?;
    let answer = answer(&mut connection, sql, max_rows);
    let table = tokio::time::timeout(TIME_LIMIT, answer)
        .await
        .unwrap_or_else(|_| {
            let problem = format!("no answer within {} s", TIME_LIMIT.as_secs());
            Err(store.pool.sessions.unreachable(problem))
        });
    // Rows beyond the limit may still be on their way: they are not waited for.
    connection.close_hard().await?;
    table
}

/// A connection of its own, which a long statement may keep, after the statements `prepare`.
pub(super) async fn connect(store: &PostgresStore, prepare: &'static str) -> Result<PgConnection, Error> {
    let connecting = async {
        let mut connection = store.pool.sessions.first().await?;
        sqlx::raw_sql(prepare).execute(&mut connection).await?;
        Ok::<_, Error>(connection)
    };
    store.pool.within(TIME_LIMIT, connecting).await
}

async fn answer(connection: &mut PgConnection, sql: &str, max_rows: usize) -> Result<QueryResult, Error> {
    // Preparing refuses what is not exactly one statement.
    let prepared = connection
        .prepare(AssertSqlSafe(sql).into_sql_str())
        .await
        .map_err(|error| wrong(&error, sql))?;
    // The simple protocol returns every value as text.
    let rows = sqlx::raw_sql(AssertSqlSafe(sql)).fetch(&mut *connection);
    QueryResult::read(
        prepared.columns(),
        rows,
        max_rows,
        |row: &PgRow, column| row.try_get_unchecked(column),
        |error| wrong(error, sql),
    )
    .await
}

fn wrong(error: &sqlx::Error, sql: &str) -> Error {
    let Some(said) = error
        .as_database_error()
        .and_then(|said| said.try_downcast_ref::<PgDatabaseError>())
    else {
        return Error::Query(error.to_string());
    };
    let mut message = said.message().to_owned();
    if let Some(PgErrorPosition::Original(position)) = said.position() {
        let before: Vec<&str> = sql
            .char_indices()
            .nth(position.saturating_sub(1))
            .map_or(sql, |(at, _)| &sql[..at])
            .split('\n')
            .collect();
        let column = before.last().map_or(0, |line| line.chars().count()) + 1;
        message = format!("{message} (line {}, column {column})", before.len());
    }
    if let Some(hint) = said.hint() {
        message = format!("{message}; {hint}");
    }
    Error::Query(message)
}
