//! One call of a target, from its slot to its outcome.

use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;

use heavy_load::admission::Released;
use tokio::task::AbortHandle;

use super::CallError;
use crate::Result;
use crate::harness::panics::{CallOutcome, guarded};
use crate::http::monotonic_ns;

/// A target without its type, so that a worker needs none. A call is started through one that knows the type, so that
/// each costs one allocation: its task.
pub(super) trait ErasedTarget: Send + Sync {
    fn start(self: Arc<Self>, open: OpenCall) -> AbortHandle;
}

impl<F: AsyncFn() -> Result<()> + Send + Sync + 'static> ErasedTarget for F {
    fn start(self: Arc<Self>, open: OpenCall) -> AbortHandle {
        tokio::task::spawn_local(drive(self, open)).abort_handle()
    }
}

async fn drive<F: AsyncFn() -> Result<()>>(target: Arc<F>, mut open: OpenCall) {
    open.begin();
    // A function that panics before it gives its future is called within the guard, too.
    let outcome = guarded(pin!(async { target().await })).await;
    open.close(match outcome {
        CallOutcome::Ok => Ok(()),
        CallOutcome::Failed(message) => Err(CallError::Failed(message)),
        CallOutcome::Panicked(message) => Err(CallError::Panicked(message)),
    });
}

/// Counts a call, and takes back its slot when it has ended.
pub(super) trait CallOwner {
    /// The call starts.
    fn began(&self, call: &Call, started_ns: u64);

    /// The call is over.
    fn ended(self: Rc<Self>, call: &Call, started_ns: u64, result: Result<(), CallError>);
}

/// A call that has a slot.
#[derive(Debug, Clone, Copy)]
pub(super) struct Call {
    pub(super) released: Released,
    /// How long it was due while no slot was free.
    pub(super) slot_wait_ns: u64,
    /// Where it stands among the calls that run.
    pub(super) place: usize,
}

/// A call under way. Dropping it before [`OpenCall::close`] means that it was cut off.
pub(super) struct OpenCall {
    call: Call,
    started_ns: Option<u64>,
    /// Until it is closed.
    owner: Option<Rc<dyn CallOwner>>,
}

impl OpenCall {
    pub(super) fn new(owner: Rc<dyn CallOwner>, call: Call) -> Self {
        Self {
            call,
            started_ns: None,
            owner: Some(owner),
        }
    }

    /// Notifies the owner that the call starts now; returns when it did.
    fn begin(&mut self) -> u64 {
        if let Some(started_ns) = self.started_ns {
            return started_ns;
        }
        let started_ns = monotonic_ns();
        self.started_ns = Some(started_ns);
        if let Some(owner) = &self.owner {
            owner.began(&self.call, started_ns);
        }
        started_ns
    }

    /// Notifies the owner of the result.
    fn close(&mut self, result: Result<(), CallError>) {
        let started_ns = self.begin();
        if let Some(owner) = self.owner.take() {
            owner.ended(&self.call, started_ns, result);
        }
    }
}

impl Drop for OpenCall {
    fn drop(&mut self) {
        if self.owner.is_some() {
            self.close(Err(CallError::Interrupted));
        }
    }
}
