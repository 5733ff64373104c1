//! Panics in a load test's code: each is the failure of what was running, and not of the process.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::io::{self, Write as _};
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::pin::Pin;
use std::sync::Once;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::Poll;

use crate::Result;

/// Maximum number of panics printed to stderr; the results have the messages of all.
const MAX_PRINTED: u32 = 20;

thread_local! {
    static IN_LOAD_TEST: Cell<bool> = const { Cell::new(false) };
    static LOCATION: RefCell<String> = const { RefCell::new(String::new()) };
}

/// How a call of the load test's code ended, if it was not cut off.
#[derive(Debug)]
pub(crate) enum CallOutcome {
    Ok,
    Failed(String),
    Panicked(String),
}

impl CallOutcome {
    /// Why it failed, if it did.
    pub(crate) fn error(&self) -> Option<&str> {
        match self {
            Self::Ok => None,
            Self::Failed(message) | Self::Panicked(message) => Some(message),
        }
    }
}

/// Awaits a call of the load test's code and catches its panic. The call stays where it is pinned: an iteration's
/// task would otherwise hold room for it several times over.
pub(crate) async fn guarded(mut call: Pin<&mut impl Future<Output = Result<()>>>) -> CallOutcome {
    poll_fn(|task| {
        let polled = {
            IN_LOAD_TEST.set(true);
            let polled = panic::catch_unwind(AssertUnwindSafe(|| call.as_mut().poll(task)));
            IN_LOAD_TEST.set(false);
            polled
        };
        match polled {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(Ok(()))) => Poll::Ready(CallOutcome::Ok),
            Ok(Poll::Ready(Err(error))) => Poll::Ready(CallOutcome::Failed(format!("{error:#}"))),
            Err(payload) => {
                let message = message(&*payload);
                LOCATION.take();
                Poll::Ready(CallOutcome::Panicked(message))
            }
        }
    })
    .await
}

/// `panicked at src/main.rs:12:5: MESSAGE`; without the location if another hook has replaced this one.
pub(crate) fn message(payload: &(dyn Any + Send)) -> String {
    let said = payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("(no message)");
    LOCATION.with_borrow(|location| match &**location {
        "" => format!("panicked: {said}"),
        location => format!("panicked at {location}: {said}"),
    })
}

/// Makes panics of the load test's code short on stderr: a load test that panics in every iteration would fill the
/// log with backtraces. All other panics are reported as before.
pub(crate) fn shorten_reports() {
    report_with(print);
}

/// As [`shorten_reports`], but does not report panics of the load test's code at all: an observer shows them.
pub(crate) fn leave_reports_to_observer() {
    report_with(note_location);
}

fn report_with(report: fn(&PanicHookInfo<'_>)) {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let previous = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if IN_LOAD_TEST.get() {
                report(info);
            } else {
                previous(info);
            }
        }));
    });
}

fn note_location(info: &PanicHookInfo<'_>) {
    LOCATION.with_borrow_mut(|location| {
        *location = info.location().map_or_else(String::new, ToString::to_string);
    });
}

fn print(info: &PanicHookInfo<'_>) {
    static PRINTED: AtomicU32 = AtomicU32::new(0);
    note_location(info);
    let printed = PRINTED.fetch_add(1, Ordering::Relaxed);
    let mut stderr = io::stderr().lock();
    // Without a stderr the message is lost.
    let _ = match printed {
        0..MAX_PRINTED => writeln!(stderr, "{}", message(info.payload())),
        MAX_PRINTED => writeln!(stderr, "only the results have further panics"),
        _ => Ok(()),
    };
}
