//! What one iteration sees of the world.

use std::any::Any;
use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::mem;
use std::rc::Rc;
use std::sync::atomic::Ordering;

use anyhow::Context as _;
use heavy_load::vocabulary::MetricKind;
use heavy_plugin::line::{CheckOutcome, MetricLine, StepOutcome};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::Result;
use crate::harness::core::Core;
use crate::harness::users::{Kind, User};
use crate::sequence::SequenceId;
use crate::step::Step;
use crate::verbs::{Scope, verbs};

/// What one iteration sees of the world: the way to the target, the job's parameters, its user's state.
///
/// Everything takes `&self`, so that requests can be made at the same time (with `tokio::join!`).
pub struct Context {
    core: Rc<Core>,
    lane: usize,
    user: Rc<User>,
    iteration: Option<u64>,
    sequence_id: SequenceId,
    group: Option<u64>,
    /// The step of requests outside of steps: empty in `run`, else the name of the function that runs.
    phase: Cell<&'static str>,
    timed_out: Cell<bool>,
    out_of_data: Cell<bool>,
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

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("workflow", &self.workflow())
            .field("iteration", &self.iteration)
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

impl Context {
    verbs!();

    /// Begins a step: a named part of the iteration with a duration and an outcome of its own.
    ///
    /// It ends when it is dropped, by [`Step::end`], or by itself after [`Step::run`]:
    ///
    /// ```
    /// # use heavy_sdk::prelude::*;
    /// # async fn run(ctx: &Context) -> Result<()> {
    /// let token = ctx.step("login").run(async |step| {
    ///     let answer = step.post("http://127.0.0.1:8080/login").send().await?;
    ///     Ok(answer.json::<serde_json::Value>()?["token"].to_string())
    /// }).await?;
    /// # let _ = token; Ok(())
    /// # }
    /// ```
    pub fn step(&self, name: impl Into<Cow<'static, str>>) -> Step<'_> {
        self.touch();
        Step::begin(self, name.into())
    }

    /// The number of the iteration in the job; `None` in `init` and `cleanup`.
    #[must_use]
    pub fn iteration(&self) -> Option<u64> {
        self.iteration
    }

    /// What ties the requests of this iteration together: a UUIDv4 of its own.
    #[must_use]
    pub fn sequence_id(&self) -> &str {
        self.sequence_id.as_str()
    }

    /// The user as whom this iteration runs, unique in the whole job.
    #[must_use]
    pub fn user_id(&self) -> &str {
        &self.user.id
    }

    /// The user's number in the whole job, from 0: of users of a closed load (`--users`) and of identities
    /// (`--unique-users`), which no two agents have at the same time. `None` of users that were made because an
    /// iteration needed one.
    #[must_use]
    pub fn user_number(&self) -> Option<u64> {
        match self.user.kind {
            Kind::Made => None,
            Kind::Identity | Kind::Round(_) => Some(self.user.number),
        }
    }

    /// The name of the workflow.
    #[must_use]
    pub fn workflow(&self) -> &str {
        &self.core.shared.workflows[self.lane].name
    }

    /// The workflow's params as a type of the load test's own.
    ///
    /// # Errors
    /// When they do not fit the type; the message says where.
    pub fn params<T: DeserializeOwned>(&self) -> Result<T> {
        T::deserialize(&*self.params_value())
            .with_context(|| format!("the params of the workflow {:?} do not fit", self.workflow()))
    }

    /// One of the workflow's params as text: a string as it is, anything else as JSON. `None` when it is not given.
    #[must_use]
    pub fn param(&self, key: &str) -> Option<String> {
        match self.params_value().get(key)? {
            Value::Null => None,
            Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        }
    }

    /// A variable: of the job (`-e KEY=value`), else of the [env file](crate::Runner::env_file), else of the process.
    #[must_use]
    pub fn env(&self, key: &str) -> Option<String> {
        match self.core.job.env.get(key) {
            Some(value) => Some(value.clone()),
            None => std::env::var(key).ok(),
        }
    }

    /// Keeps a value for the next iterations of this user, in place of the one it kept before.
    pub fn set_state<T: 'static>(&self, state: T) {
        *self.user.state.borrow_mut() = Some(Rc::new(state));
    }

    /// What this user keeps; `None` when it keeps nothing, or something of another type.
    #[must_use]
    pub fn state<T: 'static>(&self) -> Option<Rc<T>> {
        let state: Rc<dyn Any> = self.user.state.borrow().clone()?;
        state.downcast().ok()
    }

    pub(crate) fn new(
        core: Rc<Core>,
        lane: usize,
        user: Rc<User>,
        iteration: Option<u64>,
        group: Option<u64>,
    ) -> Self {
        Self {
            core,
            lane,
            user,
            iteration,
            sequence_id: SequenceId::fresh(),
            group,
            phase: Cell::new(""),
            timed_out: Cell::new(false),
            out_of_data: Cell::new(false),
            records: RefCell::default(),
        }
    }

    /// A context in which `init` or another function outside of iterations runs.
    pub(crate) fn outside(core: Rc<Core>, lane: usize, user: Rc<User>, phase: &'static str) -> Self {
        let ctx = Self::new(core, lane, user, None, None);
        ctx.phase.set(phase);
        ctx
    }

    pub(crate) fn core(&self) -> &Rc<Core> {
        &self.core
    }

    pub(crate) fn lane(&self) -> usize {
        self.lane
    }

    pub(crate) fn user(&self) -> &Rc<User> {
        &self.user
    }

    pub(crate) fn group(&self) -> Option<u64> {
        self.group
    }

    pub(crate) fn set_phase(&self, phase: &'static str) {
        self.phase.set(phase);
    }

    /// Takes note that there is no data for this iteration, nor will there be for others: the job is to end.
    pub(crate) fn end_of_data(&self) {
        self.out_of_data.set(true);
        self.core.shared.data_ended.store(true, Ordering::Relaxed);
    }

    /// Whether this iteration had no data.
    pub(crate) fn is_out_of_data(&self) -> bool {
        self.out_of_data.get()
    }

    pub(crate) fn set_timed_out(&self) {
        self.timed_out.set(true);
    }

    /// Whether it took longer than the job allows.
    pub(crate) fn is_timed_out(&self) -> bool {
        self.timed_out.get()
    }

    /// Why a request or step that is dropped now is dropped; `None` when it is the load test's own doing.
    pub(crate) fn cut_off(&self) -> Option<&'static str> {
        if self.timed_out.get() {
            Some("timeout")
        } else if self.core.interrupting.get() || self.user.cut_off.get() {
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

    pub(crate) fn record_metric(&self, name: &str, kind: MetricKind, value: f64, step: &str) {
        self.touch();
        self.core.results.metric(&MetricLine {
            name: name.into(),
            kind,
            value,
            step: step.into(),
            tags: "".into(),
        });
    }

    fn scope(&self) -> Scope<'_> {
        Scope {
            ctx: self,
            step: Cow::Borrowed(self.phase.get()),
        }
    }

    fn params_value(&self) -> std::sync::Arc<Value> {
        std::sync::Arc::clone(&self.core.params.borrow()[self.lane])
    }
}
