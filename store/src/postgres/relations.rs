//! Which relations and columns there are.

use super::database::PostgresStore;
use crate::Error;
use crate::relations::{RELATIONS, Relation, grouped};

const COLUMNS: &str = "SELECT c.relname::text, a.attname::text, format_type(a.atttypid, a.atttypmod) \
                       FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid \
                       WHERE pg_table_is_visible(c.oid) AND c.relkind IN ('r', 'v', 'p') AND c.relname = ANY ($1) \
                       AND a.attnum > 0 AND NOT a.attisdropped ORDER BY c.relname, a.attnum";

pub(super) async fn all(store: &PostgresStore) -> Result<Vec<Relation>, Error> {
    let mut reading = store.pool.reading().await?;
    let columns = sqlx::query_as(COLUMNS)
        .bind(&RELATIONS[..])
        .fetch_all(&mut *reading)
        .await;
    Ok(grouped(reading.read(columns).await?))
}
