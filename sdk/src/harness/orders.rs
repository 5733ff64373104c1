//! The orders to a core, and its thread.

use std::io;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;

use futures::{TryStreamExt as _, stream};
use heavy_plugin::rpc::Failure;
use serde_json::Value;
use tokio::runtime::{Builder, LocalOptions};
use tokio::sync::{mpsc, oneshot};

use super::core::Core;
use super::failure::failure;
use super::panics::{CallOutcome, guarded};
use super::users::{Kind, User};
use super::workflow::Later;
use crate::beside::beside;
use crate::context::Context;
use crate::context::inner::ContextState;
use crate::observer::Observed;

/// Users that log in at the same time, on each core.
const IDENTITIES_AT_ONCE: usize = 32;

/// One order. Those with an answer are answered when they are carried out.
#[derive(Debug)]
pub(crate) enum CoreOrder {
    Init {
        workflow: usize,
        answer: oneshot::Sender<Result<(), Failure>>,
    },
    /// Due instants are on the monotonic clock.
    Release {
        workflow: usize,
        due: Vec<(u64, u64)>,
    },
    /// Number, arrival and departure of users, on the monotonic clock.
    ReleaseUsers {
        workflow: usize,
        users: Vec<(u64, u64, u64)>,
    },
    /// Make identities of the job and run their `init_user`.
    Identities {
        workflow: usize,
        numbers: Vec<u64>,
        answer: oneshot::Sender<Result<(), Failure>>,
    },
    Params {
        workflow: usize,
        params: Arc<Value>,
    },
    /// Withdraw what is not yet due; answered by how much that was.
    Stop {
        answer: oneshot::Sender<u64>,
    },
    /// Wait until nothing runs.
    Idle {
        answer: oneshot::Sender<()>,
    },
    /// Cut off what runs; answered by how much that was.
    Interrupt {
        answer: oneshot::Sender<u64>,
    },
    /// Hand all lines to the writer.
    HandOver {
        answer: oneshot::Sender<()>,
    },
    CleanupUsers {
        answer: oneshot::Sender<Result<(), Failure>>,
    },
    Cleanup {
        workflow: usize,
        answer: oneshot::Sender<Result<(), Failure>>,
    },
}

/// The body of a core's thread: makes the core and carries out orders until their channel closes.
pub(crate) fn follow(
    mut orders: mpsc::Receiver<CoreOrder>,
    queues: bool,
    make_core: impl FnOnce() -> io::Result<Rc<Core>>,
) {
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build_local(LocalOptions::default())
        .expect("the operating system gives a thread its event queue");
    runtime.block_on(async {
        let core = make_core().expect("the operating system gives a core its timer");
        beside(Rc::clone(&core).pace());
        if queues {
            beside(Rc::clone(&core).take_freed_slots());
        }
        let resources = Rc::clone(&core.resources);
        beside(async move { resources.results.keep_handing_over().await });
        while let Some(order) = orders.recv().await {
            carry_out(&core, order);
        }
    });
}

/// Carries out an order; what takes long goes on beside the next ones. An answer that nothing waits for is dropped.
fn carry_out(core: &Rc<Core>, order: CoreOrder) {
    let core = Rc::clone(core);
    match order {
        CoreOrder::Release { workflow, due } => core.release(workflow, &due),
        CoreOrder::ReleaseUsers { workflow, users } => core.release_users(workflow, &users),
        CoreOrder::Identities {
            workflow,
            numbers,
            answer,
        } => drop(beside(async move {
            drop(answer.send(make_identities(&core, workflow, numbers).await));
        })),
        CoreOrder::Params { workflow, params } => core.resources.params.borrow_mut()[workflow] = params,
        CoreOrder::Stop { answer } => {
            let _ = answer.send(core.stop());
        }
        CoreOrder::HandOver { answer } => {
            core.resources.results.hand_over();
            let _ = answer.send(());
        }
        CoreOrder::Idle { answer } => drop(beside(async move {
            core.idle().await;
            let _ = answer.send(());
        })),
        CoreOrder::Interrupt { answer } => drop(beside(async move {
            let _ = answer.send(core.interrupt().await);
        })),
        CoreOrder::Init { workflow, answer } => drop(beside(async move {
            let ctx = outside(&core, workflow, core.users.create(workflow), "init");
            let call = core.shared.workflows[workflow].runner.init_later(&ctx);
            drop(answer.send(outside_iterations("init", &ctx, call).await));
        })),
        CoreOrder::Cleanup { workflow, answer } => drop(beside(async move {
            let ctx = outside(&core, workflow, core.users.create(workflow), "cleanup");
            let call = core.shared.workflows[workflow].runner.cleanup_later(&ctx);
            drop(answer.send(outside_iterations("cleanup", &ctx, call).await));
        })),
        CoreOrder::CleanupUsers { answer } => drop(beside(async move {
            drop(answer.send(cleanup_users(&core).await));
        })),
    }
}

/// Cleans up one user after the other; the first failure is the answer.
async fn cleanup_users(core: &Rc<Core>) -> Result<(), Failure> {
    let mut result = Ok(());
    let users = core.users.take_all().into_iter().chain(core.closed.take_all());
    for user in users.filter(|user| user.ready.get()) {
        let (workflow, group) = (user.workflow, user.group());
        let ctx = outside(core, workflow, user, "cleanup_user");
        let call = core.shared.workflows[workflow].runner.cleanup_user_later(&ctx);
        let cleaned = outside_iterations("cleanup_user", &ctx, call).await;
        core.resources.client.close_group(group);
        result = result.and(cleaned);
    }
    result
}

/// Makes identities, some at a time; the first failure is the answer, after which no more are made.
async fn make_identities(core: &Rc<Core>, workflow: usize, numbers: Vec<u64>) -> Result<(), Failure> {
    let made =
        stream::iter(numbers.into_iter().map(Ok)).try_for_each_concurrent(IDENTITIES_AT_ONCE, |number| {
            let core = Rc::clone(core);
            async move {
                let user = Rc::new(User::numbered(workflow, number, Kind::Identity));
                let ctx = outside(&core, workflow, Rc::clone(&user), "init_user");
                let call = core.shared.workflows[workflow].runner.init_user_later(&ctx);
                outside_iterations(&format!("init_user of user {number}"), &ctx, call).await?;
                user.ready.set(true);
                core.users.add(user);
                Ok(())
            }
        });
    made.await
}

/// A context in which `phase`, a function outside of iterations, runs.
fn outside(core: &Core, workflow: usize, user: Rc<User>, phase: &'static str) -> Context {
    let inner = ContextState::new(Rc::clone(&core.resources), workflow, user, None, None);
    inner.phase.set(phase);
    inner.observe_begin(phase);
    Context::new(inner)
}

async fn outside_iterations(what: &str, ctx: &Context, call: Later<'_>) -> Result<(), Failure> {
    let (workflow, inner) = (ctx.workflow(), ctx.inner());
    let outcome = guarded(pin!(call)).await;
    inner.observe_harness(|| Observed::CallEnded {
        function: inner.phase.get(),
        error: outcome.error(),
    });
    match outcome {
        CallOutcome::Ok => Ok(()),
        CallOutcome::Failed(message) => Err(failure("init", format!("{what} of {workflow:?}: {message}"))),
        CallOutcome::Panicked(message) => Err(failure("panic", format!("{what} of {workflow:?} {message}"))),
    }
}
