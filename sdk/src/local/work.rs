//! A work that is running, and how a plain `fn main` waits for it.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

use super::run::{Alarm, TargetRun};
use super::{Error, Report};

/// A running work: a future of its report. It runs whether the future is awaited or not; dropping it cuts the work off.
#[must_use = "dropping a work cuts it off"]
pub struct Work {
    run: Arc<TargetRun>,
    alarm: Arc<Alarm>,
    ended: oneshot::Receiver<Report>,
}

impl fmt::Debug for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Work").field(&self.run.options.name).finish()
    }
}

impl Work {
    pub(super) fn new(run: Arc<TargetRun>, alarm: Arc<Alarm>, ended: oneshot::Receiver<Report>) -> Self {
        Self { run, alarm, ended }
    }

    /// Starts no more calls, and cuts off those that still run after `grace`. After several calls, the shortest grace
    /// counts. The report follows.
    pub fn stop(&self, grace: Duration) {
        self.run.stop(grace);
    }

    /// What stops it with the grace of its options.
    pub(super) fn stopper(&self) -> impl FnOnce() + Send + use<> {
        let run = Arc::clone(&self.run);
        move || run.stop(run.options.grace)
    }

    /// The report, whatever went wrong.
    pub(super) async fn report(&mut self) -> Result<Report, Error> {
        (&mut self.ended).await.map_err(|_| gone())
    }
}

impl Future for Work {
    type Output = Result<Report, Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let ended = Pin::new(&mut self.ended).poll(context);
        ended.map(|report| {
            let reports = self.alarm.outcome(vec![report.map_err(|_| gone())?])?;
            reports.into_iter().next().ok_or_else(gone)
        })
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        self.run.stop(Duration::ZERO);
    }
}

fn gone() -> Error {
    Error::Runtime(io::Error::other("the thread of the work is gone"))
}

/// Runs a future of this module to its end on the calling thread, for a plain `fn main` or a test without a runtime.
/// The future may use all of tokio.
///
/// # Errors
/// Those of the future; [`Error::InsideRuntime`] when the thread is one of a tokio runtime, which would be blocked: await
/// the future there; [`Error::Runtime`] when the operating system provides no event queue.
pub fn block_on<T, E: From<Error>>(future: impl Future<Output = Result<T, E>>) -> Result<T, E> {
    if Handle::try_current().is_ok() {
        return Err(Error::InsideRuntime.into());
    }
    let runtime = Builder::new_current_thread().enable_all().build();
    runtime.map_err(Error::Runtime)?.block_on(future)
}
