//! A named part of an iteration.

use std::borrow::Cow;
use std::panic::Location;

use heavy_plugin::line::StepOutcome;

use crate::Result;
use crate::context::inner::ContextState;
use crate::http::monotonic_ns;
use crate::observer::{CallSite, Observed, last_call};
use crate::scope::Scope;
use crate::verbs::verbs;

/// A named part of an iteration: it holds requests, and has a duration, without [think time](Self::think), and an outcome of
/// its own.
///
/// A step fails if the function passed to [`run`](Self::run) returns an `Err`, if the iteration fails or is cut off
/// while the step is open, or by [`fail`](Self::fail). Failed requests and checks alone do not fail it.
///
/// ```
/// # use heavy_sdk::prelude::*;
/// # async fn run(ctx: &Context) -> Result<()> {
/// let pay = ctx.step("pay");
/// let paid = pay.post("http://127.0.0.1:8080/checkout").send().await?; // an `Err` fails the step too
/// if paid.is_success() { pay.end() } else { pay.fail() }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "a step ends when it is dropped"]
pub struct Step<'a> {
    inner: &'a ContextState,
    name: Cow<'static, str>,
    started_ns: u64,
    /// The pauses before it.
    paused_ns: u64,
    outcome: Option<bool>,
    call: CallSite,
}

impl<'a> Step<'a> {
    verbs!();

    pub(crate) fn begin(inner: &'a ContextState, name: Cow<'static, str>, call: CallSite) -> Self {
        inner.observe(&name, call, || Observed::StepBegan);
        let started_ns = monotonic_ns();
        Self {
            inner,
            name,
            started_ns,
            paused_ns: inner.pauses.sum_ns(started_ns),
            outcome: None,
            call,
        }
    }

    /// Runs `part` as this step. The step fails if `part` does.
    ///
    /// # Errors
    /// Returns the error of `part`.
    pub async fn run<T>(mut self, part: impl AsyncFnOnce(&Step<'a>) -> Result<T>) -> Result<T> {
        let result = part(&self).await;
        self.outcome = Some(result.is_ok());
        if let Err(error) = &result {
            let call = last_call().unwrap_or(self.call);
            self.inner
                .observe(&self.name, call, || Observed::StepFailed(error));
        }
        result
    }

    /// Ends the step successfully.
    pub fn end(mut self) {
        self.outcome = Some(true);
    }

    /// Ends the step as failed.
    pub fn fail(mut self) {
        self.outcome = Some(false);
    }

    #[track_caller]
    fn scope(&self) -> Scope<'_> {
        Scope {
            inner: self.inner,
            call: Location::caller(),
            step: Cow::Borrowed(&*self.name),
        }
    }
}

impl Drop for Step<'_> {
    fn drop(&mut self) {
        let left_open = self.outcome.is_none();
        let ended_ns = monotonic_ns();
        let paused_ns = self.inner.pauses.sum_ns(ended_ns).saturating_sub(self.paused_ns);
        let step = StepOutcome {
            name: std::mem::take(&mut self.name),
            duration_ns: (ended_ns - self.started_ns).saturating_sub(paused_ns),
            ok: self.outcome.unwrap_or(self.inner.cut_off().is_none()),
        };
        let (duration_ns, ok) = (step.duration_ns, step.ok);
        self.inner
            .observe_step_end(&step.name, || Observed::StepEnded { duration_ns, ok });
        self.inner.record_step(step, left_open);
    }
}
