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
use heavy_load::measured_time::MeasuredTime;

/// Sums over the whole job, independent of the order of deltas.
#[derive(Debug, Default)]
pub(super) struct JobTotals {
    pub(super) requests: RequestTable,
    pub(super) workflows: WorkflowTable,
    steps: StepTable,
    pub(super) windows: WindowTable,
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

    /// The time that rates are over, in a job whose load ends at `end_ns`, or with its iterations if it is
    /// `out_of_data`.
    pub(super) fn measured(&self, load: &Load, end_ns: u64, out_of_data: bool) -> MeasuredTime {
        let progress = |workflow: &str| self.workflows.progress(workflow, self.last_ended_ns);
        let end_ns = if out_of_data {
            end_ns.min(progress("").last_ended_ns)
        } else {
            end_ns
        };
        MeasuredTime::new(load, end_ns, self.last_ended_ns, |workflow| {
            progress(&workflow.workflow)
        })
    }

    /// By name. A workflow that has requests and no iterations is listed too.
    pub(super) fn workflows(&self, load: &Load, measured: MeasuredTime) -> Vec<WorkflowSummary> {
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
                    achieved_rate: Some(measured.starts_per_second(iterations.started)),
                    rate: measured.ends_per_second((iterations.ok + iterations.failed) as f64),
                    duration: Distribution::from(&own.duration),
                    response_time: Distribution::from_nonempty(&own.response),
                    status_counts,
                    protocol_status_counts,
                    checks: self.checks.of(name),
                    steps: self.steps(name, measured),
                    requests: self.requests.of_step(name, "", measured),
                }
            })
            .collect()
    }

    fn steps(&self, workflow: &Arc<str>, measured: MeasuredTime) -> Vec<StepSummary> {
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
                    rate: measured.ends_per_second(duration.count as f64),
                    duration,
                    status_counts,
                    protocol_status_counts,
                    requests: self.requests.of_step(workflow, step, measured),
                }
            })
            .collect()
    }

    /// Each window that is not empty. The last one ends with the load if that is `complete`, else with the plan.
    pub(super) fn windows(&self, load: &Load, measured: MeasuredTime, complete: bool) -> Vec<WindowSummary> {
        let end_ns = if complete {
            measured.load_ns
        } else {
            load.duration_ns()
        };
        self.windows.summaries(load, measured, end_ns)
    }

    /// What is said of lines that the load test wrote and nobody can read as results.
    pub(super) fn unreadable(&self) -> Option<String> {
        let all: u64 = self.not_results.values().sum();
        let reasons = self
            .not_results
            .iter()
            .map(|(reason, count)| format!("{reason} {count}"));
        let reasons: Vec<String> = reasons.collect();
        let lines = if all == 1 { "line" } else { "lines" };
        (all > 0).then(|| {
            format!(
                "the load test wrote {all} {lines} that are not results ({}): what they were to say is not counted",
                reasons.join(", ")
            )
        })
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
