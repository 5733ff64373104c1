//! How the agents and the plan of a job stand, for those who watch it.

use heavy_results::job::JobState;
use heavy_results::progress::AgentStanding;

use super::JobMachine;
use super::share::ShareState;
use crate::fleet::Backlog;

/// Agents that are named as those whose results are awaited.
const MOST_NAMED: usize = 3;

impl JobMachine {
    /// What people read of the job: while results are awaited, whose, and after that what else there is to know.
    pub(crate) fn reason(&self) -> String {
        let reason = &self.life.reason;
        if self.state() != JobState::Delivering {
            return reason.clone();
        }
        let attempts = self.members.shares.attempts().into_iter();
        let awaited = attempts.filter_map(|(agent, epoch, share)| {
            let backlog = self.deliveries.backlog(agent, epoch);
            match (share, backlog) {
                (ShareState::Finished, _) => None,
                (_, Some(Backlog { batches, bytes, .. })) => Some(format!(
                    "agent {agent} has {batches} batches ({:.1} MB) to deliver",
                    bytes as f64 / 1e6
                )),
                (ShareState::Lost, None) => Some(format!("agent {agent} is gone")),
                _ => None,
            }
        });
        let awaited: Vec<String> = awaited.collect();
        let mut text = "waiting for results".to_owned();
        for (place, agent) in awaited.iter().take(MOST_NAMED).enumerate() {
            text.push_str(if place == 0 { ": " } else { ", " });
            text.push_str(agent);
        }
        if awaited.len() > MOST_NAMED {
            text.push_str(&format!(" and {} more", awaited.len() - MOST_NAMED));
        }
        if !reason.is_empty() {
            text.push_str("; ");
            text.push_str(reason);
        }
        text
    }

    /// What the agents had not yet delivered at their last heartbeats, by name.
    pub(crate) fn backlogs(&self) -> Vec<(String, Backlog)> {
        let mut all: Vec<(String, Backlog)> = Vec::new();
        for (agent, epoch, _) in self.members.shares.attempts() {
            let Some(backlog) = self.deliveries.backlog(agent, epoch) else {
                continue;
            };
            match all.last_mut().filter(|(last, _)| last == agent) {
                Some((_, sum)) => {
                    sum.epoch = backlog.epoch;
                    sum.batches += backlog.batches;
                    sum.bytes += backlog.bytes;
                }
                None => all.push((agent.to_owned(), backlog)),
            }
        }
        all
    }

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
        ShareState::Delivering => AgentStanding::Delivering,
        ShareState::Finished => AgentStanding::Finished,
        ShareState::Failed => AgentStanding::Failed,
        ShareState::Lost => AgentStanding::Lost,
    }
}
