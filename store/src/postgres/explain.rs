//! What is wrong with a connection, and what to do.

use std::time::Duration;

use sqlx::postgres::PgConnectOptions;

/// How long a call waits for a connection before it fails.
pub(super) const CONNECT_LIMIT: Duration = Duration::from_secs(5);

pub(super) fn connection(error: &sqlx::Error, options: &PgConnectOptions) -> String {
    let user = options.get_username();
    let database = options.get_database().unwrap_or(user);
    match error {
        sqlx::Error::Database(said) => match said.code().as_deref() {
            Some("28P01") => format!(
                "wrong password or unknown user `{user}`; check both in the URL (postgres://USER:PASSWORD@HOST/DATABASE)"
            ),
            Some("28000") => format!(
                "{}; check the user in the URL and the server's pg_hba.conf",
                said.message()
            ),
            Some("3D000") => format!(
                "database `{database}` does not exist; create it (createdb -h {} -p {} -U {user} {database}) or write \
                 another name at the end of the URL",
                options.get_host(),
                options.get_port()
            ),
            Some("53300") => "no free connections; raise max_connections or close other clients".to_owned(),
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
