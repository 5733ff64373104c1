//! Binds cells.

use sqlx::query::Query;
use sqlx::sqlite::SqliteArguments;
use sqlx::{AssertSqlSafe, Sqlite, SqliteConnection};

use crate::cell::{Cell, Rowset};

/// Binds one value.
pub(super) fn bind(
    query: Query<'static, Sqlite, SqliteArguments>,
    cell: Cell,
) -> Query<'static, Sqlite, SqliteArguments> {
    match cell {
        Cell::Id(id) => query.bind(id.to_string()),
        Cell::Text(text) => query.bind(text),
        Cell::OptText(text) => query.bind(text),
        Cell::Int(value) => query.bind(value),
        Cell::OptInt(value) => query.bind(value),
        Cell::Real(value) => query.bind(value),
        Cell::OptReal(value) => query.bind(value),
        Cell::Bool(value) => query.bind(value),
        Cell::Blob(bytes) => query.bind(bytes),
    }
}

/// Writes all rows; those that are there are replaced.
pub(super) async fn upsert(connection: &mut SqliteConnection, rowset: &Rowset) -> Result<(), sqlx::Error> {
    for group in rowset.groups() {
        let mut query = sqlx::query(AssertSqlSafe(rowset.upsert(group.len()))).persistent(group.len() == 1);
        for cell in group.iter().flatten() {
            query = bind(query, cell.clone());
        }
        query.execute(&mut *connection).await?;
    }
    Ok(())
}
