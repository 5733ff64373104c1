//! The schema's versions, and the refusal of those that this binary does not know.

use sqlx::AssertSqlSafe;
use sqlx::SqlSafeStr;
use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};

use crate::Error;

/// One version: its number, name and SQL.
pub(crate) type Version = (i64, &'static str, &'static str);

/// The files in `migrations/sqlite` and `migrations/postgres`, by their numbers: `SQLITE` and `POSTGRES`.
mod files {
    use super::Version;

    include!(concat!(env!("OUT_DIR"), "/migrations.rs"));
}
pub(crate) use files::{POSTGRES, SQLITE};

/// The newest version in a database, with the checksum of the SQL that made it.
pub(crate) type Found = (i64, Vec<u8>);

/// Reads [`Found`] from the migrator's table.
pub(crate) const FOUND: &str = "SELECT version, checksum FROM _sqlx_migrations ORDER BY version DESC LIMIT 1";

pub(crate) fn migrator(versions: &[Version]) -> Migrator {
    Migrator::with_migrations(versions.iter().map(migration).collect())
}

fn migration((version, name, sql): &Version) -> Migration {
    let sql = AssertSqlSafe(*sql).into_sql_str();
    Migration::new(*version, (*name).into(), MigrationType::Simple, sql, false)
}

/// The number of the last of `versions`, which are in order.
pub(crate) fn newest(versions: &[Version]) -> i64 {
    versions.last().map_or(0, |(version, ..)| *version)
}

/// Whether a database to write to needs no migration; `found` is the version of its schema, if it has one.
pub(crate) fn is_current(found: Option<Found>, versions: &[Version], shown: &str) -> Result<bool, Error> {
    let known = newest(versions);
    match found {
        Some((found, _)) if found > known => Err(Error::NewerSchema {
            url: shown.to_owned(),
            found,
            known,
        }),
        Some((found, checksum)) if found == known => same(&checksum, versions, shown).map(|()| true),
        _ => Ok(false),
    }
}

/// Whether a database of heavy can be read as it is; `found` is the version of its schema, if it has one.
pub(crate) fn readable(found: Option<Found>, versions: &[Version], shown: &str) -> Result<(), Error> {
    let known = newest(versions);
    let url = shown.to_owned();
    match found {
        Some((found, _)) if found > known => Err(Error::NewerSchema { url, found, known }),
        Some((found, _)) if found < known => Err(Error::OlderSchema { url, found, known }),
        Some((_, checksum)) => same(&checksum, versions, shown),
        None => Err(Error::NoResults {
            url,
            problem: "the database is empty or belongs to another program".to_owned(),
        }),
    }
}

/// Whether `checksum` is that of the last of `versions`: of two versions with one number, one was never released.
fn same(checksum: &[u8], versions: &[Version], shown: &str) -> Result<(), Error> {
    let last = versions.last().map(migration);
    if last.is_some_and(|last| *last.checksum == *checksum) {
        return Ok(());
    }
    Err(differs(newest(versions), shown))
}

fn differs(version: i64, shown: &str) -> Error {
    Error::Corrupt {
        what: format!("schema of {shown}"),
        problem: format!(
            "a development version made version {version}, which differs from that of this heavy; use another database"
        ),
    }
}

/// What a failed migration means; `shown` is the URL without its password.
pub(crate) fn error(error: MigrateError, shown: &str, known: i64) -> Error {
    match error {
        // A newer binary was faster than this one's look at the version.
        MigrateError::VersionMissing(found) => Error::NewerSchema {
            url: shown.to_owned(),
            found,
            known,
        },
        MigrateError::VersionMismatch(version) => differs(version, shown),
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => Error::Database(error),
        other => Error::Database(other.into()),
    }
}

/// A status as a database of schema version 3 holds it.
#[cfg(test)]
pub(crate) const BEFORE_PROTOCOLS: &str = "INSERT INTO status_counts (job_id, workflow, step, name, method, status, count) \
     VALUES ('00000000-0000-7000-8000-000000000001', 'w', '', 'GET /', 'GET', 200, 7); \
     INSERT INTO latency_buckets (job_id, workflow, step, name, method, upper_ms, count) \
     VALUES ('00000000-0000-7000-8000-000000000001', 'w', '', 'GET /', 'GET', 1.5, 7)";

/// The same in the schema of today.
#[cfg(test)]
pub(crate) const AFTER_PROTOCOLS: &str = "SELECT s.protocol, s.status, b.count FROM status_counts s \
    JOIN latency_buckets b USING (job_id, workflow, step, name, method, protocol)";
