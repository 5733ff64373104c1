//! The connections to one file: one that writes, and some that read.

use std::collections::HashMap;

use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use sqlx::{SqliteConnection, SqlitePool};
use tokio::sync::Mutex;
use uuid::Uuid;

use crate::identity::Identity;
use crate::{DatabaseSize, Error};

const MOST_READERS: u32 = 4;

/// The one connection that writes, and what it need not look up again.
#[derive(Debug)]
pub(super) struct WriteConnection {
    pub(super) connection: SqliteConnection,
    /// Ids of committed identities by job key.
    pub(super) identities: HashMap<(i64, Identity), i64>,
}

#[derive(Debug)]
pub(crate) struct SqliteStore {
    /// Of connections that only read.
    pub(super) reading: SqliteConnectOptions,
    pub(super) writer: Mutex<WriteConnection>,
    pub(super) readers: SqlitePool,
}

impl SqliteStore {
    /// `connection` writes; those that read are opened when they are needed.
    pub(super) fn new(reading: SqliteConnectOptions, connection: SqliteConnection) -> Self {
        let readers = SqlitePoolOptions::new()
            .max_connections(MOST_READERS)
            .connect_lazy_with(reading.clone());
        Self {
            reading,
            writer: Mutex::new(WriteConnection {
                connection,
                identities: HashMap::new(),
            }),
            readers,
        }
    }

    /// The file with those that SQLite keeps beside it.
    #[expect(clippy::unused_async, reason = "Postgres is asked")]
    pub(super) async fn space(&self) -> Result<DatabaseSize, Error> {
        let file = self.reading.get_filename().to_owned();
        let beside = ["", "-wal", "-shm"].map(|suffix| {
            let mut name = file.clone().into_os_string();
            name.push(suffix);
            std::fs::metadata(name).map_or(0, |metadata| metadata.len())
        });
        Ok(DatabaseSize {
            url: format!("sqlite://{}", file.display()),
            bytes: beside.iter().sum(),
        })
    }

    /// A file is never lost as a connection is: errors stay as they are.
    #[expect(clippy::unused_self, reason = "Postgres needs it")]
    pub(super) fn located<T>(&self, result: Result<T, impl Into<Error>>) -> Result<T, Error> {
        result.map_err(Into::into)
    }
}

/// A job's id as the file holds it.
pub(super) fn id(job: Uuid) -> String {
    job.to_string()
}
