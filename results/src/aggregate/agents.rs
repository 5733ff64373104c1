//! What each agent has reported: how far, how it ended, and whether its accounts balance.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::progress::OverdueAgent;
use crate::stats::{Closing, Delta, Iterations};
use crate::summary::{Accounting, AgentSummary};
use heavy_load::histogram::Histogram;
use heavy_load::vocabulary::Ended;

/// All assignments of a job, by agent and epoch: those that take part and those that have reported something.
#[derive(Debug, Default)]
pub(super) struct AgentTable(BTreeMap<(String, u32), AssignmentSums>);

/// What one assignment has reported, and nothing else.
#[derive(Debug, Default)]
pub(super) struct AssignmentSums {
    pub(super) complete_before_second: u32,
    pub(super) closing: Option<Closing>,
    pub(super) workflows: BTreeMap<Arc<str>, Accounting>,
    generator_lag: Histogram,
    malformed: u64,
    cpu_max: f64,
    /// Its lease has expired: it may still report, but nobody waits for it.
    gone: bool,
    /// What settling has added, once it was settled.
    pub(super) settled: Option<Accounting>,
    /// Rows that were given up, as far as the store has heard of it.
    voided: Voided,
    /// Iterations started by its newest reading of health: those that had been reported, and those that ran.
    seen_started: u64,
}

/// The raw rows that an assignment gave up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Voided {
    /// Rows of requests.
    pub requests: u64,
    /// Rows of iterations.
    pub iterations: u64,
    /// Damaged batches, whose rows nobody can count.
    pub damaged_batches: u64,
}

impl FromIterator<(String, u32)> for AgentTable {
    fn from_iter<I: IntoIterator<Item = (String, u32)>>(assignments: I) -> Self {
        let entries = assignments
            .into_iter()
            .map(|key| (key, AssignmentSums::default()));
        Self(entries.collect())
    }
}

impl AgentTable {
    pub(super) fn entry(&mut self, agent: &str, epoch: u32) -> &mut AssignmentSums {
        self.0.entry((agent.to_owned(), epoch)).or_default()
    }

    /// Adds a delta; returns how many iterations it shows to have started since the last reading of health.
    pub(super) fn apply(&mut self, agent: &str, epoch: u32, delta: &Delta) -> u64 {
        let sums = self.entry(agent, epoch);
        sums.complete_before_second = sums.complete_before_second.max(delta.complete_before_second);
        delta.iterations.iter().for_each(|row| sums.add(row));
        sums.malformed += delta.not_results.iter().map(|(_, count)| count).sum::<u64>();
        for health in &delta.health {
            sums.cpu_max = sums.cpu_max.max(health.load_test_cpu + health.agent_cpu);
        }
        delta
            .health
            .last()
            .map_or(0, |health| sums.see_started(health.in_flight))
    }

    /// Iterations started, of which some still run: agents report a start when the iteration has ended.
    /// `of_users`: some are of users, which are never due before they start.
    pub(super) fn started(&self, of_users: bool) -> u64 {
        self.0.values().map(|sums| sums.started(of_users)).sum()
    }

    /// Notes that nobody waits for an assignment any more.
    pub(super) fn leave(&mut self, agent: &str, epoch: u32) {
        self.entry(agent, epoch).gone = true;
    }

    /// Sets what an assignment has given up so far.
    pub(super) fn set_voided(&mut self, agent: &str, epoch: u32, voided: Voided) {
        self.entry(agent, epoch).voided = voided;
    }

    /// All assignments, in order.
    pub(super) fn assignments(&self) -> impl Iterator<Item = (&str, u32)> {
        self.0.keys().map(|(agent, epoch)| (agent.as_str(), *epoch))
    }

    /// Whether all agents ended because the load test had no more data.
    pub(super) fn are_out_of_data(&self) -> bool {
        let ended = |sums: &AssignmentSums| sums.closing.as_ref().and_then(|closing| closing.ended);
        !self.0.is_empty() && self.0.values().all(|sums| ended(sums) == Some(Ended::Data))
    }

    /// The second up to which all assignments that are neither closed nor settled have reported; `None` without such.
    /// Those whose lease has expired count only if they are `awaited`.
    pub(super) fn complete_before(&self, awaited: bool) -> Option<u32> {
        self.0
            .values()
            .filter(|sums| sums.closing.is_none() && sums.settled.is_none() && (awaited || !sums.gone))
            .map(|sums| sums.complete_before_second)
            .min()
    }

    /// The second up to which an agent's newest assignment has reported; all of them once it has closed.
    pub(super) fn complete_before_of(&self, agent: &str) -> u32 {
        let of_agent = (agent.to_owned(), 0)..=(agent.to_owned(), u32::MAX);
        let newest = self.0.range(of_agent).next_back();
        newest.map_or(0, |(_, sums)| match sums.closing {
            Some(_) => u32::MAX,
            None => sums.complete_before_second,
        })
    }

    /// The highest second up to which any agent has reported.
    pub(super) fn reported_before(&self) -> u32 {
        let all = self.0.values().map(|sums| sums.complete_before_second);
        all.max().unwrap_or(0)
    }

    /// The agents of which reports from before a second are missing: those that are silent, and those that are gone. One
    /// that is back with another assignment counts with all that it has reported.
    pub(super) fn overdue(&self, known_before: u32) -> Vec<OverdueAgent> {
        let mut agents: Vec<(OverdueAgent, bool)> = Vec::new();
        for ((name, _), sums) in &self.0 {
            if agents.last().is_none_or(|(last, _)| last.name != *name) {
                let agent = OverdueAgent {
                    name: name.clone(),
                    ..OverdueAgent::default()
                };
                agents.push((agent, false));
            }
            let Some((agent, is_overdue)) = agents.last_mut() else {
                continue;
            };
            *is_overdue = sums.is_overdue(known_before);
            agent.reported_before = agent.reported_before.max(sums.complete_before_second);
            for (workflow, counts) in &sums.workflows {
                let mut known = agent.scheduled.iter_mut();
                match known.find(|(name, _)| **name == **workflow) {
                    Some((_, scheduled)) => *scheduled += counts.scheduled,
                    None => agent.scheduled.push((workflow.to_string(), counts.scheduled)),
                }
            }
        }
        let overdue = agents.into_iter().filter(|(_, is_overdue)| *is_overdue);
        overdue.map(|(agent, _)| agent).collect()
    }

    /// By name; `shares` says how many iterations are planned for each.
    pub(super) fn summaries(&self, shares: &[(String, u64)]) -> Vec<AgentSummary> {
        let mut agents: Vec<(AgentSummary, Histogram)> = Vec::new();
        for ((name, _), sums) in &self.0 {
            if agents.last().is_none_or(|(last, _)| last.agent != *name) {
                let share = shares.iter().find(|(agent, _)| agent == name);
                let agent = AgentSummary {
                    agent: name.clone(),
                    iterations: Accounting {
                        planned: share.map_or(0, |(_, planned)| *planned),
                        ..Accounting::default()
                    },
                    ..AgentSummary::default()
                };
                agents.push((agent, Histogram::default()));
            }
            if let Some((agent, lag)) = agents.last_mut() {
                sums.add_to(agent);
                lag.merge(&sums.generator_lag);
                agent.lag_p99_ms = lag.quantile_ns(0.99) as f64 / 1e6;
            }
        }
        agents.into_iter().map(|(agent, _)| agent).collect()
    }

    /// What is missing of assignments that settling found open or incomplete, in words.
    pub(super) fn missing(&self) -> Vec<String> {
        let all = self.0.iter();
        all.filter_map(|((agent, epoch), sums)| sums.missing(agent, *epoch))
            .collect()
    }

    /// What closings say of themselves.
    pub(super) fn warnings(&self) -> Vec<String> {
        let all = self.0.iter();
        all.flat_map(|((name, _), sums)| sums.warnings(name)).collect()
    }
}

impl AssignmentSums {
    fn is_overdue(&self, known_before: u32) -> bool {
        match &self.closing {
            Some(closing) => matches!(closing.ended, Some(Ended::Died | Ended::Lease)),
            None => self.gone || self.complete_before_second < known_before,
        }
    }

    fn add(&mut self, row: &Iterations) {
        let sum = self.workflows.entry(Arc::clone(&row.workflow)).or_default();
        sum.add(&Accounting::from(row));
        self.generator_lag.merge(&row.generator_lag);
    }

    /// Notes how many iterations run; returns how many started since the last call.
    fn see_started(&mut self, running: u64) -> u64 {
        let seen = self.accounting().started + running;
        let more = seen.saturating_sub(self.seen_started);
        self.seen_started += more;
        more
    }

    fn started(&self, of_users: bool) -> u64 {
        let counts = self.accounting();
        if self.closing.is_some() || self.settled.is_some() {
            return counts.started;
        }
        // What runs is counted a moment before what has ended.
        let most = if of_users {
            u64::MAX
        } else {
            counts.scheduled.saturating_sub(counts.dropped.total())
        };
        self.seen_started.min(most).max(counts.started)
    }

    /// As reported.
    fn accounting(&self) -> Accounting {
        let mut sum = Accounting::default();
        self.workflows.values().for_each(|one| sum.add(one));
        sum
    }

    /// What the closing says; what the store has heard may be more, as rows can be given up after it.
    fn voided(&self) -> Voided {
        let (requests, iterations) = self.closing.as_ref().map_or((0, 0), |closing| {
            (closing.voided_requests, closing.voided_iterations)
        });
        Voided {
            requests: self.voided.requests.max(requests),
            iterations: self.voided.iterations.max(iterations),
            damaged_batches: self.voided.damaged_batches,
        }
    }

    fn add_to(&self, agent: &mut AgentSummary) {
        agent.iterations.add(&self.accounting());
        agent.iterations.add(&self.settled.unwrap_or_default());
        agent.malformed += self.malformed;
        agent.cpu_max = agent.cpu_max.max(self.cpu_max);
        let voided = self.voided();
        agent.voided_requests += voided.requests;
        agent.voided_iterations += voided.iterations;
        agent.damaged_batches += voided.damaged_batches;
        agent.ended = match &self.closing {
            Some(closing) => closing.ended,
            None => self.settled.map(|_| Ended::Lost),
        };
        if let Some(closing) = &self.closing {
            agent.cpu_max = agent.cpu_max.max(closing.cpu_max);
            agent.clock_offset_ms = closing.clock_offset_ns as f64 / 1e6;
            agent.clock_error_ms = closing.clock_error_ns as f64 / 1e6;
            // The least of all its assignments.
            agent.sandbox = agent.sandbox.into_iter().chain(closing.sandbox).min();
        }
    }

    fn missing(&self, agent: &str, epoch: u32) -> Option<String> {
        self.settled?;
        let which = if epoch > 1 {
            format!("agent {agent} (assignment {epoch})")
        } else {
            format!("agent {agent}")
        };
        let Some(closing) = &self.closing else {
            return Some(format!("{which} did not deliver all of its results"));
        };
        let counted = self.accounting();
        let closed = (
            closing.scheduled,
            closing.started,
            closing.ok + closing.failed,
            closing.dropped,
        );
        let reported = (
            counted.scheduled,
            counted.started,
            counted.ok + counted.failed,
            counted.dropped.total(),
        );
        (closed != reported).then(|| {
            format!(
                "statistics of {which}: its final count is {} iterations started, its reports have {}",
                closing.started, counted.started
            )
        })
    }

    fn warnings(&self, name: &str) -> Vec<String> {
        let lines = self
            .closing
            .as_ref()
            .map_or(0, |closing| closing.log_lines_dropped);
        let warning = (lines > 0).then(|| format!("agent {name} discarded {lines} log lines"));
        warning.into_iter().collect()
    }
}
