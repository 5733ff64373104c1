//! One call of a target, from its slot to what came of it.

use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use heavy_load::admission::Released;
use tokio::task::AbortHandle;

use super::announce::Notice;
use super::core::Core;
use super::{CallError, Event};
use crate::Result;
use crate::harness::panics::{Outcome, guarded};
use crate::http::monotonic_ns;

/// A target without its type, so that a worker needs none. A call is started through one that knows the type, so that
/// each costs one allocation: its task.
pub(super) trait Erased: Send + Sync {
    fn start(self: Arc<Self>, open: Open) -> AbortHandle;
}

impl<F: AsyncFn() -> Result<()> + Send + Sync + 'static> Erased for F {
    fn start(self: Arc<Self>, open: Open) -> AbortHandle {
        tokio::task::spawn_local(drive(self, open)).abort_handle()
    }
}

async fn drive<F: AsyncFn() -> Result<()>>(target: Arc<F>, mut open: Open) {
    open.begin();
    // A function that panics before it gives its future is called within the guard, too.
    let outcome = guarded(pin!(async { target().await })).await;
    open.close(match outcome {
        Outcome::Ok => Ok(()),
        Outcome::Failed(message) => Err(CallError::Failed(message)),
        Outcome::Panicked(message) => Err(CallError::Panicked(message)),
    });
}

/// A call that has a slot. Dropping it before [`Open::close`] means that it was cut off.
pub(super) struct Open {
    core: Rc<Core>,
    released: Released,
    slot_wait_ns: u64,
    place: usize,
    started_ns: Option<u64>,
    closed: bool,
}

impl Open {
    pub(super) fn new(core: Rc<Core>, released: Released, slot_wait_ns: u64, place: usize) -> Self {
        Self {
            core,
            released,
            slot_wait_ns,
            place,
            started_ns: None,
            closed: false,
        }
    }

    /// Takes note that the call starts now; gives when it did.
    fn begin(&mut self) -> u64 {
        if let Some(started_ns) = self.started_ns {
            return started_ns;
        }
        let started_ns = monotonic_ns();
        self.started_ns = Some(started_ns);
        let lag_ns = started_ns.saturating_sub(self.released.due_ns);
        let core = &self.core;
        core.tally
            .borrow_mut()
            .started(lag_ns.saturating_sub(self.slot_wait_ns));
        if core.announcer.has_listeners() {
            let event = core.event(self.released, Some(started_ns), None);
            core.announcer.tell(&Notice::Before(event));
        }
        started_ns
    }

    /// Says what came of the call and gives back what it held.
    fn close(&mut self, result: Result<(), CallError>) {
        let started_ns = self.begin();
        self.closed = true;
        let ended_ns = monotonic_ns();
        let core = &self.core;
        core.tally.borrow_mut().ended(ended_ns - started_ns, &result);
        core.run.ended(&result);
        if core.announcer.has_listeners() {
            let event = core.event(self.released, Some(started_ns), Some(ended_ns));
            core.announcer.tell(&Notice::After(event, result));
        }
        core.ended(self.place, ended_ns);
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        if !self.closed {
            self.close(Err(CallError::Interrupted));
        }
    }
}

impl Core {
    /// An event of this run; its instants count from the start.
    pub(super) fn event(&self, released: Released, started_ns: Option<u64>, ended_ns: Option<u64>) -> Event {
        let since = |at_ns: u64| Duration::from_nanos(at_ns.saturating_sub(self.run.start_ns));
        Event {
            worker: Arc::clone(&self.run.options.name),
            n: released.n,
            scheduled: since(released.due_ns),
            started: started_ns.map(since),
            ended: ended_ns.map(since),
        }
    }
}
