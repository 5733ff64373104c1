//! One exchange on an HTTP/2 connection that is shared with others.
//!
//! The connection is driven by a task of its own. `send` ends with the first write after the request was handed over,
//! `wait` when its head is there; see `stamp` for how exact that is.

use std::cell::Cell;
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;

use http_body_util::BodyExt as _;
use hyper::client::conn::http2;
use tokio::time::{Instant, timeout_at};

use super::clock::monotonic_ns;
use super::error::RequestError;
use super::exchange::Received;
use super::permit::Permit;
use super::phases::PhaseClock;
use super::stamp::Stamps;
use super::wire::{ExchangeEnd, Io, LocalExecutor, Message, RequestBody, not_answered};
use crate::beside::beside;

/// Assigns the streams of a connection, and is notified when one has ended.
pub(crate) trait StreamOwner {
    /// A stream of `connection` has ended: another may start.
    fn stream_ended(&self, connection: &Rc<H2Connection>);
}

pub(crate) struct H2Connection {
    owner: Box<dyn StreamOwner>,
    sender: http2::SendRequest<RequestBody>,
    stamps: Rc<Stamps>,
    streams: Cell<usize>,
    /// How many streams the peer allows now.
    allowed: Rc<Cell<usize>>,
    idle_since_ns: Cell<u64>,
    _permit: Permit,
}

impl H2Connection {
    pub(crate) fn spawn(
        sender: http2::SendRequest<RequestBody>,
        mut driver: http2::Connection<Io, RequestBody, LocalExecutor>,
        stamps: Rc<Stamps>,
        permit: Permit,
        owner: Box<dyn StreamOwner>,
    ) -> Rc<Self> {
        let allowed = Rc::new(Cell::new(driver.current_max_send_streams()));
        let current = allowed.clone();
        beside(async move {
            // Every request on it learns how it ended.
            let _ = poll_fn(|cx| {
                let done = Pin::new(&mut driver).poll(cx);
                current.set(driver.current_max_send_streams());
                done
            })
            .await;
        });
        Rc::new(Self {
            owner,
            sender,
            stamps,
            streams: Cell::new(0),
            allowed,
            idle_since_ns: Cell::new(monotonic_ns()),
            _permit: permit,
        })
    }

    pub(crate) fn streams(&self) -> usize {
        self.streams.get()
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.sender.is_closed()
    }

    /// Whether another stream may start, `at_most` being our own limit.
    pub(crate) fn has_room(&self, at_most: usize) -> bool {
        !self.is_closed() && self.streams.get() < self.allowed.get().clamp(1, at_most)
    }

    /// Whether it is of no more use.
    pub(crate) fn is_over(&self, now_ns: u64, idle_ns: u64) -> bool {
        let idle = self.streams.get() == 0 && now_ns.saturating_sub(self.idle_since_ns.get()) > idle_ns;
        idle || self.is_closed()
    }
}

/// The right to one stream; returned on drop.
pub(crate) struct H2Stream {
    connection: Rc<H2Connection>,
    written_ns: Option<Rc<Cell<u64>>>,
    head_ns: u64,
}

impl H2Stream {
    pub(crate) fn new(connection: &Rc<H2Connection>) -> Self {
        connection.streams.set(connection.streams.get() + 1);
        Self {
            connection: connection.clone(),
            written_ns: None,
            head_ns: 0,
        }
    }

    pub(crate) fn stamps(&self) -> &Stamps {
        &self.connection.stamps
    }

    /// Counts the exchange, which ended at `ended_ns`, to its phases.
    pub(crate) fn stamp(&self, clock: &mut PhaseClock, ended_ns: u64) {
        let written_ns = self.written_ns.as_ref().map_or(0, |written| written.get());
        clock.advance_exchange(written_ns, self.head_ns, ended_ns);
    }

    /// Sends `message` and reads the answer to its end, or to `deadline`.
    pub(crate) async fn exchange(
        &mut self,
        message: Message,
        deadline: Instant,
        answer: &mut Received,
    ) -> ExchangeEnd {
        self.written_ns = Some(self.connection.stamps.next_write());
        let outcome = timeout_at(deadline, self.send(message, answer))
            .await
            .unwrap_or(ExchangeEnd::TimedOut);
        if !matches!(outcome, ExchangeEnd::NotSent(_)) {
            self.connection.stamps.served.set(true);
        }
        outcome
    }

    async fn send(&mut self, message: Message, answer: &mut Received) -> ExchangeEnd {
        let mut sender = self.connection.sender.clone();
        let response = match sender.try_send_request(message).await {
            Ok(response) => response,
            Err(error) => return not_answered(error),
        };
        self.head_ns = monotonic_ns();
        let (head, mut body) = response.into_parts();
        answer.head = Some(head);
        while let Some(frame) = body.frame().await {
            match frame {
                Ok(frame) => {
                    if let Ok(data) = frame.into_data() {
                        answer.push(data);
                    }
                }
                Err(error) => return ExchangeEnd::Failed(RequestError::from_hyper(&error, true)),
            }
        }
        ExchangeEnd::Complete
    }
}

impl Drop for H2Stream {
    fn drop(&mut self) {
        self.connection.streams.set(self.connection.streams.get() - 1);
        self.connection.idle_since_ns.set(monotonic_ns());
        self.connection.owner.stream_ended(&self.connection);
    }
}
