//! The connections of one process to a database: how many, which are idle, and the transactions on them.
//!
//! A connection is used again only after its transaction has ended well. After any other end nobody knows what it still
//! holds or waits for, so it is closed, and the server forgets what was not committed.

use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use sqlx::{Connection, PgConnection};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

use super::patience::Patience;
use super::session::Sessions;
use crate::Error;

const MOST_CONNECTIONS: usize = 8;
/// How long an idle connection may take to begin a transaction, before it counts as cut off.
const ANSWER_LIMIT: Duration = Duration::from_millis(1500);
/// A connection is closed when it was idle for so long, or is so old: the server's memory for it grows.
const IDLE_LIMIT: Duration = Duration::from_mins(10);
const AGE_LIMIT: Duration = Duration::from_mins(30);

#[derive(Debug)]
struct Idle {
    connection: PgConnection,
    opened: Instant,
    since: Instant,
}

#[derive(Debug)]
pub(super) struct Connections {
    pub(super) sessions: Sessions,
    room: Semaphore,
    idle: Mutex<Vec<Idle>>,
    patience: Mutex<Patience>,
}

impl Connections {
    pub(super) fn new(sessions: Sessions) -> Self {
        Self {
            sessions,
            room: Semaphore::new(MOST_CONNECTIONS),
            idle: Mutex::default(),
            patience: Mutex::default(),
        }
    }

    /// A transaction that writes.
    pub(super) async fn begin(&self) -> Result<Transaction<'_>, Error> {
        self.transaction(self.sessions.begin()).await
    }

    /// A transaction that only reads.
    pub(super) async fn reading(&self) -> Result<Transaction<'_>, Error> {
        self.transaction(self.sessions.begin_reading()).await
    }

    /// Waits for `work`, but only as long as it may take by what the database did before; else its connection is closed,
    /// and all idle ones with it.
    pub(super) async fn in_time<T, E: Into<Error>>(
        &self,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, Error> {
        let limit = self.patience().limit();
        let began = Instant::now();
        let done = timeout(limit, work).await;
        match &done {
            Ok(Ok(_)) => self.patience().ended_after(began.elapsed()),
            Ok(Err(_)) => {}
            Err(_) => self.patience().ran_out(limit),
        }
        match done {
            Ok(done) => done.map_err(Into::into),
            Err(_) => Err(self.given_up(limit)),
        }
    }

    /// Waits for `work` whose duration follows from how much there is to do; else as [`Self::in_time`].
    pub(super) async fn within<T, E: Into<Error>>(
        &self,
        limit: Duration,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, Error> {
        match timeout(limit, work).await {
            Ok(done) => done.map_err(Into::into),
            Err(_) => Err(self.given_up(limit)),
        }
    }

    fn given_up(&self, limit: Duration) -> Error {
        self.idle().clear();
        let problem = format!("no answer within {} s; closed its connection", limit.as_secs());
        self.sessions.unreachable(problem)
    }

    async fn transaction(&self, begin: &'static str) -> Result<Transaction<'_>, Error> {
        let room = self.room.acquire().await.expect("it is never closed");
        if let Some(Idle {
            mut connection,
            opened,
            ..
        }) = self.take_idle()
        {
            let begun = timeout(ANSWER_LIMIT, run(&mut connection, begin)).await;
            if let Ok(Ok(())) = begun {
                return Ok(Transaction::new(self, room, connection, opened));
            }
            // The others were opened to the same server, which is gone or cannot be reached.
            self.idle().clear();
        }
        let mut connection = self.sessions.connect().await?;
        run(&mut connection, begin).await?;
        Ok(Transaction::new(self, room, connection, Instant::now()))
    }

    fn take_idle(&self) -> Option<Idle> {
        let mut idle = self.idle();
        idle.retain(|idle| idle.since.elapsed() < IDLE_LIMIT && idle.opened.elapsed() < AGE_LIMIT);
        idle.pop()
    }

    fn put_back(&self, connection: PgConnection, opened: Instant) {
        self.idle().push(Idle {
            connection,
            opened,
            since: Instant::now(),
        });
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Idle>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn patience(&self) -> MutexGuard<'_, Patience> {
        self.patience.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn run(connection: &mut PgConnection, sql: &'static str) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(sql).execute(connection).await.map(drop)
}

/// A transaction and its connection, which is closed when this is dropped before it has ended.
#[derive(Debug)]
pub(super) struct Transaction<'a> {
    connections: &'a Connections,
    connection: Option<PgConnection>,
    opened: Instant,
    // After the connection: another may be opened when this one is closed.
    _room: SemaphorePermit<'a>,
}

impl<'a> Transaction<'a> {
    const fn new(
        connections: &'a Connections,
        room: SemaphorePermit<'a>,
        connection: PgConnection,
        opened: Instant,
    ) -> Self {
        Self {
            connections,
            connection: Some(connection),
            opened,
            _room: room,
        }
    }

    /// Makes durable what was written.
    pub(super) async fn commit(self) -> Result<(), sqlx::Error> {
        self.end("COMMIT").await
    }

    /// Ends a transaction that has changed nothing; its connection may be used again if that succeeds.
    pub(super) async fn leave(self) {
        if let Err(error) = self.end("ROLLBACK").await {
            tracing::debug!(%error, "a connection was closed");
        }
    }

    /// Ends a transaction that reads, and returns what it has read.
    pub(super) async fn read<T>(self, result: Result<T, sqlx::Error>) -> Result<T, sqlx::Error> {
        let value = result?;
        self.leave().await;
        Ok(value)
    }

    async fn end(mut self, sql: &'static str) -> Result<(), sqlx::Error> {
        if self.connections.sessions.is_pooled() {
            // The next transaction may be on another connection of the pooler, and another client on this one.
            self.clear_cached_statements().await?;
        }
        run(&mut self, sql).await?;
        if let Some(connection) = self.connection.take() {
            self.connections.put_back(connection, self.opened);
        }
        Ok(())
    }
}

impl Deref for Transaction<'_> {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        self.connection.as_ref().expect("only its end takes it")
    }
}

impl DerefMut for Transaction<'_> {
    fn deref_mut(&mut self) -> &mut PgConnection {
        self.connection.as_mut().expect("only its end takes it")
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, SocketAddr};

    use heavy_testkit::{FaultProxy, Postgres, ProxyFault};

    use super::*;

    #[tokio::test]
    async fn work_of_any_length_ends_when_the_database_cannot_be_reached() {
        let postgres = Postgres::shared();
        let server = SocketAddr::from((Ipv4Addr::LOCALHOST, postgres.port()));
        let proxy = FaultProxy::start(server);
        let database = postgres.database();
        let url = database
            .url()
            .replace(&server.to_string(), &proxy.addr().to_string());
        let pool = Connections::new(Sessions::new(&url, false).unwrap());
        let mut transaction = pool.begin().await.unwrap();
        proxy.set(ProxyFault::BlackHole);
        let work = run(&mut transaction, "SELECT 1");
        let ended = pool.within(Duration::from_millis(200), work).await;
        assert!(matches!(ended, Err(Error::Unreachable { .. })), "{ended:?}");
    }
}
