//! The summary of a job: the one document from which every report is rendered.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::histogram::Histogram;
use crate::stats::Dropped;
use crate::threshold::ThresholdSummary;

/// The version of the document's shape; a reader refuses a higher one.
pub const VERSION: u32 = 1;

/// What came out of a job, totals only. Milliseconds are fractions with ns precision.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// [`VERSION`].
    pub version: u32,
    /// The job; its verdict and reason are here.
    pub job: crate::job::JobInfo,
    /// Whether everything is in; false while the job runs.
    pub complete: bool,
    /// From the first due instant to the last end, in seconds.
    pub run_time_s: f64,
    /// What became of each threshold, in the order of the job's document.
    #[serde(default)]
    pub thresholds: Vec<ThresholdSummary>,
    /// The accounting of all iterations.
    pub iterations: Accounting,
    /// started - max(scheduled, instant a slot was free).
    pub generator_lag: Distribution,
    /// Of iterations, ended - scheduled; `None` where the load model has none.
    pub response_time: Option<Distribution>,
    /// All requests together.
    pub requests: RequestTotals,
    /// Each workflow, by name.
    pub workflows: Vec<WorkflowSummary>,
    /// Errors by kind, most frequent first.
    pub errors: Vec<ErrorSummary>,
    /// Lines that were no results, by reason.
    pub not_results: BTreeMap<String, u64>,
    /// Custom metrics, by name.
    pub metrics: Vec<MetricSummary>,
    /// Each agent's share, by name.
    pub agents: Vec<AgentSummary>,
    /// What a reader should know: near an INVALID verdict, rows not kept, identities over the limit, ...
    pub warnings: Vec<String>,
}

/// Iterations by outcome: `scheduled = started + dropped`, `started = ok + failed + interrupted + lost`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accounting {
    /// The integral of the profile.
    pub planned: u64,
    /// Due in [start, effective end).
    pub scheduled: u64,
    /// Started.
    pub started: u64,
    /// Ended with `Ok`.
    pub ok: u64,
    /// Ended with `Err`, a panic or a timeout.
    pub failed: u64,
    /// Cut off by the end of grace.
    pub interrupted: u64,
    /// Started and never heard of again.
    pub lost: u64,
    /// Due and not started, by reason.
    pub dropped: Dropped,
}

impl Accounting {
    /// Whether both identities hold.
    #[must_use]
    pub const fn balances(&self) -> bool {
        self.scheduled == self.started + self.dropped.total()
            && self.started == self.ok + self.failed + self.interrupted + self.lost
    }
}

/// Statistics of a set of durations, in ms.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Distribution {
    /// How many; with 0 all else is 0.
    pub count: u64,
    /// Fastest.
    pub min_ms: f64,
    /// Average.
    pub mean_ms: f64,
    /// Percentiles, as SQL's `percentile_disc`.
    pub p10_ms: f64,
    /// As above.
    pub p25_ms: f64,
    /// As above.
    pub p50_ms: f64,
    /// As above.
    pub p75_ms: f64,
    /// As above.
    pub p90_ms: f64,
    /// As above.
    pub p95_ms: f64,
    /// As above.
    pub p99_ms: f64,
    /// As above.
    pub p999_ms: f64,
    /// Slowest; P100.
    pub max_ms: f64,
    /// The distribution in at most a dozen automatic buckets, ascending; together they hold all values.
    pub buckets: Vec<LatencyBucket>,
}

/// One bar of a latency distribution.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct LatencyBucket {
    /// Holds values above the bucket before and up to this.
    pub upper_ms: f64,
    /// How many.
    pub count: u64,
}

impl From<&Histogram> for Distribution {
    fn from(histogram: &Histogram) -> Self {
        let ms = |ns: u64| ns as f64 / 1e6;
        let quantile = |quantile| ms(histogram.quantile_ns(quantile));
        Self {
            count: histogram.count(),
            min_ms: ms(histogram.min_ns()),
            mean_ms: histogram.mean_ns() / 1e6,
            p10_ms: quantile(0.10),
            p25_ms: quantile(0.25),
            p50_ms: quantile(0.50),
            p75_ms: quantile(0.75),
            p90_ms: quantile(0.90),
            p95_ms: quantile(0.95),
            p99_ms: quantile(0.99),
            p999_ms: quantile(0.999),
            max_ms: ms(histogram.max_ns()),
            buckets: crate::bars::of(histogram),
        }
    }
}

/// All requests of a job together.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RequestTotals {
    /// How many failed.
    pub failed: u64,
    /// Completed requests per second of run time.
    pub rate: f64,
    /// Body bytes received.
    pub bytes: u64,
    /// Durations of all.
    pub duration: Distribution,
    /// How many requests had each status; 0: no answer.
    pub status_counts: BTreeMap<u16, u64>,
}

/// One workflow.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WorkflowSummary {
    /// Its name.
    pub name: String,
    /// Its iterations.
    pub iterations: Accounting,
    /// Completed iterations per second of run time.
    pub rate: f64,
    /// Durations of its completed iterations.
    pub duration: Distribution,
    /// Their response times, where the load model has them.
    pub response_time: Option<Distribution>,
    /// Its checks, by name.
    pub checks: Vec<CheckSummary>,
    /// Its steps, by name.
    pub steps: Vec<StepSummary>,
    /// Its requests outside of steps, by name and method.
    pub requests: Vec<RequestSummary>,
}

/// One check.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckSummary {
    /// Its name.
    pub name: String,
    /// How often it was true.
    pub passes: u64,
    /// How often it was false.
    pub fails: u64,
}

/// One step of a workflow.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct StepSummary {
    /// Its name.
    pub name: String,
    /// How many failed.
    pub failed: u64,
    /// Per second of run time.
    pub rate: f64,
    /// Durations of all.
    pub duration: Distribution,
    /// Its requests, by name and method.
    pub requests: Vec<RequestSummary>,
}

/// One request identity.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RequestSummary {
    /// Its name.
    pub name: String,
    /// Its method.
    pub method: String,
    /// How many failed.
    pub failed: u64,
    /// Per second of run time.
    pub rate: f64,
    /// Body bytes received.
    pub bytes: u64,
    /// Durations of all.
    pub duration: Distribution,
    /// Durations of the unfailed.
    pub ok_duration: Distribution,
    /// How many had each status; 0: no answer.
    pub status_counts: BTreeMap<u16, u64>,
    /// Mean ms of each phase.
    pub phases: PhaseMeans,
}

/// Mean time of each phase over all requests of an identity, in ms.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct PhaseMeans {
    /// Waiting for a connection.
    pub blocked_ms: f64,
    /// Resolving.
    pub dns_ms: f64,
    /// TCP connect.
    pub connect_ms: f64,
    /// TLS handshake.
    pub tls_ms: f64,
    /// Writing.
    pub send_ms: f64,
    /// To the first byte.
    pub wait_ms: f64,
    /// To the last byte.
    pub receive_ms: f64,
}

/// Errors of one kind.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorSummary {
    /// The workflow; empty if not known.
    pub workflow: String,
    /// The step; empty outside of steps.
    pub step: String,
    /// The request's name; empty for errors of iterations.
    pub name: String,
    /// Short and stable.
    pub kind: String,
    /// How many.
    pub count: u64,
    /// From the job's start.
    pub first_ns: i64,
    /// From the job's start.
    pub last_ns: i64,
    /// One message: hostile text.
    pub example: String,
}

/// One custom metric.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct MetricSummary {
    /// Its name.
    pub name: String,
    /// counter, gauge, rate or trend.
    pub kind: String,
    /// The step; empty outside of steps.
    pub step: String,
    /// How many values.
    pub count: u64,
    /// The sum of a counter, the newest of a gauge, the share of a rate, the mean of a trend.
    pub value: f64,
    /// Of trends, in the metric's own unit (the fields' `_ms` is to be read as that unit).
    pub distribution: Option<Distribution>,
}

/// One agent's share of a job.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct AgentSummary {
    /// Its name.
    pub agent: String,
    /// Its iterations; `planned` is its share of the plan.
    pub iterations: Accounting,
    /// Lines that were no results.
    pub malformed: u64,
    /// Generator lag.
    pub lag_p99_ms: f64,
    /// The highest CPU of a second, load test + agent, in cores.
    pub cpu_max: f64,
    /// The scheduler's clock minus the agent's.
    pub clock_offset_ms: f64,
    /// Bound of its error.
    pub clock_error_ms: f64,
    /// How its assignment ended: finished, stopped, died, lease; empty while it runs.
    pub ended: String,
    /// Requests whose raw rows were given up.
    pub voided_requests: u64,
    /// Iterations whose raw rows were given up.
    pub voided_iterations: u64,
}
