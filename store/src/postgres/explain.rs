//! What is wrong with a connection, and what to do.

use sqlx::postgres::PgConnectOptions;

/// Of Postgres: no space on the disk.
const DISK_FULL: &str = "53100";

pub(super) fn is_disk_full(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|said| said.code());
    code.as_deref() == Some(DISK_FULL)
}

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
        other => other.to_string(),
    }
}
