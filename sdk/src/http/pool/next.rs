//! Which request the next connection is opened for.

use std::rc::Rc;

use super::Pool;
use crate::http::clock::monotonic_ns;
use crate::http::origin::Origin;

impl Pool {
    /// An origin that wants a connection and may open one now; the attempt counts from here on.
    pub(crate) fn next_to_connect(&self) -> Option<Rc<Origin>> {
        let mut held_back = 0;
        self.held_back.set(false);
        loop {
            if self.connecting.get() >= self.limits.connects_in_progress {
                return None;
            }
            let origin = self.hungry.borrow().front()?.clone();
            let wanted = self.wanted_connects(&origin);
            if wanted == 0 {
                self.hungry.borrow_mut().pop_front();
                self.openings.wanted.set(!self.hungry.borrow().is_empty());
                origin.hungry.set(false);
                continue;
            }
            let now_ns = monotonic_ns();
            if !origin.is_worth_opening(wanted, now_ns) {
                self.held_back.set(true);
                self.hungry.borrow_mut().rotate_left(1);
                held_back += 1;
                if held_back >= self.hungry.borrow().len() {
                    return None;
                }
                continue;
            }
            if self.openings.open.get() + self.connecting.get() >= self.limits.connections
                && !self.evict_one()
            {
                return None;
            }
            self.hungry.borrow_mut().rotate_left(1);
            origin.begin_connect(now_ns);
            self.connecting.set(self.connecting.get() + 1);
            return Some(origin);
        }
    }

    fn wanted_connects(&self, origin: &Origin) -> usize {
        origin.wanted_connects(self.limits.h2_connections, self.limits.h2_streams)
    }

    pub(super) fn note_hunger(&self, origin: &Rc<Origin>) {
        if self.wanted_connects(origin) == 0 {
            return;
        }
        if !origin.hungry.replace(true) {
            self.hungry.borrow_mut().push_back(origin.clone());
            self.openings.wanted.set(true);
        }
        self.openings.wake.notify_one();
    }

    fn evict_one(&self) -> bool {
        loop {
            let Some(origin) = self.idle_origins.borrow().front().cloned() else {
                return false;
            };
            let evicted = origin.evict();
            if !origin.has_idle() {
                self.idle_origins.borrow_mut().pop_front();
                origin.listed_idle.set(false);
            } else {
                self.idle_origins.borrow_mut().rotate_left(1);
            }
            if evicted {
                return true;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::config::EngineConfig;
    use crate::http::origin::Protocol;
    use crate::http::target::OriginKey;

    #[test]
    fn connections_that_come_back_at_once_hold_others_back() {
        let pool = Rc::new(Pool::new(&EngineConfig::default()));
        let key = OriginKey {
            host: "host".into(),
            port: 80,
            tls: false,
        };
        let origin = pool.origin(None, &key);
        origin.protocol.set(Protocol::Http1);
        let _permits: Vec<_> = (0..10).map(|_| pool.permit(&origin)).collect();
        // In the future, so that it stays lately however long this takes.
        let returned_ns = monotonic_ns() + 1_000_000_000_000;
        let mut turnover = origin.turnover.get();
        turnover.returned(100_000, returned_ns);
        origin.turnover.set(turnover);
        let _waiting: Vec<_> = (0..100).map(|_| pool.wait(&origin)).collect();
        assert!(pool.next_to_connect().is_some(), "none was opened for long");
        assert!(pool.next_to_connect().is_none() && pool.held_back.get());
        let _more: Vec<_> = (0..300).map(|_| pool.wait(&origin)).collect();
        assert!(pool.next_to_connect().is_some(), "so many are not served soon");
        turnover.returned(300_000_000, returned_ns);
        (0..10).for_each(|_| turnover.returned(300_000_000, returned_ns));
        origin.turnover.set(turnover);
        let opened = std::iter::from_fn(|| pool.next_to_connect()).count();
        assert_eq!((opened, pool.held_back.get()), (62, false), "up to 64 at once");
    }
}
