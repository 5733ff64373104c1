//! The places of open connections under an engine's limit.

use std::cell::Cell;
use std::rc::Rc;

use tokio::sync::Notify;

/// How many connections of one engine are open, and whether somebody waits to open another.
#[derive(Default)]
pub(crate) struct Openings {
    pub(crate) open: Cell<usize>,
    /// Whether an origin wants to connect.
    pub(crate) wanted: Cell<bool>,
    /// Told whenever the connector may have something to do.
    pub(crate) wake: Notify,
}

impl Openings {
    /// Wakes the connector if somebody waits for a place.
    pub(crate) fn offer(&self) {
        if self.wanted.get() {
            self.wake.notify_one();
        }
    }
}

/// One open connection's place under the limit; given back when dropped.
pub(crate) struct Permit {
    openings: Rc<Openings>,
    of_origin: Rc<Cell<usize>>,
}

impl Permit {
    /// Takes a place, which `of_origin` counts too.
    pub(crate) fn new(openings: &Rc<Openings>, of_origin: &Rc<Cell<usize>>) -> Self {
        openings.open.set(openings.open.get() + 1);
        of_origin.set(of_origin.get() + 1);
        Self {
            openings: Rc::clone(openings),
            of_origin: Rc::clone(of_origin),
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.of_origin.set(self.of_origin.get() - 1);
        self.openings.open.set(self.openings.open.get() - 1);
        self.openings.offer();
    }
}
