//! What is behind a [`Context`](crate::Context): the iteration's identity, its user, and what it says about itself.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::mem;
use std::rc::Rc;
use std::sync::atomic::Ordering;

use heavy_plugin::line::{CheckOutcome, StepOutcome};

use crate::harness::resources::Resources;
use crate::harness::users::User;
use crate::observer::{CallSite, Observed, Whereabouts, called, forget_calls, last_call};
use crate::sequence::SequenceId;
use crate::think::Pauses;

/// One iteration, or one call of `init` and its like.
pub(crate) struct ContextState {
    pub(crate) resources: Rc<Resources>,
    pub(crate) workflow: usize,
    pub(crate) user: Rc<User>,
    /// None outside of iterations.
    pub(crate) iteration: Option<u64>,
    pub(crate) sequence_id: SequenceId,
    /// The iteration's connections, unless it shares them.
    pub(crate) group: Option<u64>,
    /// The step of requests outside of steps: empty in `run`, else the name of the function that runs.
    pub(crate) phase: Cell<&'static str>,
    pub(crate) timed_out: Cell<bool>,
    pub(crate) out_of_data: Cell<bool>,
    pub(crate) pauses: Pauses,
    records: RefCell<Records>,
}

/// What an iteration says about itself.
#[derive(Debug, Default)]
struct Records {
    steps: Vec<StepOutcome<'static>>,
    checks: Vec<CheckOutcome<'static>>,
    /// From here on, the steps ended by being dropped with nothing happening since: if the iteration now fails, it
    /// failed in them.
    left_open: Option<usize>,
}

impl fmt::Debug for ContextState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("workflow", &self.workflow())
            .field("iteration", &self.iteration)
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

impl ContextState {
    pub(crate) fn new(
        resources: Rc<Resources>,
        workflow: usize,
        user: Rc<User>,
        iteration: Option<u64>,
        group: Option<u64>,
    ) -> Self {
        Self {
            resources,
            workflow,
            user,
            iteration,
            sequence_id: SequenceId::fresh(),
            group,
            phase: Cell::new(""),
            timed_out: Cell::new(false),
            out_of_data: Cell::new(false),
            pauses: Pauses::default(),
            records: RefCell::default(),
        }
    }

    pub(crate) fn workflow(&self) -> &str {
        &self.resources.workflows[self.workflow].name
    }

    /// Shows the observer, if there is one, what the load test does at `call`.
    #[inline]
    pub(crate) fn observe<'e>(&self, step: &str, call: CallSite, what: impl FnOnce() -> Observed<'e>) {
        if let Some(observer) = &self.resources.observer {
            called(call);
            let call = Some(call);
            observer.observe(Whereabouts { step, call }, &what());
        }
    }

    /// Shows the observer, if there is one, what heavy does with the load test.
    #[inline]
    pub(crate) fn observe_harness<'e>(&self, what: impl FnOnce() -> Observed<'e>) {
        if let Some(observer) = &self.resources.observer {
            let (step, call) = (self.phase.get(), last_call());
            observer.observe(Whereabouts { step, call }, &what());
        }
    }

    /// Shows the observer, if there is one, that a step has ended, which is no call of its own.
    #[inline]
    pub(crate) fn observe_step_end<'e>(&self, step: &str, what: impl FnOnce() -> Observed<'e>) {
        if let Some(observer) = &self.resources.observer {
            observer.observe(Whereabouts { step, call: None }, &what());
        }
    }

    /// Takes note of a call whose answer may be why the iteration fails.
    pub(crate) fn note_call(&self, call: CallSite) {
        if self.resources.observer.is_some() {
            called(call);
        }
    }

    /// Says that heavy calls a function of the workflow.
    pub(crate) fn observe_begin(&self, function: &'static str) {
        self.observe_harness(|| Observed::CallBegan {
            workflow: self.workflow(),
            function,
            iteration: self.iteration,
            user: &self.user.id,
        });
        if self.resources.observer.is_some() {
            forget_calls();
        }
    }

    /// Takes note that there is no data for this iteration, nor will there be for others: the job is to end.
    pub(crate) fn end_of_data(&self) {
        self.out_of_data.set(true);
        self.resources.data_ended.store(true, Ordering::Relaxed);
    }

    /// Why a request or step that is dropped now is dropped; `None` when it is the load test's own doing.
    pub(crate) fn cut_off(&self) -> Option<&'static str> {
        if self.timed_out.get() {
            Some("timeout")
        } else if self.resources.interrupting.get() || self.user.cut_off.get() {
            Some("interrupted")
        } else {
            None
        }
    }

    /// Takes note that the iteration went on, so that steps that ended before are not where it failed.
    pub(crate) fn touch(&self) {
        self.records.borrow_mut().left_open = None;
    }

    /// Records the end of a step. `left_open` says that it was dropped rather than ended.
    pub(crate) fn record_step(&self, step: StepOutcome<'static>, left_open: bool) {
        let mut records = self.records.borrow_mut();
        let place = records.steps.len();
        records.left_open = left_open.then(|| records.left_open.unwrap_or(place));
        records.steps.push(step);
    }

    /// The steps and checks. When the iteration failed, it failed in the steps that were still open.
    pub(crate) fn take_records(
        &self,
        failed: bool,
    ) -> (Vec<StepOutcome<'static>>, Vec<CheckOutcome<'static>>) {
        let mut records = mem::take(&mut *self.records.borrow_mut());
        if failed && let Some(place) = records.left_open {
            for step in &mut records.steps[place..] {
                step.ok = false;
            }
        }
        (records.steps, records.checks)
    }

    pub(crate) fn record_check(&self, name: Cow<'static, str>, passed: bool) {
        let mut records = self.records.borrow_mut();
        records.left_open = None;
        let checks = &mut records.checks;
        let place = checks
            .iter()
            .position(|check| check.name == name)
            .unwrap_or_else(|| {
                checks.push(CheckOutcome {
                    name,
                    ..CheckOutcome::default()
                });
                checks.len() - 1
            });
        if passed {
            checks[place].passes += 1;
        } else {
            checks[place].fails += 1;
        }
    }
}
