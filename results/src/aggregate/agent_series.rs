//! What happened in each second on each agent. Seconds are forgotten and read back like those of the job.

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

/// The newest seconds of all agents, and which of them changed since they were taken.
#[derive(Debug, Default)]
pub(super) struct AgentSeries {
    seconds: BTreeMap<(u32, String), AgentSecond>,
    changed: BTreeSet<(u32, String)>,
    /// Seconds before it were forgotten, those aside that their agent had not completed.
    forgotten_before: u32,
    /// Forgotten ones of which more was reported.
    torn: BTreeSet<(u32, String)>,
}

#[derive(Debug, Default)]
struct AgentSecond {
    started: u64,
    dropped: u64,
    generator_lag: Histogram,
    /// As written before it was forgotten: it cannot be merged.
    written_lag_p99_ms: Option<f64>,
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
        if second < self.forgotten_before && !self.seconds.contains_key(&key) {
            self.torn.insert(key.clone());
        }
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

    /// Forgets the seconds before one that are written and that their agent has completed: `complete_before` tells up to
    /// where it has.
    pub(super) fn forget_before(&mut self, second: u32, complete_before: impl Fn(&str) -> u32) {
        let open = self.seconds.split_off(&(second, String::new()));
        let mut old = std::mem::replace(&mut self.seconds, open);
        old.retain(|key, _| self.changed.contains(key) || key.0 >= complete_before(&key.1));
        self.seconds.append(&mut old);
        self.forgotten_before = self.forgotten_before.max(second);
    }

    /// Seconds of which parts were forgotten before more of them was reported.
    pub(super) fn torn(&self) -> impl Iterator<Item = u32> {
        self.torn.iter().map(|(second, _)| *second)
    }

    /// Puts what was written of a forgotten second back.
    pub(super) fn restore(&mut self, second: u32, rows: &[AgentSecondRow]) {
        let all = (second, String::new())..(second + 1, String::new());
        let torn: Vec<_> = self.torn.range(all).cloned().collect();
        for key in torn {
            self.torn.remove(&key);
            let row = rows.iter().find(|row| row.second == second && row.agent == key.1);
            if let (Some(row), Some(sums)) = (row, self.seconds.get_mut(&key)) {
                sums.add_written(row);
            }
        }
    }

    /// The rows before a second that changed since the last call.
    pub(super) fn take(&mut self, before_second: u32) -> Vec<AgentSecondRow> {
        let mut open = self.changed.split_off(&(before_second, String::new()));
        let closed = std::mem::take(&mut self.changed);
        let (torn, closed): (BTreeSet<_>, BTreeSet<_>) =
            closed.into_iter().partition(|key| self.torn.contains(key));
        open.extend(torn);
        self.changed = open;
        closed
            .into_iter()
            .filter_map(|key| self.seconds.get(&key).map(|second| second.row(key)))
            .collect()
    }
}

impl AgentSecond {
    /// Adds what was written of it; a reading of health that came since is newer.
    fn add_written(&mut self, row: &AgentSecondRow) {
        self.started += row.started;
        self.dropped += row.dropped;
        self.written_lag_p99_ms = row.generator_lag_p99_ms;
        if self.health == GeneratorHealth::default() {
            self.health = GeneratorHealth {
                second: row.second,
                in_flight: row.in_flight,
                load_test_cpu: row.cpu,
                load_test_rss_bytes: (row.rss_mb * 1e6) as u64,
                open_files: row.open_files,
                ..GeneratorHealth::default()
            };
        }
    }

    fn row(&self, (second, agent): (u32, String)) -> AgentSecondRow {
        AgentSecondRow {
            agent,
            second,
            started: self.started,
            dropped: self.dropped,
            in_flight: self.health.in_flight,
            generator_lag_p99_ms: self
                .written_lag_p99_ms
                .or_else(|| quantile_ms(&self.generator_lag, 0.99)),
            cpu: self.health.load_test_cpu + self.health.agent_cpu,
            rss_mb: (self.health.load_test_rss_bytes + self.health.agent_rss_bytes) as f64 / 1e6,
            open_files: self.health.open_files,
        }
    }
}
