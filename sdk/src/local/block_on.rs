//! A plain `fn main` can wait, too.

use tokio::runtime::{Builder, Handle};

use super::Error;
use crate::Result;

/// Runs a future of this module to its end on the calling thread, for a plain `fn main` or a test without a runtime.
/// The future may use all of tokio.
///
/// # Errors
/// Those of the future; [`Error::InsideRuntime`] when the thread is one of a tokio runtime, which would be blocked: await
/// the future there; [`Error::Runtime`] when the operating system gives no event queue.
pub fn block_on<T, E: From<Error>>(future: impl Future<Output = Result<T, E>>) -> Result<T, E> {
    if Handle::try_current().is_ok() {
        return Err(Error::InsideRuntime.into());
    }
    let runtime = Builder::new_current_thread().enable_all().build();
    runtime.map_err(Error::Runtime)?.block_on(future)
}
