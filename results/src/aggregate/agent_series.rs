//! What happened in each second on each agent.

use std::collections::{BTreeMap, BTreeSet};

use super::interval::quantile_ms;
use crate::stats::{GeneratorHealth, Iterations};
use heavy_load::histogram::Histogram;

/// One second of one agent; a row of the relation `agent_seconds`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AgentSecondRow {
    /// The agent's name.
    pub agent: String,
    /// From the job's start.
    pub second: u32,
    /// Started, of those due.
    pub started: u64,
    /// Dropped, of those due.
    pub dropped: u64,
    /// Running at its end.
    pub in_flight: u64,
    /// Generator lag of the iterations that ended; `None` without any.
    pub generator_lag_p99_ms: Option<f64>,
    /// Cores used, load test + agent.
    pub cpu: f64,
    /// Memory, load test + agent, in MB (10^6 bytes).
    pub rss_mb: f64,
    /// Of the load test.
    pub open_files: u64,
}

/// The seconds of all agents, and which of them changed since they were taken.
#[derive(Debug, Default)]
pub(super) struct AgentSeries {
    seconds: BTreeMap<(u32, String), AgentSecond>,
    changed: BTreeSet<(u32, String)>,
}

#[derive(Debug, Default)]
struct AgentSecond {
    started: u64,
    dropped: u64,
    generator_lag: Histogram,
    health: GeneratorHealth,
    /// Started by the readings of health, whether they have ended or not.
    seen_started: u64,
}

impl AgentSeries {
    /// Replaces an agent's health in a second.
    pub(super) fn set_health(&mut self, agent: &str, second: u32, health: GeneratorHealth) {
        self.second(agent, second).health = health;
    }

    /// Adds iterations that a reading of health shows to have started.
    pub(super) fn add_seen_started(&mut self, agent: &str, second: u32, started: u64) {
        self.second(agent, second).seen_started += started;
    }

    pub(super) fn add_iterations(&mut self, agent: &str, second: u32, row: &Iterations) {
        let sums = self.second(agent, second);
        sums.started += row.started;
        sums.dropped += row.dropped.total();
        sums.generator_lag.merge(&row.generator_lag);
    }

    fn second(&mut self, agent: &str, second: u32) -> &mut AgentSecond {
        let key = (second, agent.to_owned());
        self.changed.insert(key.clone());
        self.seconds.entry(key).or_default()
    }

    /// Iterations running on all agents at the end of a second.
    pub(super) fn in_flight(&self, second: u32) -> u64 {
        self.of(second).map(|agent| agent.health.in_flight).sum()
    }

    /// Iterations started on all agents in a second, by their readings of health.
    pub(super) fn seen_started(&self, second: u32) -> u64 {
        self.of(second).map(|agent| agent.seen_started).sum()
    }

    fn of(&self, second: u32) -> impl Iterator<Item = &AgentSecond> {
        let all = (second, String::new())..(second + 1, String::new());
        self.seconds.range(all).map(|(_, agent)| agent)
    }

    /// The rows before a second that changed since the last call.
    pub(super) fn take(&mut self, before_second: u32) -> Vec<AgentSecondRow> {
        let open = self.changed.split_off(&(before_second, String::new()));
        let closed = std::mem::replace(&mut self.changed, open);
        closed
            .into_iter()
            .filter_map(|key| self.seconds.get(&key).map(|second| second.row(key)))
            .collect()
    }
}

impl AgentSecond {
    fn row(&self, (second, agent): (u32, String)) -> AgentSecondRow {
        AgentSecondRow {
            agent,
            second,
            started: self.started,
            dropped: self.dropped,
            in_flight: self.health.in_flight,
            generator_lag_p99_ms: quantile_ms(&self.generator_lag, 0.99),
            cpu: self.health.load_test_cpu + self.health.agent_cpu,
            rss_mb: (self.health.load_test_rss_bytes + self.health.agent_rss_bytes) as f64 / 1e6,
            open_files: self.health.open_files,
        }
    }
}
