//! Params that a load test's own splitter divides among the agents of a job, while they prepare.

use std::time::Duration;

use heavy_plugin::rpc::{Description, LoadTestClient, WorkflowSetup, deadline_in};
use tokio::sync::mpsc;

use super::failure::AssignmentFailure;
use super::reporter::Reporter;
use crate::orders::WorkflowParams;

/// A splitter may read files or ask a service.
const SPLIT_LIMIT: Duration = Duration::from_secs(60);

/// What the scheduler wants while the agent prepares.
#[derive(Debug)]
pub(super) enum DivisionOrder {
    /// Have the load test divide its params among the agents, and report the parts.
    Divide { agents: u32 },
    /// These are this agent's, or cannot be read.
    Take(Result<WorkflowParams, String>),
}

/// Puts the params of this agent in the place of the job's, if a workflow has a splitter: those that are `given`, else
/// it waits until all agents of the job have come so far and one of them has divided.
pub(super) async fn divide(
    setups: &mut [WorkflowSetup],
    given: Option<WorkflowParams>,
    (client, description): (&LoadTestClient, &Description),
    divisions: &mut mpsc::Receiver<DivisionOrder>,
    reporter: &Reporter,
) -> Result<(), AssignmentFailure> {
    let splits = |setup: &WorkflowSetup| {
        let mut known = description.workflows.iter();
        known.any(|known| known.name == setup.name && known.splits)
    };
    let divided: Vec<&WorkflowSetup> = setups.iter().filter(|setup| splits(setup)).collect();
    if divided.is_empty() {
        return Ok(());
    }
    let mut params = match given {
        Some(params) => params,
        None => {
            reporter.splits().await;
            wait(&divided, client, divisions, reporter).await?
        }
    };
    for setup in setups {
        if let Some(own) = params.remove(&setup.name) {
            setup.params = own;
        }
    }
    Ok(())
}

/// Has the load test divide whenever the scheduler asks, until it gives this agent its params.
async fn wait(
    divided: &[&WorkflowSetup],
    client: &LoadTestClient,
    divisions: &mut mpsc::Receiver<DivisionOrder>,
    reporter: &Reporter,
) -> Result<WorkflowParams, AssignmentFailure> {
    loop {
        match divisions.recv().await {
            Some(DivisionOrder::Divide { agents }) => {
                reporter.divided(ask(divided, client, agents).await).await;
            }
            Some(DivisionOrder::Take(params)) => return params.map_err(AssignmentFailure::internal),
            None => return Err(AssignmentFailure::internal("no agent divides the params")),
        }
    }
}

/// Has the load test divide the params of each workflow that wants that: for each agent a JSON object.
async fn ask(
    divided: &[&WorkflowSetup],
    client: &LoadTestClient,
    agents: u32,
) -> Result<Vec<String>, String> {
    let mut seats = vec![WorkflowParams::new(); agents as usize];
    for setup in divided {
        let (name, params) = (setup.name.clone(), setup.params.clone());
        let asked = client.split(deadline_in(SPLIT_LIMIT), name.clone(), params, agents);
        let parts = match asked.await {
            Ok(Ok(parts)) if parts.len() == seats.len() => parts,
            Ok(Ok(parts)) => {
                return Err(format!(
                    "the splitter of workflow `{name}` returned {} params documents for {agents} agents: it must return \
                     one per agent",
                    parts.len()
                ));
            }
            Ok(Err(problem)) => {
                return Err(format!("the splitter of workflow `{name}`: {}", problem.message));
            }
            Err(error) => {
                return Err(format!(
                    "the splitter of workflow `{name}` did not answer: {error}"
                ));
            }
        };
        for (seat, part) in seats.iter_mut().zip(parts) {
            seat.insert(name.clone(), part);
        }
    }
    let texts = seats.iter().map(serde_json::to_string);
    texts
        .collect::<Result<_, _>>()
        .map_err(|error| format!("cannot send the divided params: {error}"))
}
