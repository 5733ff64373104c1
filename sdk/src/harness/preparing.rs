//! What comes before the first iteration: identities that log in, params that are divided.

use futures::future::join_all;
use heavy_plugin::rpc::Failure;
use serde_json::Value;

use super::failure::failure;
use super::orders::CoreOrder;
use super::process::Process;

impl Process {
    /// Makes identities and logs them in. Few share one core, so that none is missing where another is free.
    pub(super) async fn make_identities(&self, workflow: usize, numbers: &[u64]) -> Result<(), Failure> {
        if numbers.is_empty() {
            return Ok(());
        }
        let cores = self.prepared()?.dealt_to(workflow);
        let making = (0..cores).map(|core| {
            let numbers = numbers.iter().copied().skip(core).step_by(cores).collect();
            self.ask(core, move |answer| CoreOrder::Identities {
                workflow,
                numbers,
                answer,
            })
        });
        join_all(making).await.into_iter().try_for_each(Result::flatten)
    }

    /// Has a workflow's own splitter divide its params.
    pub(crate) fn split(&self, workflow: &str, params: Value, agents: u32) -> Result<Vec<Value>, Failure> {
        let workflow = &self.shared.workflows[self.workflow_place(workflow)?];
        let Some(splitter) = &workflow.splitter else {
            let message = format!("the workflow {:?} has no splitter", workflow.name);
            return Err(failure("splitter", message));
        };
        let parts = splitter
            .split(params, agents)
            .map_err(|error| failure("splitter", format!("{error:#}")))?;
        if parts.len() != agents as usize {
            let message = format!(
                "the splitter returned {} params documents for {agents} agents",
                parts.len()
            );
            return Err(failure("splitter", message));
        }
        Ok(parts)
    }
}
