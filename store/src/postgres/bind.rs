//! Binds cells.

use sqlx::postgres::PgArguments;
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, PgConnection, Postgres};

use crate::cell::{Cell, Rowset};

/// Binds one value.
fn bind(query: Query<'static, Postgres, PgArguments>, cell: Cell) -> Query<'static, Postgres, PgArguments> {
    match cell {
        Cell::Id(id) => query.bind(id),
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
pub(super) async fn upsert(connection: &mut PgConnection, rowset: &Rowset) -> Result<(), sqlx::Error> {
    for group in rowset.groups() {
        let mut query = sqlx::query(AssertSqlSafe(rowset.upsert(group.len()))).persistent(group.len() == 1);
        for cell in group.iter().flatten() {
            query = bind(query, cell.clone());
        }
        query.execute(&mut *connection).await?;
    }
    Ok(())
}
