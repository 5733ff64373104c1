//! Which connection a request gets, and when another one is opened.
//!
//! A request takes an idle connection if there is one. Otherwise it waits in its origin's queue for whichever comes
//! first: a connection that another request returns, or one that the connector opened. The connector opens one for every
//! waiting request, but seldom while those in use come back at once, and within two limits: of connects in progress and of
//! open connections. At the latter, it closes an idle connection of another origin to make room.

mod next;

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::{Rc, Weak};

use tokio::sync::oneshot;

use super::clock::{duration_ns, monotonic_ns};
use super::config::{EngineConfig, EngineStats};
use super::dial::Dialed;
use super::h1::H1Connection;
use super::h2::{H2Connection, H2Stream, StreamOwner};
use super::origin::{ConnectRefusal, ConnectionLease, Grant, Granted, Origin, Protocol};
use super::origins::Origins;
use super::permit::{Openings, Permit};
use super::phases::ConnectTimes;
use super::target::OriginKey;
use super::wire::FreshConnection;

struct Limits {
    connections: usize,
    connects_in_progress: usize,
    h2_connections: usize,
    h2_streams: usize,
    idle_ns: u64,
    reuse: bool,
}

/// All connections of one engine.
pub(crate) struct Pool {
    limits: Limits,
    origins: Origins,
    /// Origins that wait for a connection to be opened, in turn.
    hungry: RefCell<VecDeque<Rc<Origin>>>,
    /// Origins that may have something to evict; each is listed once.
    idle_origins: RefCell<VecDeque<Rc<Origin>>>,
    pub(crate) openings: Rc<Openings>,
    connecting: Cell<usize>,
    opened: Cell<u64>,
    /// Whether a request waits for which no connection is opened yet, because those in use come back at once.
    pub(crate) held_back: Cell<bool>,
}

impl Pool {
    /// How many idle connections of an origin one sweep looks at.
    const SWEEP_AT_MOST: usize = 256;

    pub(crate) fn new(config: &EngineConfig) -> Self {
        let reuse = config.keep_alive;
        let limits = Limits {
            connections: config.max_connections.max(1),
            connects_in_progress: config.max_connects_in_progress.max(1),
            h2_connections: if reuse {
                config.h2_connections_per_origin.max(1)
            } else {
                usize::MAX
            },
            h2_streams: if reuse {
                config.h2_streams_per_connection.max(1)
            } else {
                1
            },
            idle_ns: duration_ns(config.idle_timeout),
            reuse,
        };
        Self {
            limits,
            origins: Origins::new(config.http_version),
            hungry: RefCell::default(),
            idle_origins: RefCell::default(),
            openings: Rc::default(),
            connecting: Cell::new(0),
            opened: Cell::new(0),
            held_back: Cell::new(false),
        }
    }

    /// The origin of `key` within `group`.
    pub(crate) fn origin(&self, group: Option<u64>, key: &OriginKey) -> Rc<Origin> {
        self.origins.get(group, key)
    }

    /// A connection that is there already.
    pub(crate) fn take(self: &Rc<Self>, origin: &Rc<Origin>, now_ns: u64) -> Option<ConnectionLease> {
        loop {
            let Some(connection) = origin.idle.borrow_mut().pop() else {
                break;
            };
            if !connection.is_stale(now_ns, self.limits.idle_ns) {
                return Some(ConnectionLease::H1(connection));
            }
        }
        let mut h2 = origin.h2.borrow_mut();
        if h2.is_empty() {
            return None;
        }
        h2.retain(|connection| !connection.is_closed());
        let connection = h2
            .iter()
            .find(|connection| connection.has_room(self.limits.h2_streams))?;
        Some(ConnectionLease::H2(H2Stream::new(connection)))
    }

    /// Queues for a connection, and wakes the connector if one must be opened.
    pub(crate) fn wait(&self, origin: &Rc<Origin>) -> oneshot::Receiver<Grant> {
        let receiver = origin.wait();
        self.note_hunger(origin);
        receiver
    }

    /// Takes back a connection that can serve another request, after an exchange that took `took_ns`.
    pub(crate) fn give_back(
        &self,
        origin: &Rc<Origin>,
        connection: Box<H1Connection>,
        took_ns: u64,
        now_ns: u64,
    ) {
        let mut turnover = origin.turnover.get();
        turnover.returned(took_ns, now_ns);
        origin.turnover.set(turnover);
        self.place(origin, connection, None);
    }

    fn place(&self, origin: &Rc<Origin>, connection: Box<H1Connection>, fresh: Option<ConnectTimes>) {
        if let Some(waiter) = origin.pop_waiter() {
            let _ = waiter.send(Ok(Granted {
                lease: ConnectionLease::H1(connection),
                fresh,
            }));
        } else if !origin.retired.get() {
            origin.idle.borrow_mut().push(connection);
            self.note_idle(origin);
        }
    }

    /// A stream ended: the next request may have its place.
    fn stream_ended(self: &Rc<Self>, origin: &Rc<Origin>, connection: &Rc<H2Connection>) {
        if connection.is_closed() || !self.limits.reuse {
            origin
                .h2
                .borrow_mut()
                .retain(|other| !Rc::ptr_eq(other, connection));
        } else {
            self.grant_streams(origin, connection, None);
            if connection.streams() == 0 {
                self.note_idle(origin);
            }
        }
        self.note_hunger(origin);
    }

    fn grant_streams(
        self: &Rc<Self>,
        origin: &Rc<Origin>,
        connection: &Rc<H2Connection>,
        mut fresh: Option<ConnectTimes>,
    ) {
        while connection.has_room(self.limits.h2_streams) {
            let Some(waiter) = origin.pop_waiter() else { return };
            let lease = ConnectionLease::H2(H2Stream::new(connection));
            let _ = waiter.send(Ok(Granted {
                lease,
                fresh: fresh.take(),
            }));
        }
    }

    /// Takes the outcome of an attempt that [`Pool::next_to_connect`] asked for.
    pub(crate) fn connected(self: &Rc<Self>, origin: &Rc<Origin>, dialed: Dialed) {
        origin.connecting.set(origin.connecting.get() - 1);
        self.connecting.set(self.connecting.get() - 1);
        match dialed.outcome {
            Ok((wire, stamps)) => {
                self.opened.set(self.opened.get() + 1);
                let permit = self.permit(origin);
                match wire {
                    FreshConnection::Http1(sender, driver) => {
                        origin.protocol.set(Protocol::Http1);
                        let connection = Box::new(H1Connection::new(sender, driver, stamps, permit));
                        self.place(origin, connection, Some(dialed.times));
                    }
                    FreshConnection::Http2(sender, driver) => {
                        origin.protocol.set(Protocol::Http2);
                        let connection =
                            H2Connection::spawn(sender, driver, stamps, permit, self.owner(origin));
                        if !origin.retired.get() {
                            origin.h2.borrow_mut().push(connection.clone());
                        }
                        self.grant_streams(origin, &connection, Some(dialed.times));
                        self.note_idle(origin);
                    }
                }
            }
            Err(error) => {
                // Without an answer the server's choice stays unknown: the other requests may connect at once.
                if origin.protocol.get() == Protocol::Unknown {
                    origin.protocol.set(Protocol::Http1);
                }
                if let Some(waiter) = origin.pop_waiter() {
                    let _ = waiter.send(Err(ConnectRefusal {
                        error,
                        times: Some(dialed.times),
                    }));
                }
            }
        }
        self.note_hunger(origin);
    }

    /// Forgets what is closed or was idle for too long, and origins that have nothing left.
    pub(crate) fn sweep(&self) {
        let now_ns = monotonic_ns();
        for origin in self.origins.all() {
            let mut idle = origin.idle.take();
            let looked_at = idle.len().min(Self::SWEEP_AT_MOST);
            let mut place = 0;
            idle.retain_mut(|connection| {
                place += 1;
                place > looked_at || !connection.is_over(now_ns, self.limits.idle_ns)
            });
            origin.idle.replace(idle);
            origin
                .h2
                .borrow_mut()
                .retain(|connection| !connection.is_over(now_ns, self.limits.idle_ns));
        }
        self.idle_origins.borrow_mut().retain(|origin| {
            origin.listed_idle.set(origin.has_idle());
            origin.listed_idle.get()
        });
        self.origins.forget_unused();
    }

    /// Closes the connections of `group`: those in use when their exchange ends.
    pub(crate) fn close_group(&self, group: u64) {
        for origin in self.origins.remove_group(group) {
            origin.retired.set(true);
            origin.drop_waiters();
            drop(origin.idle.take());
            drop(origin.h2.take());
        }
    }

    pub(crate) fn open_and_connecting(&self) -> (usize, usize) {
        (self.openings.open.get(), self.connecting.get())
    }

    pub(crate) fn stats(&self) -> EngineStats {
        let origins = self.origins.all();
        EngineStats {
            open: self.openings.open.get(),
            idle: origins.iter().map(|origin| origin.idle.borrow().len()).sum(),
            connecting: self.connecting.get(),
            opened: self.opened.get(),
            waiting: origins.iter().map(|origin| origin.waiting()).sum(),
        }
    }

    fn permit(&self, origin: &Origin) -> Permit {
        Permit::new(&self.openings, &origin.open)
    }

    fn owner(self: &Rc<Self>, origin: &Rc<Origin>) -> Box<dyn StreamOwner> {
        Box::new(StreamsOfOrigin {
            pool: Rc::downgrade(self),
            origin: Rc::downgrade(origin),
        })
    }

    fn note_idle(&self, origin: &Rc<Origin>) {
        if !origin.listed_idle.replace(true) {
            self.idle_origins.borrow_mut().push_back(origin.clone());
        }
        self.openings.offer();
    }
}

/// Reassigns freed streams of an origin's connections. Its references are weak, as pool and origin hold the connections.
struct StreamsOfOrigin {
    pool: Weak<Pool>,
    origin: Weak<Origin>,
}

impl StreamOwner for StreamsOfOrigin {
    fn stream_ended(&self, connection: &Rc<H2Connection>) {
        if let (Some(pool), Some(origin)) = (self.pool.upgrade(), self.origin.upgrade()) {
            pool.stream_ended(&origin, connection);
        }
    }
}
