//! What a load test implements.

use std::path::PathBuf;

use serde_json::Value;

use crate::context::Context;
use crate::output::Output;
use crate::{Error, Result};

/// A workflow: the code of one iteration, and of its setup and cleanup.
///
/// Only [`run`](Self::run) is required. The futures need not be `Send`: every core of the machine has its own runtime,
/// and a user stays on its core. State that all iterations share belongs in the fields of the implementing type, which
/// several cores use at once; state of one user belongs in [`Context::set_state`].
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
    /// One iteration. `Err`, a panic and the job's timeout fail it; a failed request or check does not, unless you
    /// return it with `?` or [`ensure!`](crate::ensure).
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

    /// Called for every user before its first iteration. Its time is not part of the iteration's duration; its requests
    /// have the step `init_user`. An `Err` fails that iteration, and the next one starts with a new user.
    async fn init_user(&self, ctx: &Context) -> Result<()> {
        let _ = ctx;
        Ok(())
    }

    /// Called for every user after the last iteration. Requests made here have the step `cleanup_user`.
    async fn cleanup_user(&self, ctx: &Context) -> Result<()> {
        let _ = ctx;
        Ok(())
    }

    /// Called after every request of this workflow, with its reported result. It runs on the core that made the request,
    /// so slow code here makes iterations late.
    fn on_result(&self, output: &Output<'_>) {
        let _ = output;
    }

    /// Called when the params of a running job change, once in every process. [`Context::params`] returns the new ones
    /// from then on. An `Err` is reported to the operator who changed them; the change stays.
    fn on_params(&self, params: &Value) -> Result<(), Error> {
        let _ = params;
        Ok(())
    }

    /// A file of `KEY=value` lines for [`Context::env`]. The job's own variables override it. `heavy run SERVICE` reads it
    /// instead of the service's `.env`, relative to the service's directory, and passes its values on; otherwise the process
    /// reads it where it runs.
    fn env_file(&self) -> Option<PathBuf> {
        None
    }
}

/// Divides the params of a job among agents that need different ones: a range of ids each, or a file each.
///
/// Any function with this signature is a splitter. It runs in the load test on one of the agents, never on the scheduler.
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
    /// Returns one params document for each of `agents`, in their order.
    ///
    /// # Errors
    /// If the params cannot be divided. The job then does not start, and its message is this error.
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
