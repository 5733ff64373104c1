//! Rows of the cluster.

use super::database::PostgresStore;

crate::joining::implement_cluster!(PostgresStore, sqlx::PgConnection);

/// Only one process at a time looks for an authority and adds one.
async fn lock_authorities(connection: &mut sqlx::PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query("LOCK TABLE authorities IN SHARE ROW EXCLUSIVE MODE")
        .execute(connection)
        .await
        .map(drop)
}
