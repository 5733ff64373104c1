//! Opens the connection that writes, and reads SQLite's result codes.

use std::time::Duration;

use sqlx::ConnectOptions;
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteConnectOptions;

use crate::Error;

/// How long a writer waits for another process's transaction.
pub(super) const BUSY_LIMIT: Duration = Duration::from_secs(10);
/// Tries to switch a fresh file to write-ahead logging, which SQLite does not wait for by itself.
const MOST_TRIES: u32 = 200;
const BETWEEN_TRIES: Duration = Duration::from_millis(25);

/// Opens the connection that writes.
pub(super) async fn open_writer(options: &SqliteConnectOptions) -> Result<SqliteConnection, Error> {
    let mut tries = 0;
    loop {
        let error = match options.connect().await {
            Ok(connection) => return Ok(connection),
            Err(error) => error,
        };
        tries += 1;
        if !is_busy(&error) || tries == MOST_TRIES {
            return Err(Error::Unreachable {
                url: format!("sqlite://{}", options.get_filename().display()),
                problem: explain(&error),
            });
        }
        tokio::time::sleep(BETWEEN_TRIES).await;
    }
}

/// SQLite's primary result code of an error.
pub(super) fn primary_code(error: &sqlx::Error) -> Option<i32> {
    let code: i32 = error.as_database_error()?.code()?.parse().ok()?;
    Some(code & 0xff)
}

/// Whether another connection is in the way for now.
fn is_busy(error: &sqlx::Error) -> bool {
    matches!(primary_code(error), Some(5 | 6))
}

pub(super) fn explain(error: &sqlx::Error) -> String {
    match primary_code(error) {
        Some(5 | 6) => {
            "another process holds its lock; wait for it to end, or choose another path".to_owned()
        }
        Some(8) => "it is read-only; make it writable, or choose another path with --database".to_owned(),
        Some(13) => "the disk is full; free some space, or choose another path with --database".to_owned(),
        Some(26) => "not a SQLite database; choose another path with --database".to_owned(),
        _ => error.to_string(),
    }
}
