//! One iteration, from its slot to its line.

use std::future::poll_fn;
use std::mem;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use heavy_load::admission::Released;
use heavy_load::vocabulary::Connections;
use heavy_plugin::line::{FAILED, IterationLine, PANIC, TIMEOUT};
use tokio::task::coop::unconstrained;
use tokio::time::Instant;

use super::panics::{CallOutcome, guarded};
use super::resources::Resources;
use super::tasks::{Runnable, WorkReceiver};
use super::users::User;
use crate::context::Context;
use crate::context::inner::ContextState;
use crate::http::monotonic_ns;
use crate::observer::Observed;
use crate::runner::Runner;

/// The metric that says how long `init_user` took, in ms.
pub(crate) const INIT_USER_DURATION: &str = "init_user_duration";

/// A shorter `init_user` does nothing, as most do, and is not reported.
const WORTH_REPORTING_NS: u64 = 100_000;

/// No timer waits longer for a timeout; it is set again then.
const LONGEST_WAIT: Duration = Duration::from_secs(86_400);

/// An iteration that has a slot and a user.
pub(crate) struct Admitted {
    pub(crate) released: Released,
    pub(crate) slot_wait_ns: u64,
    /// Of its task, among those that run.
    pub(crate) place: usize,
    pub(crate) user: Rc<User>,
    /// The group of its connections, unless it shares them.
    pub(crate) group: Option<u64>,
    pub(crate) resources: Rc<Resources>,
    pub(crate) core: Rc<dyn Admits>,
}

/// Admits iterations, and takes back what they held.
pub(crate) trait Admits {
    /// Takes note that the iteration at `place` has ended at `now_ns`.
    fn ended(self: Rc<Self>, place: usize, user: &Rc<User>, interrupted: bool, now_ns: u64);
}

/// What an iteration holds while it runs. Dropping it before [`OpenIteration::close`] means that it was cut off.
struct OpenIteration {
    ctx: Context,
    released: Released,
    slot_wait_ns: u64,
    place: usize,
    core: Rc<dyn Admits>,
    started_ns: u64,
    closed: bool,
}

/// Runs iterations one after the other, as long as there are some for this task.
pub(super) async fn work<R: Runner>(runner: Arc<R>, receiver: WorkReceiver<Admitted>) {
    loop {
        let admitted = receiver.next().await;
        drive(&*runner, admitted).await;
        if !receiver.rest() {
            return;
        }
    }
}

impl Runnable for Admitted {
    fn cut_off_at_once(self) {
        drop(OpenIteration::new(self));
    }
}

/// Runs one iteration and reports it.
async fn drive<R: Runner>(runner: &R, admitted: Admitted) {
    let mut open = OpenIteration::new(admitted);
    let mut outcome = CallOutcome::Ok;
    if !open.ctx.inner().user.ready.get() {
        // Once in a user's life: no other iteration's task has to hold room for it.
        outcome = Box::pin(open.init_user(runner)).await;
    }
    if let CallOutcome::Ok = outcome {
        open.ctx.inner().observe_begin("run");
        let run = pin!(runner.run(&open.ctx));
        outcome = match open.ctx.inner().resources.job.timeout {
            None => guarded(run).await,
            Some(limit) => within(limit, &open.ctx, run).await,
        };
    }
    open.close(Some(outcome));
}

async fn within(
    limit: Duration,
    ctx: &Context,
    mut run: Pin<&mut impl Future<Output = crate::Result<()>>>,
) -> CallOutcome {
    let (started_ns, pauses) = (monotonic_ns(), &ctx.inner().pauses);
    let mut call = pin!(guarded(run.as_mut()));
    let mut alarm = pin!(tokio::time::sleep(limit));
    poll_fn(|task| {
        if let Poll::Ready(outcome) = call.as_mut().poll(task) {
            return Poll::Ready(outcome);
        }
        let mut look = pauses.take_given_up();
        // A call that is always busy has used up its share of the thread, and is timed out all the same.
        while mem::take(&mut look) || pin!(unconstrained(alarm.as_mut())).poll(task).is_ready() {
            let Some(left) = pauses.time_left(started_ns, limit) else {
                // Requests that are now cut off say why.
                ctx.inner().timed_out.set(true);
                let message = format!("the iteration took longer than its timeout of {limit:?}");
                return Poll::Ready(CallOutcome::Failed(message));
            };
            alarm.as_mut().reset(Instant::now() + left.min(LONGEST_WAIT));
        }
        Poll::Pending
    })
    .await
}

impl OpenIteration {
    fn new(admitted: Admitted) -> Self {
        let Admitted {
            released,
            slot_wait_ns,
            place,
            user,
            group,
            resources,
            core,
        } = admitted;
        let inner = ContextState::new(resources, released.workflow, user, Some(released.n), group);
        Self {
            ctx: Context::new(inner),
            released,
            slot_wait_ns,
            place,
            core,
            started_ns: monotonic_ns(),
            closed: false,
        }
    }

    /// Makes the user ready. The time that takes is a wait for a slot, a ready user being part of one, and no part of
    /// the iteration's duration.
    async fn init_user<R: Runner>(&mut self, runner: &R) -> CallOutcome {
        let inner = self.ctx.inner();
        inner.phase.set("init_user");
        inner.observe_begin("init_user");
        let outcome = guarded(pin!(runner.init_user(&self.ctx))).await;
        inner.observe_harness(|| Observed::CallEnded {
            function: "init_user",
            error: outcome.error(),
        });
        inner.phase.set("");
        let now_ns = monotonic_ns();
        let init_ns = now_ns - self.started_ns;
        if init_ns >= WORTH_REPORTING_NS {
            self.ctx.trend(INIT_USER_DURATION, init_ns as f64 / 1e6);
        }
        self.slot_wait_ns += init_ns;
        self.ctx.inner().pauses.reset();
        self.started_ns = now_ns;
        match outcome {
            CallOutcome::Ok => {
                self.ctx.inner().user.ready.set(true);
                CallOutcome::Ok
            }
            CallOutcome::Failed(message) => CallOutcome::Failed(format!("init_user: {message}")),
            CallOutcome::Panicked(message) => CallOutcome::Panicked(format!("init_user {message}")),
        }
    }

    /// Reports the iteration and returns what it held. Without an outcome it was cut off.
    fn close(&mut self, outcome: Option<CallOutcome>) {
        self.closed = true;
        let ended_ns = monotonic_ns();
        let inner = self.ctx.inner();
        let out_of_data = inner.out_of_data.get();
        let interrupted = outcome.is_none() || out_of_data;
        let (error_kind, error) = match outcome {
            Some(_) if out_of_data => ("", Some("no data left for it".to_owned())),
            Some(CallOutcome::Ok) => ("", None),
            Some(CallOutcome::Failed(message)) if inner.timed_out.get() => (TIMEOUT, Some(message)),
            Some(CallOutcome::Failed(message)) => (FAILED, Some(message)),
            Some(CallOutcome::Panicked(message)) => (PANIC, Some(message)),
            None => ("", Some("cut off by the end of grace".to_owned())),
        };
        let resources = &inner.resources;
        let (steps, checks) = inner.take_records(error.is_some());
        let Released { n, due_ns, .. } = self.released;
        let lag_ns = self.started_ns.saturating_sub(due_ns);
        let think_ns = inner.pauses.sum_ns(ended_ns);
        let line = IterationLine {
            workflow: inner.workflow().into(),
            iteration: n,
            user_id: (&*inner.user.id).into(),
            sequence_id: inner.sequence_id.as_str().into(),
            scheduled_ns: resources.job.wall_ns(due_ns),
            lag_ns,
            slot_wait_ns: self.slot_wait_ns.min(lag_ns),
            duration_ns: (ended_ns - self.started_ns).saturating_sub(think_ns),
            think_ns,
            ok: error.is_none(),
            interrupted,
            error: error.map(Into::into),
            error_kind: error_kind.into(),
            steps,
            checks,
        };
        resources.results.iteration(&line);
        inner.observe_harness(|| Observed::IterationEnded(&line));
        if let (Connections::PerIteration, Some(group)) = (resources.job.connections, inner.group) {
            resources.client.close_group(group);
        }
        Rc::clone(&self.core).ended(self.place, &inner.user, interrupted, ended_ns);
    }
}

impl Drop for OpenIteration {
    fn drop(&mut self) {
        if !self.closed {
            self.close(None);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct OneGet;

    impl Runner for OneGet {
        async fn run(&self, ctx: &Context) -> crate::Result<()> {
            let answer = ctx.get("http://localhost/").send().await?;
            ctx.check("status is below 400", answer.status() < 400);
            Ok(())
        }
    }

    fn size_of_task<F: Future>(_: impl FnOnce(Arc<OneGet>, WorkReceiver<Admitted>) -> F) -> usize {
        size_of::<F>()
    }

    /// There are as many tasks as iterations run at once.
    #[test]
    fn an_iteration_is_a_small_task() {
        let size = size_of_task(work::<OneGet>);
        assert!(size <= 1536, "{size} bytes");
    }
}
