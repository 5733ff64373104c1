//! Raw rows, streamed from one statement.

use sqlx::{AssertSqlSafe, Connection};
use uuid::Uuid;

use super::database::SqliteStore;
use super::query::{QueryWatch, connect, text};
use crate::Error;
use crate::export::{ExportRelation, RowSink, pass_on};

/// Rows that are read ahead of what takes them.
const READ_AHEAD: usize = 1_024;

pub(super) async fn run(
    store: &SqliteStore,
    job: Uuid,
    raw: ExportRelation,
    sink: &mut dyn RowSink,
) -> Result<u64, Error> {
    let mut connection = connect(&store.reading.clone().row_buffer_size(READ_AHEAD)).await?;
    let _watch = QueryWatch::over(&mut connection, None).await?;
    // Instants are texts already.
    let sql = AssertSqlSafe(raw.select(job, str::to_owned));
    let rows = sqlx::query(sql).persistent(false).fetch(&mut connection);
    let count = pass_on(rows, raw.fields(), sink, |row, column, _| text(row, column)).await;
    connection.close_hard().await?;
    count
}
