//! Which relations and columns there are.

use super::database::SqliteStore;
use crate::Error;
use crate::relations::{Relation, grouped};

const COLUMNS: &str = "SELECT s.name, c.name, c.type FROM sqlite_schema s JOIN pragma_table_info(s.name) c \
                       WHERE s.type IN ('table', 'view') ORDER BY s.name, c.cid";

pub(super) async fn all(store: &SqliteStore) -> Result<Vec<Relation>, Error> {
    let mut reading = store.reading().await?;
    Ok(grouped(sqlx::query_as(COLUMNS).fetch_all(&mut *reading).await?))
}
