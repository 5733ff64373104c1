//! Connects, says clearly why that cannot be done, migrates.

use std::sync::Arc;

use sqlx::Connection;

use super::connections::Connections;
use super::database::PostgresStore;
use super::migrate;
use super::session::Sessions;
use crate::Error;

/// Connects and migrates.
pub(crate) async fn store(url: &str) -> Result<PostgresStore, Error> {
    let sessions = Sessions::new(url, false)?;
    let mut connection = sessions.first().await?;
    migrate::migrate(&mut connection, &sessions.shown).await?;
    connection.close().await?;
    Ok(assemble(sessions))
}

/// Connects, and looks whether there is something to read, without writing anything now or later.
pub(crate) async fn to_read(url: &str) -> Result<PostgresStore, Error> {
    let sessions = Sessions::new(url, true)?;
    let mut connection = sessions.first().await?;
    migrate::readable(&mut connection, &sessions.shown).await?;
    connection.close().await?;
    Ok(assemble(sessions))
}

fn assemble(sessions: Sessions) -> PostgresStore {
    PostgresStore {
        pool: Arc::new(Connections::new(sessions)),
        identities: Arc::default(),
        fence: None,
    }
}
