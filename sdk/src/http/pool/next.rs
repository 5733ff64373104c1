//! For whom the next connection is opened.

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
                origin.hungry.set(false);
                continue;
            }
            if wanted <= origin.served_soon(monotonic_ns()) {
                self.held_back.set(true);
                self.hungry.borrow_mut().rotate_left(1);
                held_back += 1;
                if held_back >= self.hungry.borrow().len() {
                    return None;
                }
                continue;
            }
            if self.open.get() + self.connecting.get() >= self.limits.connections && !self.evict_one() {
                return None;
            }
            self.hungry.borrow_mut().rotate_left(1);
            origin.connecting.set(origin.connecting.get() + 1);
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
        }
        self.wake.notify_one();
    }

    /// Wakes the connector if somebody waits for room.
    pub(super) fn feed(&self) {
        if !self.hungry.borrow().is_empty() {
            self.wake.notify_one();
        }
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
