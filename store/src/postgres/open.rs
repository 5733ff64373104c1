//! Connects, says clearly why that cannot be done, migrates.

use std::str::FromStr;

use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{ConnectOptions, Connection, Executor, PgConnection};

use super::database::PostgresStore;
use super::explain::{self, CONNECT_LIMIT};
use super::{known, migrate};
use crate::{Error, address};

const MOST_CONNECTIONS: u32 = 8;

/// Connects and migrates.
pub(crate) async fn store(url: &str) -> Result<PostgresStore, Error> {
    let (shown, options) = read_url(url)?;
    let mut connection = connect(&shown, &options).await?;
    migrate::migrate(&mut connection, &shown).await?;
    connection.close().await?;
    let pool = pool().connect_lazy_with(options.clone());
    Ok(assemble(shown, options, pool))
}

/// Connects, and looks whether there is something to read, without writing anything now or later.
pub(crate) async fn to_read(url: &str) -> Result<PostgresStore, Error> {
    let (shown, options) = read_url(url)?;
    let mut connection = connect(&shown, &options).await?;
    migrate::readable(&mut connection, &shown).await?;
    connection.close().await?;
    let reading = pool().after_connect(|connection, _| {
        Box::pin(async move {
            connection
                .execute("SET default_transaction_read_only = on")
                .await?;
            Ok(())
        })
    });
    let pool = reading.connect_lazy_with(options.clone());
    Ok(assemble(shown, options, pool))
}

/// The URL without its password, and what it says.
fn read_url(url: &str) -> Result<(String, PgConnectOptions), Error> {
    let shown = address::shown(url);
    let options = PgConnectOptions::from_str(url)
        .map_err(|_| Error::Url { url: shown.clone() })?
        .application_name("heavy")
        .disable_statement_logging();
    Ok((shown, options))
}

fn pool() -> PgPoolOptions {
    PgPoolOptions::new()
        .max_connections(MOST_CONNECTIONS)
        .acquire_timeout(CONNECT_LIMIT)
}

fn assemble(shown: String, options: PgConnectOptions, pool: PgPool) -> PostgresStore {
    PostgresStore {
        shown,
        options,
        pool,
        identities: known::KnownIdentities::default(),
    }
}

async fn connect(shown: &str, options: &PgConnectOptions) -> Result<PgConnection, Error> {
    let unreachable = |problem| Error::Unreachable {
        url: shown.to_owned(),
        problem,
    };
    tokio::time::timeout(CONNECT_LIMIT, options.connect())
        .await
        .map_err(|_| {
            unreachable(format!(
                "no answer within {} s; check host, port and firewalls",
                CONNECT_LIMIT.as_secs()
            ))
        })?
        .map_err(|error| unreachable(explain::connection(&error, options)))
}
