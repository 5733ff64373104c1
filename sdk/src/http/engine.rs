//! The default client: from a request to its exchange.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::clock::{TimerAnchor, duration_ns, monotonic_ns};
use super::config::{EngineConfig, EngineStats};
use super::connector;
use super::dial::Dialer;
use super::draft::Draft;
use super::error::{ErrorKind, RequestError};
use super::exchange::{Exchange, Received};
use super::h1::H1Connection;
use super::h2::H2Stream;
use super::origin::{ConnectRefusal, ConnectionLease, Grant, Origin};
use super::phases::{Phase, PhaseClock};
use super::pool::Pool;
use super::request::Request;
use super::target::{Target, TargetCache};
use super::wire::{ExchangeEnd, Message};
use super::{ExchangeFuture, HttpClient};
use crate::beside::beside;

/// The default [`HttpClient`]: a pool of hyper connections for one thread.
///
/// It runs inside a `tokio::task::LocalSet`, always the same one. It follows no redirects, decompresses no bodies, uses no
/// proxies, and sends nothing twice: a request moves to another connection only while none of it has been written.
///
/// ```no_run
/// use heavy_sdk::http::{Engine, EngineConfig, HttpClient, Request};
///
/// # async fn example() {
/// let engine = Engine::new(EngineConfig::default());
/// let url = engine.target("http://127.0.0.1:8080/"); // parsed once, remembered by its text
/// let exchange = engine.execute(Request::get(url).keep_body(true)).await;
/// if let Some(error) = &exchange.error {
///     eprintln!("{}: {error}", error.kind);
/// }
/// assert_eq!(exchange.phases.total_ns(), exchange.duration_ns());
/// # }
/// ```
pub struct Engine {
    config: EngineConfig,
    pool: Rc<Pool>,
    dialer: Rc<Dialer>,
    connector_runs: Cell<bool>,
    targets: RefCell<TargetCache>,
    anchor: TimerAnchor,
}

impl Engine {
    /// An engine without connections yet.
    #[must_use]
    pub fn new(config: EngineConfig) -> Self {
        Self {
            pool: Rc::new(Pool::new(&config)),
            dialer: Rc::new(Dialer::new(&config)),
            config,
            connector_runs: Cell::new(false),
            targets: RefCell::new(TargetCache::new()),
            anchor: TimerAnchor::now(),
        }
    }

    /// The current connections, counted.
    #[must_use]
    pub fn stats(&self) -> EngineStats {
        self.pool.stats()
    }

    /// One exchange. What it holds is made before the future, which then holds it once.
    fn exchange(&self, request: Request, started_ns: u64) -> impl Future<Output = Exchange> {
        let mut clock = PhaseClock::new(started_ns);
        let Request {
            method,
            target,
            headers,
            body,
            timeout,
            keep_body,
            group,
        } = request;
        let timeout = timeout.unwrap_or(self.config.request_timeout);
        let deadline = self
            .anchor
            .instant(started_ns.saturating_add(duration_ns(timeout)));
        let mut draft = Draft::new(method, headers, body);
        let mut answer = Received::new(if keep_body {
            self.config.max_kept_body_bytes
        } else {
            0
        });
        async move {
            let parsed = match target.parsed() {
                Ok(parsed) => parsed,
                Err(reason) => {
                    return Exchange::failed(&clock, RequestError::new(ErrorKind::InvalidUrl, reason));
                }
            };
            let origin = self.pool.origin(group, &parsed.origin);
            loop {
                let (lease, is_fresh) = match self.pool.take(&origin, clock.started_ns()) {
                    Some(lease) => (lease, false),
                    // Most requests do not wait, so they need not hold room for it.
                    None => match Box::pin(self.wait(&origin, &mut clock, timeout, deadline)).await {
                        Ok(granted) => (granted.lease, granted.fresh.is_some()),
                        Err(refusal) => return Exchange::failed(&clock, refusal.error),
                    },
                };
                let reused = lease.stamps().served.get();
                let remote_addr = lease.stamps().remote_addr.clone();
                // A message goes on before anything is awaited: what an await holds, every request has to allocate.
                let outcome = match lease {
                    ConnectionLease::H1(mut connection) => {
                        let message = draft.for_http1(parsed, &self.config);
                        let response = pin!(connection.begin(message, deadline));
                        let outcome = connection.finish(response, &mut answer).await;
                        self.over_h1(connection, &origin, &outcome, &mut clock);
                        outcome
                    }
                    ConnectionLease::H2(stream) => {
                        let message = draft.for_http2(parsed, &self.config);
                        Box::pin(over_h2(stream, message, deadline, &mut answer, &mut clock)).await
                    }
                };
                let error = match outcome {
                    ExchangeEnd::Complete => None,
                    // A connection that was idle turned out closed, and the request is still whole: take another one.
                    ExchangeEnd::NotSent(message) if !is_fresh => {
                        draft.recover(*message);
                        continue;
                    }
                    ExchangeEnd::NotSent(_) => Some(RequestError::new(ErrorKind::Closed, CLOSED_AT_ONCE)),
                    ExchangeEnd::Failed(error) => Some(error),
                    ExchangeEnd::TimedOut => Some(timed_out(&answer, timeout)),
                };
                let mut exchange = Exchange::empty(&clock);
                answer.fill(&mut exchange);
                exchange.reused = reused;
                exchange.remote_addr = remote_addr;
                exchange.error = error;
                return exchange;
            }
        }
    }

    /// Counts the time of an exchange, unless nothing was sent at all, and keeps the connection if it can be used again.
    fn over_h1(
        &self,
        mut connection: Box<H1Connection>,
        origin: &Rc<Origin>,
        outcome: &ExchangeEnd,
        clock: &mut PhaseClock,
    ) {
        if matches!(outcome, ExchangeEnd::NotSent(_)) {
            return;
        }
        let ended_ns = monotonic_ns();
        let took_ns = ended_ns.saturating_sub(clock.now_ns());
        connection.stamp(clock, ended_ns);
        let complete = matches!(outcome, ExchangeEnd::Complete);
        if complete && self.config.keep_alive && connection.rest(ended_ns) {
            self.pool.give_back(origin, connection, took_ns, ended_ns);
        }
    }

    /// Waits for a connection for one exchange, and counts the time that takes.
    async fn wait(
        &self,
        origin: &Rc<Origin>,
        clock: &mut PhaseClock,
        timeout: Duration,
        deadline: Instant,
    ) -> Grant {
        if !self.connector_runs.replace(true) {
            beside(connector::run(Rc::downgrade(&self.pool), self.dialer.clone()));
        }
        let waiting = self.pool.wait(origin);
        let grant = match timeout_at(deadline, waiting).await {
            Ok(Ok(grant)) => grant,
            Ok(Err(_)) => Err(ConnectRefusal {
                error: group_closed(),
                times: None,
            }),
            Err(_) => Err(ConnectRefusal {
                error: self.no_connection(timeout),
                times: None,
            }),
        };
        let times = match &grant {
            Ok(granted) => granted.fresh.as_ref(),
            Err(refusal) => refusal.times.as_ref(),
        };
        let now_ns = monotonic_ns();
        match times {
            Some(times) => clock.advance_connect(times, now_ns),
            None => clock.advance(Phase::Blocked, now_ns),
        }
        grant
    }

    fn no_connection(&self, timeout: Duration) -> RequestError {
        let (open, connecting) = self.pool.open_and_connecting();
        let message = format!(
            "no free connection within {timeout:?} ({open} open, {connecting} connecting, at most {} allowed)",
            self.config.max_connections
        );
        RequestError::new(ErrorKind::Timeout, message)
    }
}

impl HttpClient for Engine {
    fn execute(&self, request: Request) -> ExchangeFuture<'_> {
        Box::pin(self.exchange(request, monotonic_ns()))
    }

    fn target(&self, url: &str) -> Target {
        self.targets.borrow_mut().get(url)
    }

    fn close_group(&self, group: u64) {
        self.pool.close_group(group);
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.pool.openings.wake.notify_one();
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine")
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}

/// Carries `message` out on `stream` and counts the time to `clock`, unless it was not sent at all.
async fn over_h2(
    mut stream: H2Stream,
    message: Message,
    deadline: Instant,
    answer: &mut Received,
    clock: &mut PhaseClock,
) -> ExchangeEnd {
    let outcome = stream.exchange(message, deadline, answer).await;
    if !matches!(outcome, ExchangeEnd::NotSent(_)) {
        stream.stamp(clock, monotonic_ns());
    }
    outcome
}

const CLOSED_AT_ONCE: &str = "the peer closed the connection before the request could be sent";

fn group_closed() -> RequestError {
    RequestError::new(
        ErrorKind::Closed,
        "the connections of this group were closed while the request waited",
    )
}

fn timed_out(answer: &Received, timeout: Duration) -> RequestError {
    let message = if answer.head.is_none() {
        format!("no answer within {timeout:?}")
    } else {
        format!(
            "the body of the answer was not complete within {timeout:?} (received {} bytes)",
            answer.size
        )
    };
    RequestError::new(ErrorKind::Timeout, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// It is allocated for every request: beyond that, glibc has no cache for it.
    #[test]
    fn an_exchange_is_a_small_future() {
        let engine = Engine::new(EngineConfig::default());
        let size = size_of_val(&engine.exchange(Request::get("http://localhost/"), 0));
        assert!(size <= 1016, "{size} bytes");
    }
}
