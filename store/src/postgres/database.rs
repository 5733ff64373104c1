//! The connections to one database, and what need not be looked up again.

use std::sync::Arc;

use super::connections::{Connections, Transaction};
use super::explain;
use super::known::KnownIdentities;
use crate::{DatabaseSize, Error};

#[derive(Debug, Clone)]
pub(crate) struct PostgresStore {
    pub(super) pool: Arc<Connections>,
    pub(super) identities: Arc<KnownIdentities>,
    /// The epoch as which jobs are written; `None`: without a check.
    pub(super) fence: Option<u64>,
}

impl PostgresStore {
    /// A transaction that writes.
    pub(super) async fn begin(&self) -> Result<Transaction<'_>, Error> {
        self.pool.begin().await
    }

    /// A transaction that only reads.
    pub(super) async fn reading(&self) -> Result<Transaction<'_>, Error> {
        self.pool.reading().await
    }

    pub(super) async fn space(&self) -> Result<DatabaseSize, Error> {
        let mut reading = self.reading().await?;
        let bytes = sqlx::query_scalar("SELECT pg_database_size(current_database())")
            .fetch_one(&mut *reading)
            .await;
        let bytes: i64 = reading.read(bytes).await?;
        Ok(DatabaseSize {
            url: self.pool.sessions.shown.clone(),
            bytes: bytes.unsigned_abs(),
        })
    }

    /// Waits for `work` as long as it may take, and says clearly why it failed.
    pub(super) async fn in_time<T, E: Into<Error>>(
        &self,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, Error> {
        self.located(self.pool.in_time(work).await)
    }

    /// Adds the URL of the database to the error of a lost connection or a full disk.
    pub(super) fn located<T>(&self, result: Result<T, impl Into<Error>>) -> Result<T, Error> {
        let sessions = &self.pool.sessions;
        result.map_err(|error| match error.into() {
            Error::Database(error @ (sqlx::Error::Io(_) | sqlx::Error::Tls(_))) => {
                sessions.unreachable(explain::connection(&error, sessions.options()))
            }
            Error::Database(error) if explain::is_disk_full(&error) => Error::DiskFull {
                url: sessions.shown.clone(),
                problem: error.to_string(),
            },
            other => other,
        })
    }
}
