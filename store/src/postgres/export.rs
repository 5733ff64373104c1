//! Raw rows, streamed by the simple protocol, which returns every value as text.

use std::borrow::Cow;

use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, Connection, Row};
use uuid::Uuid;

use super::database::PostgresStore;
use super::query;
use crate::Error;
use crate::export::{ExportField, ExportRelation, RowSink, ValueKind, pass_on};

/// All rows as of one instant, however long it takes.
const PREPARE: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY; SET LOCAL statement_timeout = 0";

pub(super) async fn run(
    store: &PostgresStore,
    job: Uuid,
    raw: ExportRelation,
    sink: &mut dyn RowSink,
) -> Result<u64, Error> {
    let mut connection = query::connect(store, PREPARE).await?;
    let sql = AssertSqlSafe(raw.select(job, instant));
    let rows = sqlx::raw_sql(sql).fetch(&mut connection);
    let count = pass_on(rows, raw.fields(), sink, value).await;
    connection.close_hard().await?;
    count
}

/// As SQLite writes it.
fn instant(column: &str) -> String {
    format!("to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')")
}

fn value<'a>(
    row: &'a PgRow,
    column: usize,
    field: &ExportField,
) -> Result<Option<Cow<'a, str>>, sqlx::Error> {
    let text: Option<&str> = row.try_get_unchecked(column)?;
    Ok(text.map(|text| match field.kind {
        // 1e-05 and 0.00001 are the same number; both databases give the second form.
        ValueKind::Number if text.contains('e') => text
            .parse::<f64>()
            .map_or(Cow::Borrowed(text), |number| Cow::Owned(number.to_string())),
        _ => Cow::Borrowed(text),
    }))
}
