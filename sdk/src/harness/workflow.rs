//! A workflow with its runner's type forgotten, so that a server can hold several.

use std::fmt;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;

use serde_json::Value;
use tokio::task::AbortHandle;

use super::iteration::{Admitted, work};
use super::resources::{NamedWorkflow, OnResult};
use super::tasks::WorkReceiver;
use crate::context::Context;
use crate::output::Output;
use crate::runner::{Runner, Splitter};
use crate::{Error, Result};

/// A named runner.
pub(crate) struct Workflow {
    pub(crate) name: String,
    pub(crate) runner: Arc<dyn ErasedRunner>,
    pub(crate) splitter: Option<Box<dyn Splitter>>,
}

impl Workflow {
    /// Its part of the resources of every core.
    pub(crate) fn named(&self) -> NamedWorkflow {
        NamedWorkflow {
            name: self.name.clone(),
            listener: Arc::<dyn ErasedRunner>::clone(&self.runner),
        }
    }
}

impl fmt::Debug for Workflow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Workflow").field(&self.name).finish()
    }
}

/// The outcome of a call of the load test's code, some time later.
pub(crate) type Later<'a> = Pin<Box<dyn Future<Output = Result<()>> + 'a>>;

/// [`Runner`] without its type. Tasks are started through one call that knows the type, so that the iterations in them
/// cost no allocation.
pub(crate) trait ErasedRunner: OnResult {
    fn start_task(self: Arc<Self>, receiver: WorkReceiver<Admitted>) -> AbortHandle;
    fn init_later<'a>(&'a self, ctx: &'a Context) -> Later<'a>;
    fn init_user_later<'a>(&'a self, ctx: &'a Context) -> Later<'a>;
    fn cleanup_later<'a>(&'a self, ctx: &'a Context) -> Later<'a>;
    fn cleanup_user_later<'a>(&'a self, ctx: &'a Context) -> Later<'a>;
    fn change_params(&self, params: &Value) -> Result<(), Error>;
    fn declared_env_file(&self) -> Option<PathBuf>;
}

impl<R: Runner> OnResult for R {
    fn on_request(&self, output: &Output<'_>) {
        self.on_result(output);
    }
}

impl<R: Runner> ErasedRunner for R {
    fn start_task(self: Arc<Self>, receiver: WorkReceiver<Admitted>) -> AbortHandle {
        tokio::task::spawn_local(work(self, receiver)).abort_handle()
    }

    fn init_later<'a>(&'a self, ctx: &'a Context) -> Later<'a> {
        Box::pin(self.init(ctx))
    }

    fn init_user_later<'a>(&'a self, ctx: &'a Context) -> Later<'a> {
        Box::pin(self.init_user(ctx))
    }

    fn cleanup_later<'a>(&'a self, ctx: &'a Context) -> Later<'a> {
        Box::pin(self.cleanup(ctx))
    }

    fn cleanup_user_later<'a>(&'a self, ctx: &'a Context) -> Later<'a> {
        Box::pin(self.cleanup_user(ctx))
    }

    fn change_params(&self, params: &Value) -> Result<(), Error> {
        self.on_params(params)
    }

    fn declared_env_file(&self) -> Option<PathBuf> {
        self.env_file()
    }
}
