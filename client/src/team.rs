//! The flags that say which workflows run, and on which agents.

use clap::Args;
use clap::builder::FalseyValueParser;
use heavy_load::span::Span;
use heavy_load::vocabulary::Weights;
use heavy_results::job::{RunSpec, WorkflowSpec};

/// Which workflows run, and on which agents.
#[derive(Debug, Clone, Default, Args)]
pub struct TeamFlags {
    /// Workflow to run (can be repeated) [default: the load test's only one; all of a service]
    #[arg(long = "workflow", value_name = "NAME[=WEIGHT]", env = "HEAVY_WORKFLOW", value_parser = workflow)]
    pub workflows: Vec<WorkflowSpec>,
    /// Number of agents [default: all that are free]
    #[arg(long, value_name = "N", env = "HEAVY_AGENTS")]
    pub agents: Option<u32>,
    /// Use only agents with this label (can be repeated)
    #[arg(long, value_name = "K=V", env = "HEAVY_ON", value_parser = super::flags::pair)]
    pub on: Vec<(String, String)>,
    /// How to divide the load among agents [default: equal]
    #[arg(long, value_enum, env = "HEAVY_WEIGHTS")]
    pub weights: Option<Weights>,
    /// Stop the running job and take its place
    #[arg(long, env = "HEAVY_REPLACE", value_parser = FalseyValueParser::new())]
    pub replace: bool,
    /// Maximum time to wait for agents [default: 30s]
    #[arg(long, value_name = "D", env = "HEAVY_WAIT_FOR_AGENTS")]
    pub wait_for_agents: Option<Span>,
}

impl TeamFlags {
    /// Overrides the keys of `spec` with the given flags.
    pub(super) fn apply(&self, spec: &mut RunSpec) {
        if !self.workflows.is_empty() {
            spec.workflows.clone_from(&self.workflows);
        }
        self.choose_agents(spec);
    }

    /// Overrides the agents of `spec` with the given flags.
    pub fn choose_agents(&self, spec: &mut RunSpec) {
        spec.agents = self.agents.or(spec.agents);
        spec.on.extend(self.on.iter().cloned());
        spec.weights = self.weights.unwrap_or(spec.weights);
        spec.replace |= self.replace;
        spec.wait_for_agents = self.wait_for_agents.unwrap_or(spec.wait_for_agents);
    }

    /// The given flags that have no effect with a single agent and no queue.
    #[must_use]
    pub fn of_a_fleet(&self) -> Vec<&'static str> {
        [
            ("--agents", self.agents.is_some_and(|agents| agents != 1)),
            ("--on", !self.on.is_empty()),
            ("--weights", self.weights.is_some()),
            ("--replace", self.replace),
            ("--wait-for-agents", self.wait_for_agents.is_some()),
        ]
        .into_iter()
        .filter_map(|(flag, given)| given.then_some(flag))
        .collect()
    }
}

/// Removes the keys that have no effect with a single agent and no queue, and returns their names.
pub fn for_one_agent(spec: &mut RunSpec) -> Vec<&'static str> {
    let left_out = [
        ("agents", spec.agents.take().is_some_and(|agents| agents != 1)),
        ("on", !std::mem::take(&mut spec.on).is_empty()),
        ("weights", std::mem::take(&mut spec.weights) != Weights::default()),
        ("replace", std::mem::take(&mut spec.replace)),
    ];
    let named = left_out.into_iter().filter(|(_, said)| *said);
    named.map(|(name, _)| name).collect()
}

/// A workflow and its weight, such as `buy` or `buy=3`.
fn workflow(text: &str) -> Result<WorkflowSpec, String> {
    let Some((name, weight)) = text.rsplit_once('=') else {
        return Ok(WorkflowSpec::new(text));
    };
    let weight = weight.parse().ok().filter(|weight| *weight > 0);
    let weight = weight.ok_or_else(|| "expected NAME or NAME=WEIGHT, such as buy=3".to_owned())?;
    Ok(WorkflowSpec {
        weight,
        ..WorkflowSpec::new(name)
    })
}
