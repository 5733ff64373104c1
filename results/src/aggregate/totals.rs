//! The job's totals: everything that has a place in the summary, over all seconds.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::errors::ErrorTable;
use super::metrics::MetricTable;
use super::requests::RequestTable;
use super::steps::{CheckTable, StepTable};
use super::windows::WindowTable;
use super::workflows::{WorkflowSums, WorkflowTable};
use crate::stats::{Delta, Iterations};
use crate::summary::{Accounting, Distribution, StepSummary, WindowSummary, WorkflowSummary};
use heavy_load::load::{Load, WorkflowLoad};

/// Sums over the whole job, independent of the order of deltas.
#[derive(Debug, Default)]
pub(super) struct JobTotals {
    pub(super) requests: RequestTable,
    pub(super) workflows: WorkflowTable,
    steps: StepTable,
    windows: WindowTable,
    checks: CheckTable,
    pub(super) metrics: MetricTable,
    pub(super) errors: ErrorTable,
    pub(super) not_results: BTreeMap<Arc<str>, u64>,
    /// When the last iteration or request ended; 0 before one has.
    pub(super) last_ended_ns: u64,
}

impl JobTotals {
    pub(super) fn apply(&mut self, delta: &Delta) {
        for row in &delta.requests {
            self.requests.add(row);
            self.windows.add_requests(row);
        }
        delta.iterations.iter().for_each(|row| self.add_iterations(row));
        delta.steps.iter().for_each(|row| self.steps.add(row));
        delta.checks.iter().for_each(|row| self.checks.add(row));
        delta.metrics.iter().for_each(|row| self.metrics.add(row));
        delta.errors.iter().for_each(|row| self.errors.add(row));
        for (reason, count) in &delta.not_results {
            *self.not_results.entry(Arc::clone(reason)).or_default() += count;
        }
        self.last_ended_ns = self.last_ended_ns.max(delta.last_ended_ns);
    }

    pub(super) fn add_iterations(&mut self, row: &Iterations) {
        self.workflows.add(row);
        self.windows.add_iterations(row);
    }

    /// By name. A workflow that has requests and no iterations is listed too.
    pub(super) fn workflows(&self, load: &Load, run_time_s: f64) -> Vec<WorkflowSummary> {
        let names: BTreeSet<&Arc<str>> = self.workflows.names().chain(self.requests.workflows()).collect();
        let none = WorkflowSums::default();
        names
            .into_iter()
            .map(|name| {
                let own = self.workflows.of(name).unwrap_or(&none);
                let iterations = own.iterations;
                let (status_counts, protocol_status_counts) = self.requests.status_counts(Some(name), None);
                WorkflowSummary {
                    name: name.to_string(),
                    iterations: Accounting {
                        planned: planned(load, name),
                        ..iterations
                    },
                    rate: (iterations.ok + iterations.failed) as f64 / run_time_s,
                    duration: Distribution::from(&own.duration),
                    response_time: Distribution::from_nonempty(&own.response),
                    status_counts,
                    protocol_status_counts,
                    checks: self.checks.of(name),
                    steps: self.steps(name, run_time_s),
                    requests: self.requests.of_step(name, "", run_time_s),
                }
            })
            .collect()
    }

    fn steps(&self, workflow: &Arc<str>, run_time_s: f64) -> Vec<StepSummary> {
        let names: BTreeSet<&Arc<str>> = self
            .steps
            .names(workflow)
            .chain(self.requests.steps(workflow))
            .collect();
        names
            .into_iter()
            .map(|step| {
                let (failed, duration) = self.steps.of(workflow, step);
                let (status_counts, protocol_status_counts) =
                    self.requests.status_counts(Some(workflow), Some(step));
                StepSummary {
                    name: step.to_string(),
                    failed,
                    rate: duration.count as f64 / run_time_s,
                    duration,
                    status_counts,
                    protocol_status_counts,
                    requests: self.requests.of_step(workflow, step, run_time_s),
                }
            })
            .collect()
    }

    /// Each window that is not empty. The last one ends with the plan, or with the job if that ended before and is
    /// `complete`.
    pub(super) fn windows(&self, load: &Load, complete: bool) -> Vec<WindowSummary> {
        let planned_ns = load.duration_ns();
        let end_ns = if complete && self.last_ended_ns > 0 {
            planned_ns.min(self.last_ended_ns)
        } else {
            planned_ns
        };
        self.windows.summaries(load, end_ns)
    }

    pub(super) fn not_results(&self) -> BTreeMap<String, u64> {
        self.not_results
            .iter()
            .map(|(reason, count)| (reason.to_string(), *count))
            .collect()
    }
}

/// How many iterations of a workflow are planned; a load test's only one need not be named.
fn planned(load: &Load, workflow: &str) -> u64 {
    let loads = load.workflows.iter();
    let own = loads.filter(|load| load.workflow.is_empty() || load.workflow == workflow);
    own.map(WorkflowLoad::planned).sum()
}
