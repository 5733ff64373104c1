//! Raw rows, streamed by the simple protocol, which gives every value as text.

use std::borrow::Cow;

use futures::TryStreamExt;
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row};
use uuid::Uuid;

use super::database::PostgresStore;
use super::query;
use crate::Error;
use crate::export::{ExportField, ExportRelation, RowSink, ValueKind};

/// All rows as of one instant, however long it takes.
const PREPARE: &str = "SET statement_timeout = 0; BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY";

pub(super) async fn run(
    store: &PostgresStore,
    job: Uuid,
    raw: ExportRelation,
    sink: &mut dyn RowSink,
) -> Result<u64, Error> {
    let mut connection = query::connect(store, PREPARE).await?;
    let rows = stream(&mut connection, job, raw, sink).await;
    connection.close_hard().await?;
    rows
}

async fn stream(
    connection: &mut PgConnection,
    job: Uuid,
    raw: ExportRelation,
    sink: &mut dyn RowSink,
) -> Result<u64, Error> {
    let fields = raw.fields();
    let sql = AssertSqlSafe(raw.select(job, instant));
    let mut rows = sqlx::raw_sql(sql).fetch(connection);
    let mut count = 0;
    while let Some(row) = rows.try_next().await? {
        let values = fields
            .iter()
            .enumerate()
            .map(|(column, field)| value(&row, column, field))
            .collect::<Result<Vec<_>, _>>()?;
        sink.row(&values).map_err(Error::Output)?;
        count += 1;
    }
    Ok(count)
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
