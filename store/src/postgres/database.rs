//! The connections to one database, and what need not be looked up again.

use std::fmt;

use sqlx::PgPool;
use sqlx::postgres::PgConnectOptions;

use super::explain;
use super::known::KnownIdentities;
use crate::{DatabaseSize, Error};

pub(crate) struct PostgresStore {
    /// The URL without its password.
    pub(super) shown: String,
    pub(super) options: PgConnectOptions,
    pub(super) pool: PgPool,
    pub(super) identities: KnownIdentities,
}

// The options hold the password.
impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore")
            .field("url", &self.shown)
            .field("pool", &self.pool)
            .finish_non_exhaustive()
    }
}

impl PostgresStore {
    pub(super) async fn space(&self) -> Result<DatabaseSize, sqlx::Error> {
        let bytes: i64 = sqlx::query_scalar("SELECT pg_database_size(current_database())")
            .fetch_one(&self.pool)
            .await?;
        Ok(DatabaseSize {
            url: self.shown.clone(),
            bytes: bytes.unsigned_abs(),
        })
    }

    /// Adds the URL of the database to the error of a lost connection.
    pub(super) fn located<T>(&self, result: Result<T, impl Into<Error>>) -> Result<T, Error> {
        result.map_err(|error| match error.into() {
            Error::Database(
                error @ (sqlx::Error::Io(_)
                | sqlx::Error::PoolTimedOut
                | sqlx::Error::PoolClosed
                | sqlx::Error::Tls(_)),
            ) => Error::Unreachable {
                url: self.shown.clone(),
                problem: explain::connection(&error, &self.options),
            },
            other => other,
        })
    }
}
