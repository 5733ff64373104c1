//! Listeners: code that sees every call, and its notices.

use std::sync::Arc;
use std::time::Duration;

use super::DropReason;
use crate::Result;

/// One call of a target, as far as it has come. Instants count from the start of the work.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Event {
    /// The name of the worker.
    pub worker: Arc<str>,
    /// The number of the call in its work, from 0.
    pub n: u64,
    /// When the call was due.
    pub scheduled: Duration,
    /// When it started; `None` if it was canceled.
    pub started: Option<Duration>,
    /// When it ended; `None` before it has.
    pub ended: Option<Duration>,
}

impl Event {
    /// From when the call was due to when it started; `None` if it was canceled.
    #[must_use]
    pub fn lag(&self) -> Option<Duration> {
        Some(self.started?.saturating_sub(self.scheduled))
    }

    /// From the start of the call to its end; `None` before that.
    #[must_use]
    pub fn duration(&self) -> Option<Duration> {
        Some(self.ended?.saturating_sub(self.started?))
    }

    /// From when the call was due to its end, so that a late start is part of it; `None` before that.
    #[must_use]
    pub fn response_time(&self) -> Option<Duration> {
        Some(self.ended?.saturating_sub(self.scheduled))
    }
}

/// Why a call that started is not ok.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// The target returned an `Err`: its message and those of its causes.
    #[error("{0}")]
    Failed(String),
    /// The target panicked: the location and the message.
    #[error("{0}")]
    Panicked(String),
    /// It was cut off by the end of grace, or because the work was dropped.
    #[error("cut off by the end of grace")]
    Interrupted,
}

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
    /// If the events could not be written to their destination; the work then ends with
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_follow_from_instants() {
        let ms = |ms| Some(Duration::from_millis(ms));
        let mut event = Event {
            worker: "w".into(),
            n: 3,
            scheduled: Duration::from_millis(10),
            started: None,
            ended: None,
        };
        let times = |event: &Event| [event.lag(), event.duration(), event.response_time()];
        assert_eq!(times(&event), [None; 3]);
        event.started = ms(12);
        assert_eq!(times(&event), [ms(2), None, None]);
        event.ended = ms(17);
        assert_eq!(times(&event), [ms(2), ms(5), ms(7)]);
    }
}
