//! Migrates under an advisory lock.

use sqlx::{Connection, PgConnection};

use crate::Error;
use crate::migrations::{self, Found, Version};

const VERSIONS: &[Version] = migrations::POSTGRES;

/// The advisory lock of the transaction that migrates.
const LOCK: i64 = 0x6865_6176_795f_6d69;

/// In one transaction, as a pooler may give the next one another connection.
pub(super) async fn migrate(connection: &mut PgConnection, shown: &str) -> Result<(), Error> {
    let mut transaction = connection.begin().await?;
    if !migrations::is_current(found(&mut transaction).await?, VERSIONS, shown)? {
        sqlx::query("SELECT pg_advisory_xact_lock($1)")
            .bind(LOCK)
            .execute(&mut *transaction)
            .await?;
        // The migrator looks again.
        migrations::migrator(VERSIONS)
            .set_locking(false)
            .run_direct(None, &mut *transaction, false)
            .await
            .map_err(|error| migrations::error(error, shown, migrations::newest(VERSIONS)))?;
    }
    end(transaction).await
}

/// Whether the schema is the one that this version reads. A table of versions alone says nothing: others have one too.
pub(super) async fn readable(connection: &mut PgConnection, shown: &str) -> Result<(), Error> {
    let mut transaction = connection.begin().await?;
    let is_ours: bool = sqlx::query_scalar("SELECT to_regclass('job_rows') IS NOT NULL")
        .fetch_one(&mut *transaction)
        .await?;
    let found = if is_ours {
        found(&mut transaction).await?
    } else {
        None
    };
    migrations::readable(found, VERSIONS, shown)?;
    end(transaction).await
}

/// Leaves no prepared statement on a connection that is a pooler's.
async fn end(mut transaction: sqlx::Transaction<'_, sqlx::Postgres>) -> Result<(), Error> {
    transaction.clear_cached_statements().await?;
    transaction.commit().await?;
    Ok(())
}

async fn found(connection: &mut PgConnection) -> Result<Option<Found>, sqlx::Error> {
    let has_versions: bool = sqlx::query_scalar("SELECT to_regclass('_sqlx_migrations') IS NOT NULL")
        .fetch_one(&mut *connection)
        .await?;
    if !has_versions {
        return Ok(None);
    }
    sqlx::query_as(migrations::FOUND).fetch_optional(connection).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn rows_from_before_protocols_are_of_http() {
        let database = heavy_testkit::Postgres::shared().database();
        let mut connection = PgConnection::connect(database.url()).await.unwrap();
        migrations::migrator(&VERSIONS[..3])
            .run_direct(None, &mut connection, false)
            .await
            .unwrap();
        sqlx::raw_sql(migrations::BEFORE_PROTOCOLS)
            .execute(&mut connection)
            .await
            .unwrap();
        migrate(&mut connection, "test").await.unwrap();
        let found: (String, i64, i64) = sqlx::query_as(migrations::AFTER_PROTOCOLS)
            .fetch_one(&mut connection)
            .await
            .unwrap();
        assert_eq!(found, ("http".to_owned(), 200, 7));
    }
}
