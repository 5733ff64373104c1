//! The one connection that writes, and the transactions on it.
//!
//! It is used again only after its transaction has ended well. SQLite ends a transaction by itself when the disk is full,
//! without telling, so that after a failure nobody knows what the connection is in: it is closed, and another is opened.

use std::collections::HashMap;
use std::ops::{Deref, DerefMut};

use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteConnectOptions;
use tokio::sync::MutexGuard;

use super::connect::open_writer;
use crate::Error;
use crate::identity::Identity;

#[derive(Debug)]
pub(super) struct Writer {
    options: SqliteConnectOptions,
    /// `None` after a transaction that did not end well, until the next begins.
    connection: Option<SqliteConnection>,
    /// Ids of committed identities by job key.
    pub(super) identities: HashMap<(i64, Identity), i64>,
}

impl Writer {
    /// A writer on an open connection; `options` open another.
    pub(super) fn new(options: SqliteConnectOptions, connection: SqliteConnection) -> Self {
        Self {
            options,
            connection: Some(connection),
            identities: HashMap::new(),
        }
    }

    /// The connection, opened anew if the last one was closed.
    pub(super) async fn connection(&mut self) -> Result<&mut SqliteConnection, Error> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => open_writer(&self.options).await?,
        };
        Ok(self.connection.insert(connection))
    }
}

/// A transaction that may write. Its connection is closed when this is dropped before it has ended.
#[derive(Debug)]
pub(super) struct Transaction<'a> {
    writer: MutexGuard<'a, Writer>,
    connection: Option<SqliteConnection>,
}

impl<'a> Transaction<'a> {
    pub(super) async fn begin(mut writer: MutexGuard<'a, Writer>) -> Result<Self, Error> {
        writer.connection().await?;
        let connection = writer.connection.take();
        let mut transaction = Self { writer, connection };
        run(&mut transaction, "BEGIN IMMEDIATE").await?;
        Ok(transaction)
    }

    /// Makes durable what was written, and the identities that it needs known to later ones.
    pub(super) async fn commit(self) -> Result<(), sqlx::Error> {
        self.end("COMMIT").await.map(drop)
    }

    /// As [`Self::commit`]; returns the writer, for what is to be remembered of it.
    pub(super) async fn commit_and_keep(self) -> Result<MutexGuard<'a, Writer>, sqlx::Error> {
        self.end("COMMIT").await
    }

    /// Ends a transaction that has changed nothing; its connection may be used again if that succeeds.
    pub(super) async fn leave(self) {
        if let Err(error) = self.end("ROLLBACK").await {
            tracing::debug!(%error, "a connection was closed");
        }
    }

    /// Ids of committed identities by job key, beside the connection.
    pub(super) fn parts(&mut self) -> (&mut SqliteConnection, &HashMap<(i64, Identity), i64>) {
        let connection = self.connection.as_mut().expect("only its end takes it");
        (connection, &self.writer.identities)
    }

    async fn end(mut self, sql: &'static str) -> Result<MutexGuard<'a, Writer>, sqlx::Error> {
        run(&mut self, sql).await?;
        self.writer.connection = self.connection.take();
        Ok(self.writer)
    }
}

async fn run(connection: &mut SqliteConnection, sql: &'static str) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(sql).execute(connection).await.map(drop)
}

impl Deref for Transaction<'_> {
    type Target = SqliteConnection;

    fn deref(&self) -> &SqliteConnection {
        self.connection.as_ref().expect("only its end takes it")
    }
}

impl DerefMut for Transaction<'_> {
    fn deref_mut(&mut self) -> &mut SqliteConnection {
        self.connection.as_mut().expect("only its end takes it")
    }
}
