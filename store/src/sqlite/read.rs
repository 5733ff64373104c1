//! Opens a file to read it, and leaves it as it is.

use std::io::ErrorKind;
use std::path::Path;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, SqliteConnection};

use super::connect::{BUSY_LIMIT, explain, primary_code};
use super::database::SqliteStore;
use super::migrate;
use super::writer::Writer;
use crate::Error;

/// Opens a file that is there, and looks whether there is something to read in it.
pub(crate) async fn store(path: &Path) -> Result<SqliteStore, Error> {
    let shown = format!("sqlite://{}", path.display());
    if !path.is_file() {
        let problem = if path.exists() {
            "not a regular file"
        } else {
            "no such file"
        };
        return Err(Error::NoResults {
            url: shown,
            problem: problem.to_owned(),
        });
    }
    let reading = SqliteConnectOptions::new()
        .filename(path)
        .busy_timeout(BUSY_LIMIT)
        .read_only(true)
        .pragma("query_only", "ON")
        .disable_statement_logging();
    let (reading, connection) = match look(&reading, &shown).await {
        Err(Error::Database(error)) if is_read_only(&error) && !has_log(path) => {
            // SQLite cannot create its log beside the file. There is no log to read, and none can appear.
            let fixed = reading.immutable(true);
            look(&fixed, &shown).await.map(|connection| (fixed, connection))
        }
        found => found.map(|connection| (reading, connection)),
    }
    .map_err(|error| match error {
        Error::Database(error) => Error::Unreachable {
            url: shown.clone(),
            problem: explain(&error),
        },
        other => other,
    })?;
    // The connection that writes is so only by name: SQLite refuses whatever it is asked to write.
    let writer = Writer::new(reading.clone(), connection);
    Ok(SqliteStore::new(reading, writer))
}

/// A connection, if there is something to read.
async fn look(reading: &SqliteConnectOptions, shown: &str) -> Result<SqliteConnection, Error> {
    let mut connection = reading.connect().await?;
    migrate::readable(&mut connection, shown).await?;
    Ok(connection)
}

/// Whether the file or its directory cannot be written to.
fn is_read_only(error: &sqlx::Error) -> bool {
    matches!(primary_code(error), Some(8 | 14))
}

/// Whether a write-ahead log holds what is not in the file yet.
fn has_log(path: &Path) -> bool {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    // One that cannot be looked at may hold something.
    std::fs::metadata(log).map_or_else(|error| error.kind() != ErrorKind::NotFound, |log| log.len() > 0)
}
