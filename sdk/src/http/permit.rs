//! Permits for open connections, under an engine's limit.

use std::cell::Cell;
use std::rc::Rc;

use tokio::sync::Notify;

/// How many connections of one engine are open, and whether an origin waits to open another.
#[derive(Default)]
pub(crate) struct Openings {
    pub(crate) open: Cell<usize>,
    /// Whether an origin wants to connect.
    pub(crate) wanted: Cell<bool>,
    /// Notified whenever the connector may have work.
    pub(crate) wake: Notify,
}

impl Openings {
    /// Wakes the connector if an origin waits for a permit.
    pub(crate) fn offer(&self) {
        if self.wanted.get() {
            self.wake.notify_one();
        }
    }
}

/// One open connection's permit; returned on drop.
pub(crate) struct Permit {
    openings: Rc<Openings>,
    of_origin: Rc<Cell<usize>>,
}

impl Permit {
    /// Takes a permit, which `of_origin` counts too.
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
