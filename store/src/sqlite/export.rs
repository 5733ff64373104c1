//! Raw rows, streamed from one statement.

use futures::TryStreamExt;
use sqlx::{AssertSqlSafe, Connection, SqliteConnection};
use uuid::Uuid;

use super::database::SqliteStore;
use super::query::{QueryWatch, connect, text};
use crate::Error;
use crate::export::{ExportRelation, RowSink};

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
    let rows = stream(&mut connection, job, raw, sink).await;
    connection.close_hard().await?;
    rows
}

async fn stream(
    connection: &mut SqliteConnection,
    job: Uuid,
    raw: ExportRelation,
    sink: &mut dyn RowSink,
) -> Result<u64, Error> {
    let width = raw.fields().len();
    // Instants are texts already.
    let sql = AssertSqlSafe(raw.select(job, str::to_owned));
    let mut rows = sqlx::query(sql).persistent(false).fetch(connection);
    let mut count = 0;
    while let Some(row) = rows.try_next().await? {
        let values = (0..width)
            .map(|column| text(&row, column))
            .collect::<Result<Vec<_>, _>>()?;
        sink.row(&values).map_err(Error::Output)?;
        count += 1;
    }
    Ok(count)
}
