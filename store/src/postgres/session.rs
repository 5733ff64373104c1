//! Opens sessions: on which server, with which settings, and whether a pooler is in between.

use std::str::FromStr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgRow};
use sqlx::{ConnectOptions, PgConnection, Row};
use tokio::time::timeout;

use super::explain;
use super::replicas::{Standing, may_follow};
use crate::servers::servers;
use crate::{Error, address};

/// How long a server may take to open a session.
const CONNECT_LIMIT: Duration = Duration::from_millis(2500);
/// The same of the first session of a process, which says that it waits.
const FIRST_LIMIT: Duration = Duration::from_secs(10);

/// A setting that no server has by itself: it arrives only if nothing between takes the settings of sessions away.
const MARK: &str = "heavy.direct";

const FACTS: &str = "SELECT pg_is_in_recovery() OR current_setting('transaction_read_only') = 'on', \
    coalesce(current_setting('heavy.direct', true), ''), current_setting('cluster_name'), \
    current_setting('synchronous_standby_names')";
const SYSTEM: &str = "SELECT system_identifier::text FROM pg_control_system()";

/// Settings of a session, as far as the server has them: commits that are durable, and the end of what belongs to a client
/// that cannot be reached any more, so that its locks do not keep others waiting. Ours end by their time limits.
const SETTINGS: &str = "SELECT set_config(s.name, v.value, false) FROM pg_settings s JOIN (VALUES \
    ('synchronous_commit', 'on'), ('idle_in_transaction_session_timeout', '10s'), ('tcp_keepalives_idle', '3'), \
    ('tcp_keepalives_interval', '1'), ('tcp_keepalives_count', '3'), ('tcp_user_timeout', '6s')) v (name, value) \
    ON v.name = s.name";
const READ_ONLY: &str = "SET default_transaction_read_only = on";

/// Where a pooler is in between, settings hold for one transaction.
const BEGIN_POOLED: &str =
    "BEGIN; SET LOCAL synchronous_commit = on; SET LOCAL idle_in_transaction_session_timeout = '10s'";

/// How the sessions of a URL are opened.
pub(super) struct Sessions {
    /// The URL without its password.
    pub(super) shown: String,
    servers: Vec<PgConnectOptions>,
    reads_only: bool,
    /// What the URL says about prepared statements.
    prepares: Option<bool>,
    pooled: AtomicBool,
    /// The server of the last session.
    last: AtomicUsize,
    /// What the last server that takes writes said of itself, where there are several servers.
    standing: Mutex<Option<Standing>>,
}

impl Sessions {
    pub(super) fn new(url: &str, reads_only: bool) -> Result<Self, Error> {
        let shown = address::shown(url);
        let wrong = || Error::Url { url: shown.clone() };
        let found = servers(url).ok_or_else(wrong)?;
        let options = |url: &String| {
            let options = PgConnectOptions::from_str(url).map_err(|_| wrong())?;
            Ok(options.application_name("heavy").disable_statement_logging())
        };
        let servers = found.urls.iter().map(options).collect::<Result<_, Error>>()?;
        Ok(Self {
            shown,
            servers,
            reads_only,
            prepares: found.prepares,
            pooled: AtomicBool::new(found.prepares == Some(false)),
            last: AtomicUsize::new(0),
            standing: Mutex::default(),
        })
    }

    /// The options of the server of the last session.
    pub(super) fn options(&self) -> &PgConnectOptions {
        &self.servers[self.last.load(Ordering::Relaxed)]
    }

    /// Whether a pooler gives each transaction another connection.
    pub(super) fn is_pooled(&self) -> bool {
        self.pooled.load(Ordering::Relaxed)
    }

    pub(super) fn begin(&self) -> &'static str {
        match (self.reads_only, self.is_pooled()) {
            (true, _) => self.begin_reading(),
            (false, true) => BEGIN_POOLED,
            (false, false) => "BEGIN",
        }
    }

    #[expect(clippy::unused_self, reason = "as of those that write")]
    pub(super) const fn begin_reading(&self) -> &'static str {
        "BEGIN READ ONLY"
    }

    pub(super) fn unreachable(&self, problem: String) -> Error {
        Error::Unreachable {
            url: self.shown.clone(),
            problem,
        }
    }

    /// A session on the server of the last one, or else on the first other one that may take its place.
    pub(super) async fn connect(&self) -> Result<PgConnection, Error> {
        self.connect_within(CONNECT_LIMIT).await
    }

    pub(super) async fn first(&self) -> Result<PgConnection, Error> {
        let mut connecting = Box::pin(self.connect_within(FIRST_LIMIT));
        if let Ok(connected) = timeout(CONNECT_LIMIT, connecting.as_mut()).await {
            return connected;
        }
        tracing::info!(url = self.shown, "waiting for the database to answer");
        connecting.await
    }

    async fn connect_within(&self, limit: Duration) -> Result<PgConnection, Error> {
        let last = self.last.load(Ordering::Relaxed);
        let mut problems = Vec::new();
        for server in (last..self.servers.len()).chain(0..last) {
            let problem = match timeout(limit, self.connect_to(server)).await {
                Ok(Ok(connection)) => {
                    self.last.store(server, Ordering::Relaxed);
                    return Ok(connection);
                }
                Ok(Err(problem)) => problem,
                Err(_) => format!(
                    "no answer within {} s; check host, port and firewalls",
                    limit.as_secs_f32()
                ),
            };
            let options = &self.servers[server];
            problems.push((format!("{}:{}", options.get_host(), options.get_port()), problem));
        }
        Err(self.unreachable(match problems.len() {
            1 => problems.remove(0).1,
            _ => problems
                .iter()
                .map(|(server, problem)| format!("{server}: {problem}"))
                .collect::<Vec<_>>()
                .join("; "),
        }))
    }

    /// A session on one server; else why there is none.
    async fn connect_to(&self, server: usize) -> Result<PgConnection, String> {
        let options = &self.servers[server];
        let explained = |error: sqlx::Error| explain::connection(&error, options);
        let mut connection = match self.open(options).await {
            Err(error) if self.prepares.is_none() && refuses_settings(&error) => {
                self.found_pooler();
                self.open(options).await
            }
            opened => opened,
        }
        .map_err(explained)?;
        let facts = sqlx::raw_sql(FACTS)
            .fetch_one(&mut connection)
            .await
            .map_err(explained)?;
        let fact = |column| text(&facts, column).map_err(explained);
        if self.prepares.is_none() && fact(1)?.is_empty() && !self.is_pooled() {
            self.found_pooler();
        }
        if !self.reads_only {
            if fact(0)? == "t" {
                return Err("it only reads: a replica, or a server that is read-only".to_owned());
            }
            if self.servers.len() > 1 {
                let system = sqlx::raw_sql(SYSTEM).fetch_one(&mut connection).await;
                let system = text(&system.map_err(explained)?, 0).map_err(explained)?;
                self.follow(
                    Standing {
                        system,
                        name: fact(2)?,
                        confirming: fact(3)?,
                    },
                    server,
                )?;
            }
        }
        self.set_up(&mut connection).await.map_err(explained)?;
        Ok(connection)
    }

    async fn open(&self, options: &PgConnectOptions) -> Result<PgConnection, sqlx::Error> {
        let options = options.clone();
        if self.is_pooled() {
            return options.extra_float_digits(None).connect().await;
        }
        match self.prepares {
            None => options.options([(MARK, "1")]).connect().await,
            Some(_) => options.connect().await,
        }
    }

    fn found_pooler(&self) {
        if !self.pooled.swap(true, Ordering::Relaxed) {
            tracing::info!(
                url = self.shown,
                "a connection pooler is in front of the database: statements are prepared anew in each transaction"
            );
        }
    }

    /// Whether this server may be the next one that is written to.
    fn follow(&self, found: Standing, server: usize) -> Result<(), String> {
        let mut standing = self.standing.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(left) = &*standing
            && server != self.last.load(Ordering::Relaxed)
            && let Err(why) = may_follow(left, &found, self.servers.len())
        {
            return Err(format!(
                "results that were acknowledged may be missing there: {why}; restart heavy to go on there nevertheless"
            ));
        }
        *standing = Some(found);
        Ok(())
    }

    async fn set_up(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        if self.is_pooled() {
            return Ok(());
        }
        sqlx::raw_sql(SETTINGS).execute(&mut *connection).await?;
        notice_when_left(connection).await?;
        if self.reads_only {
            sqlx::raw_sql(READ_ONLY).execute(connection).await?;
        }
        Ok(())
    }
}

// The options hold the password.
impl std::fmt::Debug for Sessions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sessions")
            .field("url", &self.shown)
            .field("pooled", &self.pooled)
            .finish_non_exhaustive()
    }
}

fn text(row: &PgRow, column: usize) -> Result<String, sqlx::Error> {
    row.try_get_unchecked(column)
}

/// Whether something in between does not know the settings of a session: protocol violation or feature not supported.
fn refuses_settings(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|said| said.code());
    matches!(code.as_deref(), Some("08P01" | "0A000"))
}

/// Makes the server check every second that the client is still connected, so that an abandoned query ends. Servers
/// before version 14 have no such setting, and some systems cannot look.
async fn notice_when_left(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    const SET: &str = "SELECT set_config(name, '1s', false) FROM pg_settings \
                       WHERE name = 'client_connection_check_interval'";
    match sqlx::raw_sql(SET).execute(connection).await {
        Ok(_) | Err(sqlx::Error::Database(_)) => Ok(()),
        Err(error) => Err(error),
    }
}
