//! Rows of the cluster.

use super::database::SqliteStore;

crate::joining::implement_cluster!(SqliteStore, sqlx::SqliteConnection);

/// Only one transaction writes at a time.
#[expect(clippy::unused_async, reason = "Postgres locks the table")]
async fn lock_authorities(_: &mut sqlx::SqliteConnection) -> Result<(), sqlx::Error> {
    Ok(())
}
