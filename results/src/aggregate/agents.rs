//! What each agent has reported: how far, how it ended, and whether its accounts balance.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::progress::OverdueAgent;
use crate::stats::{Closing, Delta, Dropped, Iterations};
use crate::summary::{Accounting, AgentSummary};
use heavy_load::histogram::Histogram;
use heavy_load::vocabulary::Ended;
use heavy_load::window::Window;

/// All agents that take part in a job or have reported something of it.
#[derive(Debug, Default)]
pub(super) struct AgentTable(BTreeMap<String, AgentSums>);

#[derive(Debug, Default)]
pub(super) struct AgentSums {
    complete_before_second: u32,
    pub(super) closing: Option<Closing>,
    workflows: BTreeMap<Arc<str>, Accounting>,
    generator_lag: Histogram,
    malformed: u64,
    cpu_max: f64,
    /// It was settled without a closing.
    lost: bool,
    /// Its lease has expired: it may still report, but nobody waits for it.
    pub(super) gone: bool,
    /// Iterations dropped as `gap` that settling has added to what it reported.
    settled_gap: u64,
    /// Iterations started by its newest reading of health: those that had been reported, and those that ran.
    seen_started: u64,
}

impl FromIterator<String> for AgentTable {
    fn from_iter<I: IntoIterator<Item = String>>(agents: I) -> Self {
        Self(
            agents
                .into_iter()
                .map(|agent| (agent, AgentSums::default()))
                .collect(),
        )
    }
}

impl AgentTable {
    pub(super) fn entry(&mut self, agent: &str) -> &mut AgentSums {
        self.0.entry(agent.to_owned()).or_default()
    }

    /// Adds a delta; returns how many iterations it shows to have started since the last reading of health.
    pub(super) fn apply(&mut self, agent: &str, delta: &Delta) -> u64 {
        let sums = self.entry(agent);
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

    /// Whether all agents ended because the load test had no more data.
    pub(super) fn are_out_of_data(&self) -> bool {
        let ended = |sums: &AgentSums| sums.closing.as_ref().and_then(|closing| closing.ended);
        !self.0.is_empty() && self.0.values().all(|sums| ended(sums) == Some(Ended::Data))
    }

    pub(super) fn is_closed(&self, agent: &str) -> bool {
        self.0.get(agent).is_some_and(|sums| sums.closing.is_some())
    }

    /// The roll-ups, at most one a workflow, that balance the accounts of an agent; see
    /// [`super::Aggregator::settle_agent`]. Its own accounts hold them already. They fall into the first second that
    /// it has not completed, at most `last_second`; `window_of` returns a second's window.
    pub(super) fn settle(
        &mut self,
        agent: &str,
        due: &[(String, u64)],
        to_the_end: bool,
        last_second: u32,
        window_of: impl Fn(u32) -> Window,
    ) -> Vec<Iterations> {
        let sums = self.entry(agent);
        match &sums.closing {
            // Nothing more was due once the load test had no data for it.
            Some(closing) if closing.ended == Some(Ended::Data) => return Vec::new(),
            Some(closing) if !to_the_end && !matches!(closing.ended, Some(Ended::Died | Ended::Lease)) => {
                return Vec::new();
            }
            Some(_) => {}
            None => sums.lost = true,
        }
        let second = sums.complete_before_second.min(last_second);
        let missing = sums.missing(due, second, window_of(second));
        for row in &missing {
            sums.settled_gap += row.scheduled;
            sums.add(row);
        }
        missing
    }

    /// The second up to which all agents that are neither closed nor lost have reported; `None` without such agents.
    /// Agents whose lease has expired count only if they are `awaited`.
    pub(super) fn complete_before(&self, awaited: bool) -> Option<u32> {
        self.0
            .values()
            .filter(|sums| sums.closing.is_none() && !sums.lost && (awaited || !sums.gone))
            .map(|sums| sums.complete_before_second)
            .min()
    }

    /// The second up to which an agent has reported; all of them once it has closed.
    pub(super) fn complete_before_of(&self, agent: &str) -> u32 {
        let sums = self.0.get(agent);
        sums.map_or(0, |sums| match sums.closing {
            Some(_) => u32::MAX,
            None => sums.complete_before_second,
        })
    }

    /// The highest second up to which any agent has reported.
    pub(super) fn reported_before(&self) -> u32 {
        let all = self.0.values().map(|sums| sums.complete_before_second);
        all.max().unwrap_or(0)
    }

    /// The agents of which reports from before a second are missing: those that are silent, and those that are gone.
    pub(super) fn overdue(&self, known_before: u32) -> Vec<OverdueAgent> {
        self.0
            .iter()
            .filter(|(_, sums)| sums.is_overdue(known_before))
            .map(|(name, sums)| OverdueAgent {
                name: name.clone(),
                reported_before: sums.complete_before_second,
                scheduled: sums
                    .workflows
                    .iter()
                    .map(|(workflow, counts)| (workflow.to_string(), counts.scheduled))
                    .collect(),
            })
            .collect()
    }

    /// By name; `shares` says how many iterations are planned for each.
    pub(super) fn summaries(&self, shares: &[(String, u64)]) -> Vec<AgentSummary> {
        let planned = |agent: &str| {
            let share = shares.iter().find(|(name, _)| name == agent);
            share.map_or(0, |(_, planned)| *planned)
        };
        self.0
            .iter()
            .map(|(name, sums)| sums.summary(name, planned(name)))
            .collect()
    }

    /// What closings and roll-ups say of each other and of themselves.
    pub(super) fn warnings(&self) -> Vec<String> {
        self.0
            .iter()
            .flat_map(|(name, sums)| sums.warnings(name))
            .collect()
    }
}

impl AgentSums {
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

    /// Notes that so many run; returns how many started since it was last noted.
    fn see_started(&mut self, running: u64) -> u64 {
        let seen = self.accounting().started + running;
        let more = seen.saturating_sub(self.seen_started);
        self.seen_started += more;
        more
    }

    fn started(&self, of_users: bool) -> u64 {
        let counts = self.accounting();
        if self.closing.is_some() || self.lost {
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

    fn accounting(&self) -> Accounting {
        let mut sum = Accounting::default();
        self.workflows.values().for_each(|one| sum.add(one));
        sum
    }

    fn missing(&self, due: &[(String, u64)], second: u32, window: Window) -> Vec<Iterations> {
        due.iter()
            .map(|(workflow, due)| {
                let known = self.workflows.get(workflow.as_str()).copied().unwrap_or_default();
                let gap = due.saturating_sub(known.scheduled);
                // Due, and reported as neither started nor dropped: they ran, or were about to.
                let unheard = known
                    .scheduled
                    .saturating_sub(known.started + known.dropped.total());
                let ended = known.ok + known.failed + known.interrupted + known.lost;
                Iterations {
                    second,
                    window,
                    workflow: Arc::from(workflow.as_str()),
                    scheduled: gap,
                    dropped: Dropped {
                        gap,
                        ..Dropped::default()
                    },
                    started: unheard,
                    lost: (known.started + unheard).saturating_sub(ended),
                    ..Iterations::default()
                }
            })
            .filter(|row| row.scheduled + row.started + row.lost > 0)
            .collect()
    }

    fn summary(&self, name: &str, planned: u64) -> AgentSummary {
        let closing = self.closing.clone().unwrap_or_default();
        AgentSummary {
            agent: name.to_owned(),
            iterations: Accounting {
                planned,
                ..self.accounting()
            },
            malformed: self.malformed,
            lag_p99_ms: self.generator_lag.quantile_ns(0.99) as f64 / 1e6,
            cpu_max: self.cpu_max.max(closing.cpu_max),
            clock_offset_ms: closing.clock_offset_ns as f64 / 1e6,
            clock_error_ms: closing.clock_error_ns as f64 / 1e6,
            ended: if self.lost {
                Some(Ended::Lost)
            } else {
                closing.ended
            },
            voided_requests: closing.voided_requests,
            voided_iterations: closing.voided_iterations,
        }
    }

    fn warnings(&self, name: &str) -> Vec<String> {
        let mut warnings = Vec::new();
        if self.lost {
            warnings.push(format!("agent {name} was lost before it reported everything"));
        }
        let Some(closing) = &self.closing else {
            return warnings;
        };
        let counted = self.accounting();
        let closed = (
            closing.scheduled,
            closing.started,
            closing.ok + closing.failed,
            closing.dropped,
        );
        let reported = (
            counted.scheduled - self.settled_gap,
            counted.started,
            counted.ok + counted.failed,
            counted.dropped.total() - self.settled_gap,
        );
        if closed != reported {
            warnings.push(format!(
                "agent {name}: its final counts differ from the sum of its roll-ups"
            ));
        }
        if closing.voided_requests + closing.voided_iterations > 0 {
            warnings.push(format!(
                "agent {name} discarded the raw rows of {} requests and {} iterations; the statistics include them",
                closing.voided_requests, closing.voided_iterations
            ));
        }
        if closing.log_lines_dropped > 0 {
            warnings.push(format!(
                "agent {name} discarded {} log lines",
                closing.log_lines_dropped
            ));
        }
        warnings
    }
}
