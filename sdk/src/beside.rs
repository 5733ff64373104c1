//! Tasks of a core beside those of its iterations.

use std::pin::Pin;

use tokio::task::{AbortHandle, spawn_local};

/// Starts a task on this thread. Its future goes into a box: the runtime has a copy of its code for every type of future
/// that it is given, and what is started once or seldom is not worth one.
pub(crate) fn beside(future: impl Future<Output = ()> + 'static) -> AbortHandle {
    start(Box::pin(future))
}

fn start(future: Pin<Box<dyn Future<Output = ()>>>) -> AbortHandle {
    spawn_local(future).abort_handle()
}
