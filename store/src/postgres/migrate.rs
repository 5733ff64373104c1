//! Migrates under an advisory lock.

use sqlx::{Connection, PgConnection};

use crate::Error;
use crate::migrations::{self, Version};

const VERSIONS: &[Version] = migrations::POSTGRES;

pub(super) async fn migrate(connection: &mut PgConnection, shown: &str) -> Result<(), Error> {
    let known = migrations::newest(VERSIONS);
    if migrations::is_current(found(connection).await?, known, shown)? {
        return Ok(());
    }
    // The migrator takes the lock and looks again.
    migrations::migrator(VERSIONS)
        .run_direct(None, connection, false)
        .await
        .map_err(|error| migrations::error(error, shown, known))
}

/// Whether the schema is the one that this version reads. A table of versions alone says nothing: others have one too.
pub(super) async fn readable(connection: &mut PgConnection, shown: &str) -> Result<(), Error> {
    let is_ours: bool = sqlx::query_scalar("SELECT to_regclass('job_rows') IS NOT NULL")
        .fetch_one(&mut *connection)
        .await?;
    let found = if is_ours { found(connection).await? } else { None };
    migrations::readable(found, migrations::newest(VERSIONS), shown)
}

async fn found(connection: &mut PgConnection) -> Result<Option<i64>, sqlx::Error> {
    let mut transaction = connection.begin().await?;
    let has_versions: bool = sqlx::query_scalar("SELECT to_regclass('_sqlx_migrations') IS NOT NULL")
        .fetch_one(&mut *transaction)
        .await?;
    if !has_versions {
        return Ok(None);
    }
    sqlx::query_scalar("SELECT max(version) FROM _sqlx_migrations")
        .fetch_one(&mut *transaction)
        .await
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
