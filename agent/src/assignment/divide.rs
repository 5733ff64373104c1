//! Params that a load test's own splitter divides among the agents of a job, while they prepare.

use std::collections::BTreeMap;
use std::time::Duration;

use heavy_plugin::rpc::{Description, LoadTestClient, WorkflowSetup, deadline_in};
use heavy_proto::v1;
use heavy_proto::v1::from_agent::Message as Said;
use serde_json::Value;
use tokio::sync::mpsc;

use super::machine::Failure;
use super::prepare::failure;
use crate::shared::Shared;

/// A splitter may read files or ask a service.
const SPLIT_LIMIT: Duration = Duration::from_secs(60);

/// What the scheduler wants while the agent prepares.
#[derive(Debug)]
pub(crate) enum Division {
    /// Have the load test divide its params among so many, and tell.
    Divide {
        /// How many agents the job has.
        agents: u32,
    },
    /// These are this agent's.
    Take(String),
}

/// Params by workflow.
type ByWorkflow = BTreeMap<String, Value>;

/// What it takes to divide.
#[derive(Debug)]
pub(super) struct Dividing<'a> {
    pub(super) shared: &'a Shared,
    pub(super) assign: &'a v1::Assign,
    pub(super) client: &'a LoadTestClient,
    pub(super) description: &'a Description,
}

impl Dividing<'_> {
    /// Puts the params of this agent in the place of the job's, if a workflow has a splitter. Waits until all agents of
    /// the job have come so far and one of them has divided.
    pub(super) async fn divide(
        &self,
        setups: &mut [WorkflowSetup],
        divisions: &mut mpsc::Receiver<Division>,
    ) -> Result<(), Failure> {
        if !setups.iter().any(|setup| self.splits(&setup.name)) {
            return Ok(());
        }
        let mut given = self.assign.split_params.clone();
        if given.is_empty() {
            self.say(Said::Update(v1::AssignmentUpdate {
                job: self.assign.job.clone(),
                epoch: self.assign.epoch,
                state: v1::AssignmentState::Preparing.into(),
                splits: true,
                ..v1::AssignmentUpdate::default()
            }))
            .await;
        }
        while given.is_empty() {
            match divisions.recv().await {
                Some(Division::Divide { agents }) => {
                    let answer = self.ask(setups, agents).await;
                    self.say(Said::Split(answer)).await;
                }
                Some(Division::Take(params)) => given = params,
                None => return Err(failure("internal", "nobody divides the params")),
            }
        }
        let params: ByWorkflow = serde_json::from_str(&given)
            .map_err(|error| failure("internal", format_args!("the divided params are none: {error}")))?;
        for setup in setups {
            if let Some(own) = params.get(&setup.name) {
                setup.params = own.clone();
            }
        }
        Ok(())
    }

    fn splits(&self, workflow: &str) -> bool {
        let mut known = self.description.workflows.iter();
        known.any(|known| known.name == workflow && known.splits)
    }

    /// Has the load test divide the params of each workflow that wants that.
    async fn ask(&self, setups: &[WorkflowSetup], agents: u32) -> v1::SplitResult {
        let mut seats = vec![ByWorkflow::new(); agents as usize];
        let mut result = v1::SplitResult {
            job: self.assign.job.clone(),
            ..v1::SplitResult::default()
        };
        for setup in setups.iter().filter(|setup| self.splits(&setup.name)) {
            let (name, params) = (setup.name.clone(), setup.params.clone());
            let asked = self
                .client
                .split(deadline_in(SPLIT_LIMIT), name.clone(), params, agents);
            let parts = match asked.await {
                Ok(Ok(parts)) if parts.len() == seats.len() => parts,
                Ok(Ok(parts)) => {
                    result.failure = format!(
                        "the splitter of workflow {name:?} gave {} params documents for {agents} agents: it has to give \
                         one for each",
                        parts.len()
                    );
                    return result;
                }
                Ok(Err(problem)) => {
                    result.failure = format!("the splitter of workflow {name:?}: {}", problem.message);
                    return result;
                }
                Err(error) => {
                    result.failure = format!("the splitter of workflow {name:?} did not answer: {error}");
                    return result;
                }
            };
            for (seat, part) in seats.iter_mut().zip(parts) {
                seat.insert(name.clone(), part);
            }
        }
        let texts = seats.iter().map(serde_json::to_string);
        match texts.collect() {
            Ok(params) => result.params = params,
            Err(error) => result.failure = format!("the divided params cannot be sent: {error}"),
        }
        result
    }

    async fn say(&self, said: Said) {
        // The link is gone only when the agent is shutting down.
        let _ = self.shared.updates.send(said).await;
    }
}
