//! The connections to one file: one that writes, and some that read.

use std::ops::{Deref, DerefMut};
use std::path::Path;
use std::sync::Arc;

use sqlx::pool::PoolConnection;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use sqlx::{Sqlite, SqliteConnection, SqlitePool};
use tokio::sync::Mutex;
use uuid::Uuid;

use super::connect::primary_code;
use super::writer::{Transaction, Writer};
use crate::{DatabaseSize, Error};

const MOST_READERS: u32 = 4;
/// SQLite's code for a disk that is full.
const FULL: i32 = 13;

#[derive(Debug, Clone)]
pub(crate) struct SqliteStore {
    /// Of connections that only read.
    pub(super) reading: SqliteConnectOptions,
    pub(super) writer: Arc<Mutex<Writer>>,
    pub(super) readers: SqlitePool,
    /// The epoch as which jobs are written; `None`: without a check.
    pub(super) fence: Option<u64>,
}

impl SqliteStore {
    /// Connections that read are opened when they are needed.
    pub(super) fn new(reading: SqliteConnectOptions, writer: Writer) -> Self {
        let readers = SqlitePoolOptions::new()
            .max_connections(MOST_READERS)
            .connect_lazy_with(reading.clone());
        Self {
            reading,
            writer: Arc::new(Mutex::new(writer)),
            readers,
            fence: None,
        }
    }

    /// A transaction that writes, when no other of this process does.
    pub(super) async fn begin(&self) -> Result<Transaction<'_>, Error> {
        Transaction::begin(self.writer.lock().await).await
    }

    /// A connection that only reads.
    pub(super) async fn reading(&self) -> Result<Reading, sqlx::Error> {
        Ok(Reading(self.readers.acquire().await?))
    }

    pub(super) fn file(&self) -> &Path {
        self.reading.get_filename()
    }

    /// The file with those that SQLite keeps beside it.
    #[expect(clippy::unused_async, reason = "Postgres is asked")]
    pub(super) async fn space(&self) -> Result<DatabaseSize, Error> {
        let beside = ["", "-wal", "-shm"].map(|suffix| {
            let mut name = self.file().as_os_str().to_owned();
            name.push(suffix);
            std::fs::metadata(name).map_or(0, |metadata| metadata.len())
        });
        Ok(DatabaseSize {
            url: self.shown(),
            bytes: beside.iter().sum(),
        })
    }

    /// What is done on a file needs no time limit: it is never cut off as a connection is.
    pub(super) async fn in_time<T, E: Into<Error>>(
        &self,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, Error> {
        self.located(work.await)
    }

    /// Adds the URL of the database to the error of a full disk.
    pub(super) fn located<T>(&self, result: Result<T, impl Into<Error>>) -> Result<T, Error> {
        result.map_err(|error| match error.into() {
            Error::Database(error) if primary_code(&error) == Some(FULL) => {
                self.disk_full("the disk is full".to_owned())
            }
            other => other,
        })
    }

    pub(super) fn disk_full(&self, problem: String) -> Error {
        Error::DiskFull {
            url: self.shown(),
            problem,
        }
    }

    fn shown(&self) -> String {
        format!("sqlite://{}", self.file().display())
    }
}

/// A connection that only reads.
#[derive(Debug)]
pub(super) struct Reading(PoolConnection<Sqlite>);

impl Reading {
    /// Gives the connection back, and returns what was read.
    #[expect(clippy::unused_async, reason = "Postgres ends a transaction")]
    pub(super) async fn read<T>(self, result: Result<T, sqlx::Error>) -> Result<T, sqlx::Error> {
        result
    }
}

impl Deref for Reading {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        &self.0
    }
}

impl DerefMut for Reading {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        &mut self.0
    }
}

/// A job's id as the file holds it.
pub(super) fn id(job: Uuid) -> String {
    job.to_string()
}
