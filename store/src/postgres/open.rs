//! Connects, says clearly why that cannot be done, migrates.

use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{ConnectOptions, Connection, Executor, PgConnection};

use super::{PostgresStore, known, migrate};
use crate::{Error, address};

const MOST_CONNECTIONS: u32 = 8;
/// How long a call waits for a connection before it says that there is none.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);

pub(super) async fn store(url: &str) -> Result<PostgresStore, Error> {
    let (shown, options) = read_url(url)?;
    let mut connection = connect(&shown, &options).await?;
    migrate::migrate(&mut connection, &shown).await?;
    connection.close().await?;
    let pool = pool().connect_lazy_with(options.clone());
    Ok(assemble(shown, options, pool))
}

/// As [`store`], without writing anything now or later.
pub(super) async fn to_read(url: &str) -> Result<PostgresStore, Error> {
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
        identities: known::Identities::default(),
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
                "no answer within {} s; check host and port, and whether a firewall is between",
                CONNECT_LIMIT.as_secs()
            ))
        })?
        .map_err(|error| unreachable(explain(&error, options)))
}

/// What is wrong, and what to do.
pub(super) fn explain(error: &sqlx::Error, options: &PgConnectOptions) -> String {
    let user = options.get_username();
    let database = options.get_database().unwrap_or(user);
    match error {
        sqlx::Error::Database(said) => match said.code().as_deref() {
            Some("28P01") => format!(
                "user {user:?} or its password is wrong; check both in the URL (postgres://USER:PASSWORD@HOST/DATABASE)"
            ),
            Some("28000") => format!(
                "{}; check the user in the URL and the server's pg_hba.conf",
                said.message()
            ),
            Some("3D000") => format!(
                "there is no database {database:?}; create it (createdb -h {} -p {} -U {user} {database}) or write \
                 another name at the end of the URL",
                options.get_host(),
                options.get_port()
            ),
            Some("53300") => {
                "it has no free connection; raise its max_connections or end other clients".to_owned()
            }
            Some("57P03") => format!("{}; try again in a moment", said.message()),
            _ => said.message().to_owned(),
        },
        sqlx::Error::Io(error) => {
            format!("{error}; check host and port, and that Postgres runs there and listens on that address")
        }
        sqlx::Error::PoolTimedOut => format!(
            "no connection within {} s; check that Postgres runs and has connections left",
            CONNECT_LIMIT.as_secs()
        ),
        other => other.to_string(),
    }
}
