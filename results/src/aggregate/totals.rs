//! The job's totals: everything that has a place in the summary, over all seconds.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::errors::ErrorTable;
use super::metrics::MetricTable;
use super::requests::RequestTable;
use super::steps::{CheckTable, StepTable};
use super::windows::WindowTable;
use super::workflows::WorkflowTable;
use crate::stats::{Delta, Iterations};
use crate::summary::{
    Accounting, Distribution, ErrorSummary, MetricSummary, RequestTotals, StepSummary, WindowSummary,
    WorkflowSummary,
};
use heavy_load::load::{Load, WorkflowLoad};
use heavy_load::vocabulary::OUTPUT_DROPPED;

/// Sums over the whole job, independent of the order of deltas.
#[derive(Debug, Default)]
pub(super) struct JobTotals {
    requests: RequestTable,
    workflows: WorkflowTable,
    steps: StepTable,
    windows: WindowTable,
    checks: CheckTable,
    metrics: MetricTable,
    errors: ErrorTable,
    not_results: BTreeMap<Arc<str>, u64>,
    last_ended_ns: u64,
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

    /// When the last iteration or request ended; 0 before one has.
    pub(super) const fn last_ended_ns(&self) -> u64 {
        self.last_ended_ns
    }

    pub(super) fn accounting(&self, planned: u64) -> Accounting {
        Accounting {
            planned,
            ..self.workflows.accounting()
        }
    }

    pub(super) fn generator_lag(&self) -> Distribution {
        Distribution::from(&self.workflows.generator_lag())
    }

    /// `None` where the load model has no response times.
    pub(super) fn response_time(&self) -> Option<Distribution> {
        Distribution::from_nonempty(&self.workflows.response())
    }

    pub(super) fn requests(&self, run_time_s: f64) -> RequestTotals {
        self.requests.totals(run_time_s)
    }

    /// By name. A workflow that has requests and no iterations is listed too.
    pub(super) fn workflows(&self, load: &Load, run_time_s: f64) -> Vec<WorkflowSummary> {
        let names: BTreeSet<&Arc<str>> = self.workflows.names().chain(self.requests.workflows()).collect();
        names
            .into_iter()
            .map(|name| {
                let iterations = self.workflows.accounting_of(name);
                let (status_counts, protocol_status_counts) = self.requests.status_counts(Some(name), None);
                WorkflowSummary {
                    name: name.to_string(),
                    iterations: Accounting {
                        planned: planned(load, name),
                        ..iterations
                    },
                    rate: (iterations.ok + iterations.failed) as f64 / run_time_s,
                    duration: self.workflows.duration_of(name),
                    response_time: self.workflows.response_of(name),
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

    pub(super) fn errors(&self) -> Vec<ErrorSummary> {
        self.errors.summaries()
    }

    pub(super) fn metrics(&self) -> Vec<MetricSummary> {
        self.metrics.summaries()
    }

    pub(super) fn not_results(&self) -> BTreeMap<String, u64> {
        let counts = self.not_results.iter();
        counts
            .map(|(reason, count)| (reason.to_string(), *count))
            .collect()
    }

    /// Lines of results that the load test did not write.
    pub(super) fn output_dropped(&self) -> f64 {
        self.metrics.sum_of(OUTPUT_DROPPED)
    }

    /// Whether there were more request names than are kept apart.
    pub(super) fn has_other_requests(&self) -> bool {
        self.requests.has_other()
    }
}

/// How many iterations of a workflow are planned; a load test's only one need not be named.
fn planned(load: &Load, workflow: &str) -> u64 {
    let loads = load.workflows.iter();
    let own = loads.filter(|load| load.workflow.is_empty() || load.workflow == workflow);
    own.map(WorkflowLoad::planned).sum()
}
