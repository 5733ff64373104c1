//! Totals to summary.

use heavy_load::vocabulary::Ended;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::totals::{RequestKey, RequestTotal, Totals};
use super::{AgentFold, Aggregator};
use crate::job::{JobInfo, JobState};
use crate::summary::{
    Accounting, AgentSummary, CheckSummary, Distribution, ErrorSummary, MetricSummary, PhaseMeans,
    RequestSummary, RequestTotals, StepSummary, Summary, VERSION, WorkflowSummary,
};
use heavy_load::histogram::Histogram;
use heavy_load::load::{Load, WorkflowLoad};
use heavy_load::phases::Phases;
use heavy_load::protocol;

impl Aggregator {
    /// The summary as of now. `job` is taken over as it is; `shares` says how many iterations each agent's share of
    /// the plan holds; `complete` says that nothing more will come.
    #[must_use]
    pub fn summary(&self, job: &JobInfo, shares: &[(String, u64)], complete: bool) -> Summary {
        let measured = self.measured(complete && job.state == JobState::Finished);
        let run_time_s = measured.run_time_s;
        let planned_share = |agent: &str| {
            shares
                .iter()
                .find(|(name, _)| name == agent)
                .map_or(0, |(_, planned)| *planned)
        };
        let mut lag = Histogram::default();
        let mut response = Histogram::default();
        for total in self.totals.workflows.values() {
            lag.merge(&total.generator_lag);
            response.merge(&total.response);
        }
        Summary {
            version: VERSION,
            job: job.clone(),
            heavy_version: env!("CARGO_PKG_VERSION").to_owned(),
            complete,
            run_time_s: self.totals.last_ended_ns as f64 / 1e9,
            thresholds: self.watch.outcomes(measured, complete),
            iterations: self.accounting(),
            generator_lag: Distribution::from(&lag),
            response_time: some(&response),
            requests: request_totals(&self.totals, run_time_s),
            windows: self.windows(complete),
            timeline: self.series.timeline(self.totals.last_ended_ns as f64 / 1e9),
            events: self.first_events.clone(),
            workflows: workflows(&self.totals, &self.load, run_time_s),
            errors: errors(&self.totals),
            not_results: self
                .totals
                .not_results
                .iter()
                .map(|(reason, count)| (reason.to_string(), *count))
                .collect(),
            metrics: metrics(&self.totals),
            agents: self
                .agents
                .iter()
                .map(|(name, fold)| agent(name, fold, planned_share(name)))
                .collect(),
            warnings: self.warnings(),
        }
    }
}

pub(super) fn some(histogram: &Histogram) -> Option<Distribution> {
    (histogram.count() > 0).then(|| Distribution::from(histogram))
}

fn request_totals(totals: &Totals, run_time_s: f64) -> RequestTotals {
    let mut all = RequestTotals::default();
    let mut duration = Histogram::default();
    for total in totals.requests.values() {
        all.failed += total.failed;
        all.bytes += total.bytes;
        duration.merge(&total.duration);
    }
    (all.status_counts, all.protocol_status_counts) = status_counts(totals, |_| true);
    all.rate = duration.count() as f64 / run_time_s;
    all.duration = Distribution::from(&duration);
    all
}

fn workflows(totals: &Totals, load: &Load, run_time_s: f64) -> Vec<WorkflowSummary> {
    // Requests of a workflow that never had an iteration line still have a place.
    let names = totals
        .workflows
        .keys()
        .chain(totals.requests.keys().map(|key| &key.workflow));
    let names: std::collections::BTreeSet<&Arc<str>> = names.collect();
    names
        .into_iter()
        .map(|name| {
            let (status_counts, protocol_status_counts) = status_counts(totals, |key| key.workflow == *name);
            let total = totals.workflows.get(name);
            let iterations = total.map_or_else(Accounting::default, |total| total.iterations);
            WorkflowSummary {
                name: name.to_string(),
                iterations: Accounting {
                    planned: planned(load, name),
                    ..iterations
                },
                rate: (iterations.ok + iterations.failed) as f64 / run_time_s,
                duration: total
                    .map(|total| Distribution::from(&total.duration))
                    .unwrap_or_default(),
                response_time: total.and_then(|total| some(&total.response)),
                status_counts,
                protocol_status_counts,
                checks: totals
                    .checks
                    .iter()
                    .filter(|((workflow, _), _)| workflow == name)
                    .map(|((_, check), (passes, fails))| CheckSummary {
                        name: check.to_string(),
                        passes: *passes,
                        fails: *fails,
                    })
                    .collect(),
                steps: steps(totals, name, run_time_s),
                requests: requests(totals, name, "", run_time_s),
            }
        })
        .collect()
}

/// How many iterations of a workflow are planned; a load test's only one need not be named.
fn planned(load: &Load, workflow: &str) -> u64 {
    let loads = load.workflows.iter();
    let own = loads.filter(|load| load.workflow.is_empty() || load.workflow == workflow);
    own.map(WorkflowLoad::planned).sum()
}

fn steps(totals: &Totals, workflow: &Arc<str>, run_time_s: f64) -> Vec<StepSummary> {
    let known = totals
        .steps
        .keys()
        .filter(|(of, _)| of == workflow)
        .map(|(_, step)| step);
    let requested = totals
        .requests
        .keys()
        .filter(|key| key.workflow == *workflow && !key.step.is_empty())
        .map(|key| &key.step);
    let names: std::collections::BTreeSet<&Arc<str>> = known.chain(requested).collect();
    names
        .into_iter()
        .map(|step| {
            let (status_counts, protocol_status_counts) =
                status_counts(totals, |key| key.workflow == *workflow && key.step == *step);
            let total = totals.steps.get(&(Arc::clone(workflow), Arc::clone(step)));
            let duration = total
                .map(|total| Distribution::from(&total.duration))
                .unwrap_or_default();
            StepSummary {
                name: step.to_string(),
                failed: total.map_or(0, |total| total.failed),
                rate: duration.count as f64 / run_time_s,
                duration,
                status_counts,
                protocol_status_counts,
                requests: requests(totals, workflow, step, run_time_s),
            }
        })
        .collect()
}

/// Statuses of the requests of some identities: those of HTTP, and those of each other protocol.
fn status_counts(
    totals: &Totals,
    which: impl Fn(&RequestKey) -> bool,
) -> (BTreeMap<u16, u64>, BTreeMap<String, BTreeMap<u16, u64>>) {
    let (mut http, mut others) = (BTreeMap::new(), BTreeMap::<String, BTreeMap<u16, u64>>::new());
    for (key, total) in totals.requests.iter().filter(|(key, _)| which(key)) {
        let counts = match protocol::is_http(&key.protocol) {
            true => &mut http,
            false => others.entry(key.protocol.to_string()).or_default(),
        };
        for (status, count) in &total.status_counts {
            *counts.entry(*status).or_default() += count;
        }
    }
    (http, others)
}

fn requests(totals: &Totals, workflow: &str, step: &str, run_time_s: f64) -> Vec<RequestSummary> {
    totals
        .requests
        .iter()
        .filter(|(key, _)| *key.workflow == *workflow && *key.step == *step)
        .map(|(key, total)| request(key, total, run_time_s))
        .collect()
}

fn request(key: &RequestKey, total: &RequestTotal, run_time_s: f64) -> RequestSummary {
    let count = total.duration.count().max(1) as f64;
    let sums = Phases::from_array(total.phases_ns);
    let mean_ms = |sum_ns: u64| sum_ns as f64 / count / 1e6;
    RequestSummary {
        name: key.name.to_string(),
        method: key.method.to_string(),
        protocol: key.protocol.to_string(),
        failed: total.failed,
        rate: total.duration.count() as f64 / run_time_s,
        bytes: total.bytes,
        duration: Distribution::from(&total.duration),
        ok_duration: Distribution::from(&total.ok_duration),
        status_counts: total.status_counts.clone(),
        phases: PhaseMeans {
            blocked_ms: mean_ms(sums.blocked_ns),
            dns_ms: mean_ms(sums.dns_ns),
            connect_ms: mean_ms(sums.connect_ns),
            tls_ms: mean_ms(sums.tls_ns),
            send_ms: mean_ms(sums.send_ns),
            wait_ms: mean_ms(sums.wait_ns),
            receive_ms: mean_ms(sums.receive_ns),
        },
    }
}

fn errors(totals: &Totals) -> Vec<ErrorSummary> {
    let mut errors: Vec<ErrorSummary> = totals
        .errors
        .values()
        .map(|error| ErrorSummary {
            workflow: error.workflow.to_string(),
            step: error.step.to_string(),
            name: error.name.to_string(),
            kind: error.kind.to_string(),
            count: error.count,
            first_ns: error.first_ns,
            last_ns: error.last_ns,
            example: error.example.to_string(),
        })
        .collect();
    errors.sort_by_key(|error| std::cmp::Reverse(error.count));
    errors
}

fn metrics(totals: &Totals) -> Vec<MetricSummary> {
    totals
        .metrics
        .values()
        .map(|metric| MetricSummary {
            name: metric.name.to_string(),
            kind: metric.kind.to_string(),
            step: metric.step.to_string(),
            count: metric.count,
            value: match &*metric.kind {
                "counter" => metric.sum,
                "gauge" => metric.last,
                "rate" => metric.nonzero as f64 / metric.count.max(1) as f64,
                _ => metric.sum / metric.count.max(1) as f64,
            },
            distribution: some(&metric.distribution),
        })
        .collect()
}

fn agent(name: &str, fold: &AgentFold, planned: u64) -> AgentSummary {
    let closing = fold.closing.clone().unwrap_or_default();
    AgentSummary {
        agent: name.to_owned(),
        iterations: Accounting {
            planned,
            ..fold.totals.accounting()
        },
        malformed: fold.totals.malformed,
        lag_p99_ms: fold.totals.generator_lag.quantile_ns(0.99) as f64 / 1e6,
        cpu_max: fold.totals.cpu_max.max(closing.cpu_max),
        clock_offset_ms: closing.clock_offset_ns as f64 / 1e6,
        clock_error_ms: closing.clock_error_ns as f64 / 1e6,
        ended: if fold.lost {
            Some(Ended::Lost)
        } else {
            closing.ended
        },
        voided_requests: closing.voided_requests,
        voided_iterations: closing.voided_iterations,
    }
}
