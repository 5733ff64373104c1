//! One origin: its connections, the requests that wait for one, and how many more are worth opening.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;

use tokio::sync::oneshot;

use super::error::RequestError;
use super::h1::H1Connection;
use super::h2::{H2Connection, H2Stream};
use super::phases::ConnectTimes;
use super::stamp::Stamps;
use super::target::OriginKey;
use super::turnover::Turnover;

/// The right to one exchange.
pub(crate) enum ConnectionLease {
    /// A whole connection.
    H1(Box<H1Connection>),
    /// A stream of a shared one.
    H2(H2Stream),
}

impl ConnectionLease {
    /// What is known of the connection.
    pub(crate) fn stamps(&self) -> &Stamps {
        match self {
            Self::H1(connection) => &connection.stamps,
            Self::H2(stream) => stream.stamps(),
        }
    }
}

/// What a waiting request gets.
pub(crate) struct Granted {
    pub(crate) lease: ConnectionLease,
    /// How the connection was made, if this is its first exchange and nobody kept it idle before.
    pub(crate) fresh: Option<ConnectTimes>,
}

/// Why no connection is available.
pub(crate) struct ConnectRefusal {
    pub(crate) error: RequestError,
    pub(crate) times: Option<ConnectTimes>,
}

pub(crate) type Grant = Result<Granted, ConnectRefusal>;

/// What is known of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// The server has yet to choose: one connection is opened to find out, as one may be enough.
    Unknown,
    /// A connection for every request in flight.
    Http1,
    /// Many requests on a connection.
    Http2,
}

/// The connections to one scheme, host and port, within one group.
pub(crate) struct Origin {
    pub(crate) key: OriginKey,
    pub(crate) protocol: Cell<Protocol>,
    /// Least recently used first.
    #[expect(
        clippy::vec_box,
        reason = "connections move from hand to hand with every request, and then as one word"
    )]
    pub(crate) idle: RefCell<Vec<Box<H1Connection>>>,
    pub(crate) h2: RefCell<Vec<Rc<H2Connection>>>,
    pub(crate) connecting: Cell<usize>,
    /// Open connections, in use or not.
    pub(crate) open: Rc<Cell<usize>>,
    pub(crate) turnover: Cell<Turnover>,
    /// Whether the pool lists this origin among those that want to connect.
    pub(crate) hungry: Cell<bool>,
    /// Whether the pool lists this origin among those with something to evict.
    pub(crate) listed_idle: Cell<bool>,
    /// Whether its group was closed: nothing comes back here any more.
    pub(crate) retired: Cell<bool>,
    waiters: RefCell<VecDeque<oneshot::Sender<Grant>>>,
}

impl Origin {
    pub(crate) fn new(key: OriginKey, protocol: Protocol) -> Self {
        Self {
            key,
            protocol: Cell::new(protocol),
            idle: RefCell::default(),
            h2: RefCell::default(),
            connecting: Cell::new(0),
            open: Rc::default(),
            turnover: Cell::default(),
            hungry: Cell::new(false),
            listed_idle: Cell::new(false),
            retired: Cell::new(false),
            waiters: RefCell::default(),
        }
    }

    pub(crate) fn wait(&self) -> oneshot::Receiver<Grant> {
        let (sender, receiver) = oneshot::channel();
        self.waiters.borrow_mut().push_back(sender);
        receiver
    }

    /// The request that has waited longest and still does. What is sent to it arrives: nothing else runs in between.
    pub(crate) fn pop_waiter(&self) -> Option<oneshot::Sender<Grant>> {
        let mut waiters = self.waiters.borrow_mut();
        std::iter::from_fn(|| waiters.pop_front()).find(|waiter| !waiter.is_closed())
    }

    pub(crate) fn waiting(&self) -> usize {
        let mut waiters = self.waiters.borrow_mut();
        while waiters.front().is_some_and(oneshot::Sender::is_closed) {
            waiters.pop_front();
        }
        waiters.len()
    }

    /// Rejects all waiting requests, because their group was closed.
    pub(crate) fn drop_waiters(&self) {
        self.waiters.take();
    }

    /// How many more connections are worth opening for the waiting requests.
    pub(crate) fn wanted_connects(&self, h2_connections: usize, h2_streams: usize) -> usize {
        let waiting = self.waiting();
        let connecting = self.connecting.get();
        match self.protocol.get() {
            Protocol::Unknown => waiting.min(1).saturating_sub(connecting),
            Protocol::Http1 => waiting.saturating_sub(connecting),
            Protocol::Http2 => {
                let allowed = h2_connections.saturating_sub(self.h2.borrow().len() + connecting);
                waiting
                    .div_ceil(h2_streams)
                    .saturating_sub(connecting)
                    .min(allowed)
            }
        }
    }

    /// Whether another connection is worth opening now for `wanted` requests, instead of letting them wait for those in
    /// use.
    pub(crate) fn is_worth_opening(&self, wanted: usize, now_ns: u64) -> bool {
        match self.protocol.get() {
            Protocol::Http1 => {
                let turnover = self.turnover.get();
                turnover.is_worth_opening(wanted, self.open.get(), now_ns)
            }
            Protocol::Unknown | Protocol::Http2 => true,
        }
    }

    /// Counts a connection that is being opened since `now_ns`.
    pub(crate) fn begin_connect(&self, now_ns: u64) {
        self.connecting.set(self.connecting.get() + 1);
        let mut turnover = self.turnover.get();
        turnover.begun(now_ns);
        self.turnover.set(turnover);
    }

    /// Whether a connection is idle.
    pub(crate) fn has_idle(&self) -> bool {
        !self.idle.borrow().is_empty()
            || self
                .h2
                .borrow()
                .iter()
                .any(|connection| connection.streams() == 0)
    }

    /// Whether nothing would be lost by forgetting this origin.
    pub(crate) fn is_empty(&self) -> bool {
        self.idle.borrow().is_empty()
            && self.h2.borrow().is_empty()
            && self.connecting.get() == 0
            && self.waiting() == 0
    }

    /// Closes the connection that was idle longest; false if none is idle.
    pub(crate) fn evict(&self) -> bool {
        let mut idle = self.idle.borrow_mut();
        if !idle.is_empty() {
            drop(idle.remove(0));
            return true;
        }
        let mut h2 = self.h2.borrow_mut();
        let place = h2.iter().position(|connection| connection.streams() == 0);
        place.map(|place| h2.swap_remove(place)).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(
        protocol: Protocol,
        connecting: usize,
        waiting: usize,
    ) -> (Origin, Vec<oneshot::Receiver<Grant>>) {
        let key = OriginKey {
            host: "host".into(),
            port: 80,
            tls: true,
        };
        let origin = Origin::new(key, protocol);
        origin.connecting.set(connecting);
        let receivers = (0..waiting).map(|_| origin.wait()).collect();
        (origin, receivers)
    }

    #[test]
    fn connections_are_wanted_for_those_who_wait() {
        let cases = [
            (Protocol::Unknown, 0, 500, 1),
            (Protocol::Unknown, 1, 500, 0),
            (Protocol::Http1, 0, 0, 0),
            (Protocol::Http1, 20, 500, 480),
            (Protocol::Http1, 500, 20, 0),
            (Protocol::Http2, 0, 1, 1),
            (Protocol::Http2, 0, 101, 2),
            (Protocol::Http2, 1, 101, 1),
            (Protocol::Http2, 0, 10_000, 8),
        ];
        for (protocol, connecting, waiting, wanted) in cases {
            let (origin, _receivers) = origin(protocol, connecting, waiting);
            assert_eq!(
                origin.wanted_connects(8, 100),
                wanted,
                "{protocol:?} {connecting} {waiting}"
            );
        }
    }

    #[test]
    fn those_who_gave_up_are_skipped() {
        let (origin, mut receivers) = origin(Protocol::Http1, 0, 3);
        drop(receivers.drain(..2));
        assert_eq!(origin.waiting(), 1);
        assert!(origin.pop_waiter().is_some());
        assert!(origin.pop_waiter().is_none());
    }
}
