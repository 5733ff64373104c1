//! What a load test implements.

use std::path::PathBuf;

use serde_json::Value;

use crate::context::Context;
use crate::output::Output;
use crate::{Error, Result};

/// A workflow: what one iteration does, and what surrounds iterations.
///
/// Only [`run`](Self::run) is needed. The futures need not be `Send`: every core of the machine has a runtime of its
/// own, and a user stays on its core. What all iterations share goes into the fields of the implementing type (which
/// several cores use at once), what one user keeps goes into [`Context::set_state`].
///
/// ```
/// use heavy_sdk::prelude::*;
///
/// struct Home;
///
/// impl Runner for Home {
///     async fn run(&self, ctx: &Context) -> Result<()> {
///         let url = ctx.param("url").unwrap_or_else(|| "http://127.0.0.1:8080/".to_owned());
///         ctx.get(&url).send().await?;
///         Ok(())
///     }
/// }
/// ```
#[expect(
    async_fn_in_trait,
    reason = "the futures are awaited on the core that made them and need not be Send"
)]
pub trait Runner: Send + Sync + 'static {
    /// One iteration. `Err`, a panic and the job's timeout make it a failed one; a failed request or check does not,
    /// unless it is passed on with `?` or [`ensure!`](crate::ensure).
    async fn run(&self, ctx: &Context) -> Result<()>;

    /// Called once in every process before the first iteration; an `Err` ends the job. Requests made here have the
    /// step `init`.
    async fn init(&self, ctx: &Context) -> Result<()> {
        let _ = ctx;
        Ok(())
    }

    /// Called once in every process after the last iteration. Requests made here have the step `cleanup`.
    async fn cleanup(&self, ctx: &Context) -> Result<()> {
        let _ = ctx;
        Ok(())
    }

    /// Called for every user before its first iteration. The time it takes is no part of the iteration's duration;
    /// its requests have the step `init_user`. After an `Err`, that iteration fails and the next one tries with a
    /// new user.
    async fn init_user(&self, ctx: &Context) -> Result<()> {
        let _ = ctx;
        Ok(())
    }

    /// Called for every user after the last iteration. Requests made here have the step `cleanup_user`.
    async fn cleanup_user(&self, ctx: &Context) -> Result<()> {
        let _ = ctx;
        Ok(())
    }

    /// Called after every request of this workflow with what is reported about it. It runs on the core that made the
    /// request, so what takes long here makes iterations late.
    fn on_result(&self, output: &Output<'_>) {
        let _ = output;
    }

    /// Called when the params of a running job change, once in every process. [`Context::params`] gives the new ones
    /// from then on. An `Err` is reported to whoever changed them; they are changed all the same.
    fn on_params(&self, params: &Value) -> Result<(), Error> {
        let _ = params;
        Ok(())
    }

    /// A file of `KEY=value` lines for [`Context::env`]. The job's own variables come before it. `heavy run SERVICE` reads it
    /// in place of the service's `.env`, from the service's folder, and passes its values on; otherwise the process reads it
    /// where it runs.
    fn env_file(&self) -> Option<PathBuf> {
        None
    }
}

/// Divides the params of a job among agents, where each is to have its own: another range of ids, another file.
///
/// Any function of this shape is one. It runs in a load test on one of the agents, never on the scheduler.
///
/// ```
/// use heavy_sdk::prelude::*;
/// use serde_json::{Value, json};
///
/// fn ranges(params: Value, agents: u32) -> Result<Vec<Value>> {
///     let items = params["items"].as_u64().context("params need a number \"items\"")?;
///     let each = items / u64::from(agents);
///     Ok((0..u64::from(agents)).map(|n| json!({"from": n * each, "until": (n + 1) * each})).collect())
/// }
///
/// # fn with(server: Server) -> Server {
/// server.splitter(ranges)
/// # }
/// ```
pub trait Splitter: Send + Sync + 'static {
    /// One params document for each of `agents`, in their order.
    ///
    /// # Errors
    /// When the params cannot be divided; the job then does not start, and the message says why.
    fn split(&self, params: Value, agents: u32) -> Result<Vec<Value>>;
}

impl<F> Splitter for F
where
    F: Fn(Value, u32) -> Result<Vec<Value>> + Send + Sync + 'static,
{
    fn split(&self, params: Value, agents: u32) -> Result<Vec<Value>> {
        self(params, agents)
    }
}
