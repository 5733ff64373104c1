//! Migrates a file in one transaction that holds the write lock, so that two processes may open it at once.

use sqlx::{Connection, SqliteConnection};

use crate::Error;
use crate::migrations::{self, Found, Version};

const VERSIONS: &[Version] = migrations::SQLITE;

pub(super) async fn migrate(connection: &mut SqliteConnection, shown: &str) -> Result<(), Error> {
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    if migrations::is_current(found(&mut transaction).await?, VERSIONS, shown)? {
        return Ok(());
    }
    migrations::migrator(VERSIONS)
        .run_direct(None, &mut *transaction, false)
        .await
        .map_err(|error| migrations::error(error, shown, migrations::newest(VERSIONS)))?;
    transaction.commit().await?;
    Ok(())
}

/// Whether the schema is the one that this version reads. A table of versions alone says nothing: others have one too.
pub(super) async fn readable(connection: &mut SqliteConnection, shown: &str) -> Result<(), Error> {
    let found = if exists(connection, "job_rows").await? {
        found(connection).await?
    } else {
        None
    };
    migrations::readable(found, VERSIONS, shown)
}

async fn found(connection: &mut SqliteConnection) -> Result<Option<Found>, sqlx::Error> {
    if !exists(connection, "_sqlx_migrations").await? {
        return Ok(None);
    }
    sqlx::query_as(migrations::FOUND).fetch_optional(connection).await
}

async fn exists(connection: &mut SqliteConnection, table: &str) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = ?)")
        .bind(table)
        .fetch_one(connection)
        .await
}

#[cfg(test)]
mod tests {
    use sqlx::ConnectOptions;
    use sqlx::sqlite::SqliteConnectOptions;

    use super::*;

    #[tokio::test]
    async fn rows_from_before_protocols_are_of_http() {
        let mut connection = SqliteConnectOptions::new().connect().await.unwrap();
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

    #[tokio::test]
    async fn a_schema_of_this_number_but_of_other_sql_is_refused() {
        let mut connection = SqliteConnectOptions::new().connect().await.unwrap();
        migrate(&mut connection, "test").await.unwrap();
        readable(&mut connection, "test").await.unwrap();
        sqlx::raw_sql("UPDATE _sqlx_migrations SET checksum = x'00' WHERE version = (SELECT max(version) FROM _sqlx_migrations)")
            .execute(&mut connection)
            .await
            .unwrap();
        for refused in [
            migrate(&mut connection, "test").await,
            readable(&mut connection, "test").await,
        ] {
            let says = refused.unwrap_err().to_string();
            assert!(says.contains("a development version"), "{says}");
        }
    }
}
