//! How the agents and the plan of a job stand, for those who watch it.

use heavy_results::progress::AgentStanding;

use super::JobMachine;
use super::share::ShareState;

impl JobMachine {
    /// The state of each agent that takes or took part, by name.
    pub(crate) fn agent_standings(&self) -> Vec<(String, AgentStanding)> {
        let states = self.members.shares.iter();
        states
            .map(|(agent, state)| (agent.to_owned(), standing(state)))
            .collect()
    }

    /// How long the load of a started job goes on from now, and whether it is paused.
    pub(crate) fn load_left_ns(&self, elapsed_ns: u64) -> (u64, bool) {
        let crew = self.members.crew.as_ref();
        match crew.and_then(|crew| crew.paused_left_ns()) {
            Some(left_ns) => (left_ns, true),
            None => (self.end_ns().saturating_sub(elapsed_ns), false),
        }
    }
}

const fn standing(state: ShareState) -> AgentStanding {
    match state {
        ShareState::Assigned | ShareState::Splitting | ShareState::Prepared => AgentStanding::Preparing,
        ShareState::Running => AgentStanding::Running,
        ShareState::Draining => AgentStanding::Draining,
        ShareState::Finished => AgentStanding::Finished,
        ShareState::Failed => AgentStanding::Failed,
        ShareState::Lost => AgentStanding::Lost,
    }
}
