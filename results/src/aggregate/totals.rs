//! The job's totals: everything that has a place in the summary, over all seconds.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::stats::{Delta, Dropped, Errors, Iterations, Metrics, Requests};
use crate::summary::Accounting;
use heavy_load::histogram::Histogram;
use heavy_load::window::Window;

/// Kinds of errors with a line of their own; the rest are added up as `(other)`.
const MOST_ERRORS: usize = 1000;

#[derive(Debug, Default)]
pub(super) struct Totals {
    pub(super) requests: BTreeMap<RequestKey, RequestTotal>,
    pub(super) workflows: BTreeMap<Arc<str>, WorkflowTotal>,
    pub(super) steps: BTreeMap<(Arc<str>, Arc<str>), StepTotal>,
    pub(super) windows: BTreeMap<Window, WindowTotal>,
    pub(super) checks: BTreeMap<(Arc<str>, Arc<str>), (u64, u64)>,
    pub(super) metrics: BTreeMap<[Arc<str>; 3], Metrics>,
    pub(super) errors: BTreeMap<[Arc<str>; 4], Errors>,
    pub(super) not_results: BTreeMap<Arc<str>, u64>,
    pub(super) last_ended_ns: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct RequestKey {
    pub(super) workflow: Arc<str>,
    pub(super) step: Arc<str>,
    pub(super) name: Arc<str>,
    pub(super) method: Arc<str>,
    pub(super) protocol: Arc<str>,
}

#[derive(Debug, Default)]
pub(super) struct RequestTotal {
    pub(super) failed: u64,
    pub(super) bytes: u64,
    pub(super) duration: Histogram,
    pub(super) ok_duration: Histogram,
    pub(super) status_counts: BTreeMap<u16, u64>,
    pub(super) phases_ns: [u64; 7],
}

#[derive(Debug, Default)]
pub(super) struct WorkflowTotal {
    pub(super) iterations: Accounting,
    pub(super) duration: Histogram,
    pub(super) response: Histogram,
    pub(super) generator_lag: Histogram,
}

#[derive(Debug, Default)]
pub(super) struct StepTotal {
    pub(super) failed: u64,
    pub(super) duration: Histogram,
}

#[derive(Debug, Default)]
pub(super) struct WindowTotal {
    pub(super) iterations: Accounting,
    pub(super) iteration_duration: Histogram,
    pub(super) response: Histogram,
    pub(super) requests_failed: u64,
    pub(super) duration: Histogram,
}

/// What is needed of a single agent.
#[derive(Debug, Default)]
pub(super) struct AgentTotals {
    pub(super) workflows: BTreeMap<Arc<str>, Accounting>,
    pub(super) generator_lag: Histogram,
    pub(super) malformed: u64,
    pub(super) cpu_max: f64,
}

impl Totals {
    pub(super) fn apply(&mut self, delta: &Delta) {
        delta.requests.iter().for_each(|row| self.add_requests(row));
        delta.iterations.iter().for_each(|row| self.add_iterations(row));
        for row in &delta.steps {
            let total = self
                .steps
                .entry((Arc::clone(&row.workflow), Arc::clone(&row.step)))
                .or_default();
            total.failed += row.failed;
            total.duration.merge(&row.duration);
        }
        for row in &delta.checks {
            let total = self
                .checks
                .entry((Arc::clone(&row.workflow), Arc::clone(&row.name)))
                .or_default();
            total.0 += row.passes;
            total.1 += row.fails;
        }
        delta.metrics.iter().for_each(|row| self.add_metric(row));
        delta.errors.iter().for_each(|row| self.add_error(row));
        for (reason, count) in &delta.not_results {
            *self.not_results.entry(Arc::clone(reason)).or_default() += count;
        }
        self.last_ended_ns = self.last_ended_ns.max(delta.last_ended_ns);
    }

    fn add_requests(&mut self, row: &Requests) {
        let key = RequestKey {
            workflow: Arc::clone(&row.workflow),
            step: Arc::clone(&row.step),
            name: Arc::clone(&row.name),
            method: Arc::clone(&row.method),
            protocol: Arc::clone(&row.protocol),
        };
        let total = self.requests.entry(key).or_default();
        total.bytes += row.bytes;
        total.duration.merge(&row.duration);
        let window = self.windows.entry(row.window).or_default();
        window.duration.merge(&row.duration);
        if row.failed {
            window.requests_failed += row.duration.count();
            total.failed += row.duration.count();
        } else {
            total.ok_duration.merge(&row.duration);
        }
        *total.status_counts.entry(row.status).or_default() += row.duration.count();
        for (sum, phase) in total.phases_ns.iter_mut().zip(row.phases_ns) {
            *sum += phase;
        }
    }

    pub(super) fn add_iterations(&mut self, row: &Iterations) {
        let total = self.workflows.entry(Arc::clone(&row.workflow)).or_default();
        add(&mut total.iterations, row);
        total.duration.merge(&row.duration);
        total.response.merge(&row.response);
        total.generator_lag.merge(&row.generator_lag);
        let window = self.windows.entry(row.window).or_default();
        add(&mut window.iterations, row);
        window.iteration_duration.merge(&row.duration);
        window.response.merge(&row.response);
    }

    fn add_metric(&mut self, row: &Metrics) {
        let key = [&row.name, &row.kind, &row.step].map(Arc::clone);
        let Some(total) = self.metrics.get_mut(&key) else {
            self.metrics.insert(key, row.clone());
            return;
        };
        total.count += row.count;
        total.sum += row.sum;
        total.min = total.min.min(row.min);
        total.max = total.max.max(row.max);
        if row.second >= total.second {
            (total.second, total.last) = (row.second, row.last);
        }
        total.nonzero += row.nonzero;
        total.distribution.merge(&row.distribution);
    }

    fn add_error(&mut self, row: &Errors) {
        let mut key = [&row.workflow, &row.step, &row.name, &row.kind].map(Arc::clone);
        if self.errors.len() >= MOST_ERRORS && !self.errors.contains_key(&key) {
            key = ["", "", "", "(other)"].map(Arc::from);
        }
        match self.errors.get_mut(&key) {
            Some(total) => {
                total.count += row.count;
                total.first_ns = total.first_ns.min(row.first_ns);
                total.last_ns = total.last_ns.max(row.last_ns);
            }
            None => {
                let [workflow, step, name, kind] = key.clone();
                self.errors.insert(
                    key,
                    Errors {
                        workflow,
                        step,
                        name,
                        kind,
                        ..row.clone()
                    },
                );
            }
        }
    }

    pub(super) fn accounting(&self, planned: u64) -> Accounting {
        let mut sum = Accounting {
            planned,
            ..Accounting::default()
        };
        for total in self.workflows.values() {
            add_accounting(&mut sum, &total.iterations);
        }
        sum
    }
}

impl AgentTotals {
    pub(super) fn apply(&mut self, delta: &Delta) {
        delta.iterations.iter().for_each(|row| self.add_iterations(row));
        self.malformed += delta.not_results.iter().map(|(_, count)| count).sum::<u64>();
        for health in &delta.health {
            self.cpu_max = self.cpu_max.max(health.load_test_cpu + health.agent_cpu);
        }
    }

    pub(super) fn add_iterations(&mut self, row: &Iterations) {
        add(self.workflows.entry(Arc::clone(&row.workflow)).or_default(), row);
        self.generator_lag.merge(&row.generator_lag);
    }

    pub(super) fn accounting(&self) -> Accounting {
        let mut sum = Accounting::default();
        self.workflows
            .values()
            .for_each(|one| add_accounting(&mut sum, one));
        sum
    }

    /// The rows, none if there is nothing missing, that balance the accounting of an agent that is gone: see [`super::Aggregator::settle_agent`].
    pub(super) fn settle(&self, due: &[(String, u64)], second: u32, window: Window) -> Vec<Iterations> {
        due.iter()
            .map(|(workflow, due)| {
                let known = self.workflows.get(workflow.as_str()).copied().unwrap_or_default();
                let gap = due.saturating_sub(known.scheduled);
                // Due, and neither started nor dropped as far as was heard: they ran, or were about to.
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
}

fn add(sum: &mut Accounting, row: &Iterations) {
    sum.scheduled += row.scheduled;
    sum.started += row.started;
    sum.ok += row.ok;
    sum.failed += row.failed;
    sum.interrupted += row.interrupted;
    sum.lost += row.lost;
    sum.dropped.add(&row.dropped);
}

fn add_accounting(sum: &mut Accounting, one: &Accounting) {
    sum.scheduled += one.scheduled;
    sum.started += one.started;
    sum.ok += one.ok;
    sum.failed += one.failed;
    sum.interrupted += one.interrupted;
    sum.lost += one.lost;
    sum.dropped.add(&one.dropped);
}
