//! One run of a target, as all of its threads share it: its plan, how it stops, and what went wrong.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{Notify, watch};

use super::call::ErasedTarget;
use super::plan::CallPlan;
use super::{CallError, Error, Failed, Options, Report};
use crate::harness::slots::Slots;
use crate::http::{duration_ns, monotonic_ns};

/// One run of a target, as all of its threads share it. Instants are on the monotonic clock.
pub(super) struct TargetRun {
    pub(super) options: Options,
    pub(super) target: Arc<dyn ErasedTarget>,
    pub(super) plan: CallPlan,
    pub(super) start_ns: u64,
    pub(super) slots: Slots,
    /// Whether a panic of the target ends the run.
    stop_on_panic: bool,
    failed: AtomicU64,
    stop: watch::Sender<Option<StopAt>>,
    alarm: Arc<Alarm>,
}

/// That a run is to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct StopAt {
    /// Since when.
    pub(super) at_ns: u64,
    /// When calls that run are cut off.
    pub(super) deadline_ns: u64,
}

/// How a run begins.
#[derive(Debug, Clone)]
pub(super) struct Beginning {
    pub(super) start_ns: u64,
    pub(super) stop_on_panic: bool,
    pub(super) alarm: Arc<Alarm>,
}

impl Beginning {
    /// In a moment, so that threads are ready.
    pub(super) fn soon(stop_on_panic: bool) -> Self {
        Self {
            start_ns: monotonic_ns() + START_IN_NS,
            stop_on_panic,
            alarm: Arc::default(),
        }
    }
}

/// How long threads have to begin.
const START_IN_NS: u64 = 5_000_000;

impl TargetRun {
    pub(super) fn new(
        options: Options,
        target: Arc<dyn ErasedTarget>,
        plan: CallPlan,
        beginning: Beginning,
    ) -> Self {
        let slots = Slots::new(options.threads);
        slots.set_limit(options.limit);
        Self {
            options,
            target,
            plan,
            start_ns: beginning.start_ns,
            slots,
            stop_on_panic: beginning.stop_on_panic,
            failed: AtomicU64::new(0),
            stop: watch::Sender::new(None),
            alarm: beginning.alarm,
        }
    }

    /// Starts no more and cuts off what still runs after `grace`. After several calls, the shortest grace counts.
    pub(super) fn stop(&self, grace: Duration) {
        let at_ns = monotonic_ns();
        let new = StopAt {
            at_ns,
            deadline_ns: at_ns.saturating_add(duration_ns(grace)),
        };
        self.stop.send_if_modified(|stop| {
            let before = *stop;
            *stop = Some(before.map_or(new, |before| before.sooner(new)));
            *stop != before
        });
    }

    /// Stops because something went wrong.
    pub(super) fn fail(&self, trouble: RunTrouble) {
        self.alarm.ring(&self.options.name, trouble);
        self.stop(self.options.grace);
    }

    /// Records a call that ended.
    pub(super) fn ended(&self, result: &Result<(), CallError>) {
        let (message, panicked) = match result {
            Ok(()) | Err(CallError::Interrupted) => return,
            Err(CallError::Failed(message)) => (message, false),
            Err(CallError::Panicked(message)) => (message, true),
        };
        let failed = self.failed.fetch_add(1, Ordering::Relaxed) + 1;
        let too_many = self.options.stop_on_error.is_some_and(|most| failed >= most);
        if too_many || (panicked && self.stop_on_panic) {
            self.fail(RunTrouble::Target(message.clone()));
        }
    }

    /// A receiver of the stop, if one comes.
    pub(super) fn stops(&self) -> watch::Receiver<Option<StopAt>> {
        self.stop.subscribe()
    }

    /// How long calls kept becoming due.
    pub(super) fn paced_ns(&self) -> u64 {
        let Some(planned_ns) = self.plan.duration_ns() else {
            return 0;
        };
        let stopped_ns = self.stop.borrow().map_or(u64::MAX, |stop| stop.at_ns);
        planned_ns.min(stopped_ns.saturating_sub(self.start_ns))
    }
}

impl StopAt {
    fn sooner(self, other: Self) -> Self {
        Self {
            at_ns: self.at_ns.min(other.at_ns),
            deadline_ns: self.deadline_ns.min(other.deadline_ns),
        }
    }
}

/// Signals that something went wrong. A farm has one for all of its workers.
#[derive(Debug, Default)]
pub(super) struct Alarm {
    first: std::sync::Mutex<Option<(Arc<str>, RunTrouble)>>,
    rung: Notify,
}

#[derive(Debug)]
pub(super) enum RunTrouble {
    Target(String),
    Listener(String),
    Runtime(io::Error),
}

impl Alarm {
    fn first(&self) -> std::sync::MutexGuard<'_, Option<(Arc<str>, RunTrouble)>> {
        self.first
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn ring(&self, worker: &Arc<str>, trouble: RunTrouble) {
        self.first().get_or_insert_with(|| (Arc::clone(worker), trouble));
        self.rung.notify_one();
    }

    /// Waits until something goes wrong.
    pub(super) async fn rung(&self) {
        self.rung.notified().await;
    }

    /// The reports, or what went wrong first together with them.
    pub(super) fn outcome(&self, reports: Vec<Report>) -> Result<Vec<Report>, Error> {
        let Some((worker, trouble)) = self.first().take() else {
            return Ok(reports);
        };
        let failed = |message| {
            Box::new(Failed {
                worker: worker.to_string(),
                message,
                reports,
            })
        };
        Err(match trouble {
            RunTrouble::Target(message) => Error::Target(failed(message)),
            RunTrouble::Listener(message) => Error::Listener(failed(message)),
            RunTrouble::Runtime(error) => Error::Runtime(error),
        })
    }
}
