//! Listeners: code that sees every call.

use std::sync::Arc;

use super::{CallError, DropReason, Event};
use crate::Result;

/// Sees every call of a work. All methods do nothing by default.
///
/// A listener runs on a thread of its own behind a queue of [`Options::queue`](super::Options::queue) notices, which
/// never makes the pacing wait: what finds the queue full is not delivered, and counted in
/// [`Report::undelivered`](super::Report::undelivered). So it may block, or compute for long. Notices of one call come in
/// order; when one was not delivered, a call may be seen to end that was not seen to begin.
///
/// A listener that panics is not called again, and the work ends with [`Error::Listener`](super::Error::Listener).
///
/// One listener can serve several works: wrap it in an [`Arc`], which is also how to read afterwards what it saw.
///
/// ```
/// use heavy_sdk::local::{self, CallError, Event, Listener, Options};
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicU64, Ordering};
/// use std::time::Duration;
///
/// #[derive(Default)]
/// struct Failures(AtomicU64);
///
/// impl Listener for Failures {
///     fn after(&self, _: &Event, result: &Result<(), CallError>) {
///         if result.is_err() {
///             self.0.fetch_add(1, Ordering::Relaxed);
///         }
///     }
/// }
///
/// let failures = Arc::new(Failures::default());
/// let options = Options::default().listener(Arc::clone(&failures));
/// let target = async || heavy_sdk::bail!("out of boots");
/// local::block_on(local::work("50/s", Duration::from_millis(200), target, options))?;
/// assert_eq!(failures.0.load(Ordering::Relaxed), 10);
/// # Ok::<(), local::Error>(())
/// ```
pub trait Listener: Send + Sync + 'static {
    /// A call has started.
    fn before(&self, event: &Event) {
        let _ = event;
    }

    /// A call that had started has ended.
    fn after(&self, event: &Event, result: &Result<(), CallError>) {
        let _ = (event, result);
    }

    /// A call was due and will not start.
    fn canceled(&self, event: &Event, reason: DropReason) {
        let _ = (event, reason);
    }

    /// The work has ended, and all events were delivered. Called once per work.
    ///
    /// # Errors
    /// When what was told could not be brought where it belongs; the work then ends with
    /// [`Error::Listener`](super::Error::Listener).
    fn flush(&self) -> Result<()> {
        Ok(())
    }
}

impl<L: Listener + ?Sized> Listener for Arc<L> {
    fn before(&self, event: &Event) {
        (**self).before(event);
    }

    fn after(&self, event: &Event, result: &Result<(), CallError>) {
        (**self).after(event, result);
    }

    fn canceled(&self, event: &Event, reason: DropReason) {
        (**self).canceled(event, reason);
    }

    fn flush(&self) -> Result<()> {
        (**self).flush()
    }
}
