//! What `try` shows of an iteration as it happens. Loads have no observer: then all that is done is to see that there is none.

use std::cell::Cell;
use std::panic::Location;
use std::time::Duration;

use heavy_plugin::line::{IterationLine, MetricLine, RequestLine};

use crate::Error;
use crate::http::{Exchange, Request};

/// A place in the source of the load test.
pub(crate) type CallSite = &'static Location<'static>;

/// Something that happened.
pub(crate) enum Observed<'a> {
    /// heavy calls a function of a workflow: `run`, or `init` and its like.
    CallBegan {
        workflow: &'a str,
        function: &'static str,
        iteration: Option<u64>,
        user: &'a str,
    },
    /// A function other than `run` has ended, with an error or the message of a panic.
    CallEnded {
        function: &'static str,
        error: Option<&'a str>,
    },
    /// The iteration is over, and this is its line.
    IterationEnded(&'a IterationLine<'a>),
    StepBegan,
    StepFailed(&'a Error),
    StepEnded {
        duration_ns: u64,
        ok: bool,
    },
    /// A request is handed to the client.
    RequestBegan {
        number: u32,
        request: &'a Request,
    },
    /// A request or a sample has ended. Numbers are those of [`Self::RequestBegan`]; without one nothing was sent by the SDK.
    RequestEnded {
        number: Option<u32>,
        line: &'a RequestLine<'a>,
        exchange: Option<&'a Exchange>,
    },
    Checked {
        name: &'a str,
        passed: bool,
    },
    Measured(&'a MetricLine<'a>),
    /// The load test pauses for this long.
    Thinks(Duration),
}

/// Where something happened.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Whereabouts<'a> {
    /// The step, or the function if it is not `run`; empty outside of steps.
    pub(crate) step: &'a str,
    /// The call of the load test that did it, or for what has failed the last one before.
    pub(crate) call: Option<CallSite>,
}

/// Gets everything that happens, on the core's thread.
pub(crate) trait Observer: Send + Sync {
    /// A number for the next request.
    fn next_number(&self) -> u32;

    fn observe(&self, place: Whereabouts<'_>, what: &Observed<'_>);
}

thread_local! {
    static LAST_CALL: Cell<Option<CallSite>> = const { Cell::new(None) };
}

/// Takes note of a call of the load test on this thread.
pub(crate) fn called(at: CallSite) {
    LAST_CALL.set(Some(at));
}

/// Forgets the last call: what follows has nothing to do with it.
pub(crate) fn forget_calls() {
    LAST_CALL.set(None);
}

/// The last call on this thread: the best guess for where an error comes from, which does not say it.
pub(crate) fn last_call() -> Option<CallSite> {
    LAST_CALL.get()
}
