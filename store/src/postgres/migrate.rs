//! Migrates under an advisory lock.

use sqlx::{Connection, PgConnection};

use crate::Error;
use crate::migrations::{self, Version};

const VERSIONS: &[Version] = &[
    (
        1,
        "results",
        include_str!("../../migrations/postgres/0001_results.sql"),
    ),
    (
        2,
        "totals",
        include_str!("../../migrations/postgres/0002_totals.sql"),
    ),
    (
        3,
        "views",
        include_str!("../../migrations/postgres/0003_views.sql"),
    ),
];

pub(super) async fn migrate(connection: &mut PgConnection, shown: &str) -> Result<(), Error> {
    let known = migrations::newest(VERSIONS);
    match found(connection).await? {
        Some(found) if found > known => Err(Error::NewerSchema {
            url: shown.to_owned(),
            found,
            known,
        }),
        Some(found) if found == known => Ok(()),
        // The migrator takes the lock and looks again.
        _ => migrations::migrator(VERSIONS)
            .run_direct(None, connection, false)
            .await
            .map_err(|error| migrations::error(error, shown, known)),
    }
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
