//! Opens a file: makes it private, sets durability, migrates.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use sqlx::ConnectOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};

use super::connect::{BUSY_LIMIT, open_writer};
use super::database::SqliteStore;
use super::migrate;
use super::writer::Writer;
use crate::Error;

/// A write-ahead log that a long reader let grow is cut back to this.
const WAL_KEPT_BYTES: &str = "67108864";
/// Pages in the log at which it is written back.
const CHECKPOINT_PAGES: &str = "4000";
const CACHE_KIB: &str = "-32768";

/// Opens the file, creates it if it is not there (but not its directory), migrates it.
pub(crate) async fn store(path: &Path) -> Result<SqliteStore, Error> {
    let shown = format!("sqlite://{}", path.display());
    create(path).map_err(|problem| Error::Unreachable {
        url: shown.clone(),
        problem,
    })?;
    let options = SqliteConnectOptions::new()
        .filename(path)
        .busy_timeout(BUSY_LIMIT)
        .disable_statement_logging();
    let writing = writing(&options);
    let mut connection = open_writer(&writing).await?;
    migrate::migrate(&mut connection, &shown).await?;
    let reading = options.read_only(true).pragma("query_only", "ON");
    Ok(SqliteStore::new(reading, Writer::new(writing, connection)))
}

/// Results may hold secrets of the system under test: the file is its owner's alone.
fn create(path: &Path) -> Result<(), String> {
    let hint = "choose another path with --database";
    if path.is_dir() {
        return Err(format!("it is a directory: append the name of a file, or {hint}"));
    }
    // A path may be mistyped, so that no directory is made for it.
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    if let Some(parent) = parent.filter(|parent| !parent.is_dir()) {
        let shown = parent.display();
        return Err(if parent.exists() {
            format!("{shown} is not a directory; {hint}")
        } else {
            format!("the directory {shown} does not exist: create it, or {hint}")
        });
    }
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
        .map(drop)
        .map_err(|error| format!("cannot open the file for writing: {error}; {hint}"))
}

fn writing(options: &SqliteConnectOptions) -> SqliteConnectOptions {
    options
        .clone()
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .pragma("journal_size_limit", WAL_KEPT_BYTES)
        .pragma("wal_autocheckpoint", CHECKPOINT_PAGES)
        .pragma("cache_size", CACHE_KIB)
        // What a statement needs to be undone never waits for space on another disk.
        .pragma("temp_store", "MEMORY")
}
