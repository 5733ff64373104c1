//! The job's series: what happened in each second, over all agents and for each agent.

use std::collections::{BTreeMap, BTreeSet};

use super::timeline::Columns;
use super::{AgentSecondRow, SecondRow};
use crate::stats::{Delta, Health, Iterations};
use crate::summary::Timeline;
use heavy_load::histogram::Histogram;
use heavy_load::load::Load;

const NS_PER_SECOND: u64 = 1_000_000_000;

/// Seconds that a job may go on beyond its profile; what claims to be later counts in the last of them.
const OVERTIME_SECONDS: u32 = 24 * 3600;

/// A second stands out that is so many times slower than most, and takes longer than this, among so many.
const STANDS_OUT_TIMES: u64 = 10;
const STANDS_OUT_NS: u64 = 50_000_000;
const FEWEST_SECONDS: usize = 5;

#[derive(Debug)]
pub(super) struct Series {
    load: Load,
    last_second: u32,
    seconds: BTreeMap<u32, Second>,
    agents: BTreeMap<(u32, String), AgentSecond>,
    columns: Columns,
    changed: BTreeSet<u32>,
    changed_agents: BTreeSet<(u32, String)>,
}

#[derive(Debug, Default)]
struct Second {
    scheduled: u64,
    started: u64,
    ok: u64,
    failed: u64,
    dropped: u64,
    requests: u64,
    requests_failed: u64,
    duration: Histogram,
    response: Histogram,
}

#[derive(Debug, Default)]
struct AgentSecond {
    started: u64,
    dropped: u64,
    generator_lag: Histogram,
    health: Health,
}

impl Series {
    pub(super) fn new(load: Load) -> Self {
        Self {
            last_second: last_second(&load),
            load,
            seconds: BTreeMap::new(),
            agents: BTreeMap::new(),
            columns: Columns::default(),
            changed: BTreeSet::new(),
            changed_agents: BTreeSet::new(),
        }
    }

    /// No second is later.
    pub(super) const fn last_second(&self) -> u32 {
        self.last_second
    }

    pub(super) fn set_load(&mut self, load: Load) {
        self.last_second = last_second(&load);
        self.load = load;
    }

    pub(super) fn apply(&mut self, agent: &str, delta: &Delta) {
        for row in &delta.requests {
            let second = self.second(row.second);
            second.requests += row.duration.count();
            second.requests_failed += if row.failed { row.duration.count() } else { 0 };
            second.duration.merge(&row.duration);
        }
        self.columns.add_requests(&delta.requests, self.last_second);
        for row in &delta.iterations {
            self.add_iterations(agent, row);
        }
        for health in &delta.health {
            self.agent_second(agent, health.second).health = *health;
            self.second(health.second);
        }
    }

    pub(super) fn add_iterations(&mut self, agent: &str, row: &Iterations) {
        let second = self.second(row.second);
        second.scheduled += row.scheduled;
        second.started += row.started;
        second.ok += row.ok;
        second.failed += row.failed;
        second.dropped += row.dropped.total();
        second.response.merge(&row.response);
        self.columns.add_iterations(row, self.last_second);
        let agent = self.agent_second(agent, row.second);
        agent.started += row.started;
        agent.dropped += row.dropped.total();
        agent.generator_lag.merge(&row.generator_lag);
    }

    fn second(&mut self, second: u32) -> &mut Second {
        let second = second.min(self.last_second);
        self.changed.insert(second);
        self.seconds.entry(second).or_default()
    }

    fn agent_second(&mut self, agent: &str, second: u32) -> &mut AgentSecond {
        let key = (second.min(self.last_second), agent.to_owned());
        self.changed_agents.insert(key.clone());
        self.agents.entry(key).or_default()
    }

    /// Names the slowest second, if it stands out: percentiles of a whole job do not say when.
    pub(super) fn slow_second(&self) -> Option<String> {
        let p99 = |second: &Second| {
            let times = if second.response.count() > 0 {
                &second.response
            } else {
                &second.duration
            };
            (times.count() > 0).then(|| times.quantile_ns(0.99))
        };
        let seconds = self
            .seconds
            .iter()
            .filter_map(|(at, second)| Some((p99(second)?, *at)));
        let mut seconds: Vec<(u64, u32)> = seconds.collect();
        if seconds.len() < FEWEST_SECONDS {
            return None;
        }
        seconds.sort_unstable();
        let (median_ns, _) = seconds[seconds.len() / 2];
        let (slowest_ns, at) = seconds[seconds.len() - 1];
        let stands_out = slowest_ns > STANDS_OUT_NS && slowest_ns > STANDS_OUT_TIMES * median_ns;
        stands_out.then(|| {
            format!(
                "the target was slowest in second {at}: times of what ended then have a P99 of {:.0} ms, those of half of all \
                 seconds one of {:.1} ms or less",
                slowest_ns as f64 / 1e6,
                median_ns as f64 / 1e6
            )
        })
    }

    /// One more than the last second in which anything happened.
    pub(super) fn seconds(&self) -> u32 {
        self.seconds.last_key_value().map_or(0, |(second, _)| second + 1)
    }

    /// The timeline of a job that has taken so long.
    pub(super) fn timeline(&self, run_time_s: f64) -> Timeline {
        let seconds = self.seconds.keys();
        let in_flight = seconds.map(|second| (*second, self.in_flight(*second)));
        self.columns.timeline(&self.load, in_flight, run_time_s)
    }

    fn in_flight(&self, second: u32) -> u64 {
        self.agents_in(second).map(|agent| agent.health.in_flight).sum()
    }

    pub(super) fn take_seconds(&mut self, before: u32, complete_before: u32) -> Vec<SecondRow> {
        let open = self.changed.split_off(&before);
        let closed = std::mem::replace(&mut self.changed, open);
        closed
            .into_iter()
            .filter_map(|second| self.row(second, complete_before))
            .collect()
    }

    pub(super) fn take_agent_seconds(&mut self, before: u32) -> Vec<AgentSecondRow> {
        let open = self.changed_agents.split_off(&(before, String::new()));
        let closed = std::mem::replace(&mut self.changed_agents, open);
        closed
            .into_iter()
            .filter_map(|key| self.agents.get(&key).map(|agent| agent.row(key)))
            .collect()
    }

    pub(super) fn row(&self, second: u32, complete_before: u32) -> Option<SecondRow> {
        let row = self.seconds.get(&second)?;
        let start_ns = u64::from(second) * NS_PER_SECOND;
        let quantile =
            |quantile| (row.duration.count() > 0).then(|| row.duration.quantile_ns(quantile) as f64 / 1e6);
        Some(SecondRow {
            second,
            planned: self.load.count_before(start_ns + NS_PER_SECOND) - self.load.count_before(start_ns),
            scheduled: row.scheduled,
            started: row.started,
            ok: row.ok,
            failed: row.failed,
            dropped: row.dropped,
            in_flight: self.in_flight(second),
            requests: row.requests,
            requests_failed: row.requests_failed,
            p50_ms: quantile(0.50),
            p95_ms: quantile(0.95),
            p99_ms: quantile(0.99),
            response_p99_ms: (row.response.count() > 0).then(|| row.response.quantile_ns(0.99) as f64 / 1e6),
            duration: row.duration.encode(),
            response: row.response.encode(),
            partial: second >= complete_before,
        })
    }

    fn agents_in(&self, second: u32) -> impl Iterator<Item = &AgentSecond> {
        self.agents
            .range((second, String::new())..(second + 1, String::new()))
            .map(|(_, agent)| agent)
    }
}

fn last_second(load: &Load) -> u32 {
    let planned = u32::try_from(load.duration_ns().div_ceil(NS_PER_SECOND)).unwrap_or(u32::MAX / 2);
    planned.saturating_add(OVERTIME_SECONDS)
}

impl AgentSecond {
    fn row(&self, (second, agent): (u32, String)) -> AgentSecondRow {
        AgentSecondRow {
            agent,
            second,
            started: self.started,
            dropped: self.dropped,
            in_flight: self.health.in_flight,
            generator_lag_p99_ms: (self.generator_lag.count() > 0)
                .then(|| self.generator_lag.quantile_ns(0.99) as f64 / 1e6),
            cpu: self.health.load_test_cpu + self.health.agent_cpu,
            rss_mb: (self.health.load_test_rss_bytes + self.health.agent_rss_bytes) as f64 / 1e6,
            open_files: self.health.open_files,
        }
    }
}
