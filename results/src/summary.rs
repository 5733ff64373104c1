//! The summary of a job: the one document from which every report is rendered.

use heavy_load::vocabulary::{Ended, SandboxLevel, or_empty};
use std::collections::BTreeMap;

use heavy_load::protocol;
use serde::{Deserialize, Serialize};

use crate::stats::{Dropped, Errors, Event};
use crate::threshold::ThresholdSummary;

mod course;
mod distribution;
mod phases;
mod revision;

pub use course::{Point, Timeline, UserTime, WindowSummary};
pub use distribution::{Distribution, LatencyBucket};
pub use phases::PhaseMeans;
pub use revision::SummaryRevision;

/// The version of the document's shape; a reader refuses a higher one. Fields that version 1 had not are empty when
/// such a document is read.
pub const VERSION: u32 = 2;

/// The results of a job, totals only. Milliseconds are fractions with ns precision.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// [`VERSION`].
    pub version: u32,
    /// The job; its verdict and reason are here.
    pub job: crate::job::JobInfo,
    /// The version of heavy that has made it; empty in documents of version 1.
    #[serde(default)]
    pub heavy_version: String,
    /// Whether the job has ended; false while it runs. What is missing then is in `missing`.
    pub complete: bool,
    /// All revisions of this summary, this one last; empty while the job runs, and in documents of earlier versions.
    #[serde(default)]
    pub revisions: Vec<SummaryRevision>,
    /// From the first due instant to the last end, in seconds.
    pub run_time_s: f64,
    /// The outcome of each threshold, in the order of the job's document.
    #[serde(default)]
    pub thresholds: Vec<ThresholdSummary>,
    /// The accounting of all iterations.
    pub iterations: Accounting,
    /// Completed iterations per second of run time; `None` in documents of earlier versions.
    #[serde(default)]
    pub iteration_rate: Option<f64>,
    /// started - max(scheduled, instant a slot was free).
    pub generator_lag: Distribution,
    /// Durations of completed iterations; empty in documents of earlier versions.
    #[serde(default)]
    pub iteration_duration: Distribution,
    /// Of iterations, ended - scheduled; `None` where the load model has none.
    pub response_time: Option<Distribution>,
    /// All requests together.
    pub requests: RequestTotals,
    /// Warm-up, steady and ramp-down, as far as there are such; empty in documents of version 1.
    #[serde(default)]
    pub windows: Vec<WindowSummary>,
    /// What happened when; empty in documents of version 1.
    #[serde(default)]
    pub timeline: Timeline,
    /// What was done to the job and happened to it, in its order; the first thousand.
    #[serde(default)]
    pub events: Vec<Event>,
    /// Each workflow, by name.
    pub workflows: Vec<WorkflowSummary>,
    /// Errors by kind, most frequent first.
    pub errors: Vec<Errors>,
    /// Lines that are not results, by reason.
    pub not_results: BTreeMap<String, u64>,
    /// Custom metrics, by name.
    pub metrics: Vec<MetricSummary>,
    /// Each agent's share, by name.
    pub agents: Vec<AgentSummary>,
    /// The presence that was planned for users; `None` without users, and in documents of earlier versions.
    #[serde(default)]
    pub users: Option<UserTime>,
    /// What is missing of a job that has ended, in words; empty if all results are in, and in documents of earlier versions.
    #[serde(default)]
    pub missing: Vec<String>,
    /// What a reader should know: near an INVALID verdict, rows not kept, identities over the limit, ...
    pub warnings: Vec<String>,
}

impl Summary {
    /// How many errors there were: the failure of an iteration counts only if none of its requests had failed.
    #[must_use]
    pub fn error_count(&self) -> u64 {
        self.errors
            .iter()
            .map(|error| error.count.saturating_sub(error.repeats))
            .sum()
    }

    /// The summary of a job that has no results, and will have none if it is final.
    #[must_use]
    pub fn without_results(job: crate::job::JobInfo) -> Self {
        Self {
            version: VERSION,
            heavy_version: env!("CARGO_PKG_VERSION").to_owned(),
            complete: job.state.is_final(),
            revisions: Vec::new(),
            run_time_s: 0.0,
            thresholds: Vec::new(),
            iterations: Accounting {
                planned: job.planned,
                ..Accounting::default()
            },
            iteration_rate: None,
            generator_lag: Distribution::default(),
            iteration_duration: Distribution::default(),
            response_time: None,
            requests: RequestTotals::default(),
            windows: Vec::new(),
            timeline: Timeline::default(),
            events: Vec::new(),
            workflows: Vec::new(),
            errors: Vec::new(),
            not_results: BTreeMap::new(),
            metrics: Vec::new(),
            agents: Vec::new(),
            users: None,
            missing: Vec::new(),
            warnings: Vec::new(),
            job,
        }
    }
}

/// Iterations by outcome: `scheduled = started + dropped + unknown`, `started = ok + failed + interrupted + lost`.
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
    /// Due while its agent had its lease and did not report: not known whether it was started. 0 in documents of earlier
    /// versions.
    #[serde(default)]
    pub unknown: u64,
}

impl Accounting {
    /// Whether both identities hold.
    #[must_use]
    pub const fn balances(&self) -> bool {
        self.scheduled == self.started + self.dropped.total() + self.unknown
            && self.started == self.ok + self.failed + self.interrupted + self.lost
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
    /// How many HTTP requests had each status; 0: no answer.
    pub status_counts: BTreeMap<u16, u64>,
    /// How many requests of each other protocol had each status of that protocol.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub protocol_status_counts: BTreeMap<String, BTreeMap<u16, u64>>,
}

/// One workflow.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WorkflowSummary {
    /// Its name.
    pub name: String,
    /// Its iterations.
    pub iterations: Accounting,
    /// Iterations started per second of the job's load; `None` in documents of earlier versions.
    #[serde(default)]
    pub achieved_rate: Option<f64>,
    /// Completed iterations per second of run time.
    pub rate: f64,
    /// Durations of its completed iterations.
    pub duration: Distribution,
    /// Their response times, where the load model has them.
    pub response_time: Option<Distribution>,
    /// How many of its HTTP requests, those of its steps too, had each status; 0: no answer.
    #[serde(default)]
    pub status_counts: BTreeMap<u16, u64>,
    /// How many requests of each other protocol had each status of that protocol.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub protocol_status_counts: BTreeMap<String, BTreeMap<u16, u64>>,
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
    /// How many of its HTTP requests had each status; 0: no answer.
    #[serde(default)]
    pub status_counts: BTreeMap<u16, u64>,
    /// How many requests of each other protocol had each status of that protocol.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub protocol_status_counts: BTreeMap<String, BTreeMap<u16, u64>>,
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
    /// Its protocol family ([`protocol::family`]): `http` in summaries that do not name it.
    #[serde(default = "http", skip_serializing_if = "is_http")]
    pub protocol: String,
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
    /// Durations of the failed; empty in summaries that do not have it.
    #[serde(default)]
    pub failed_duration: Distribution,
    /// How many had each status of the protocol; of HTTP, 0: no answer.
    pub status_counts: BTreeMap<u16, u64>,
    /// Mean ms of each phase.
    pub phases: PhaseMeans,
}

impl RequestSummary {
    /// Whether its statuses are those of HTTP.
    #[must_use]
    pub fn is_http(&self) -> bool {
        protocol::is_http(&self.protocol)
    }
}

fn http() -> String {
    protocol::HTTP.to_owned()
}

fn is_http(family: &String) -> bool {
    family == protocol::HTTP
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
    /// How its assignment ended; absent while it runs.
    #[serde(with = "or_empty")]
    pub ended: Option<Ended>,
    /// Requests whose raw rows were given up.
    pub voided_requests: u64,
    /// Iterations whose raw rows were given up.
    pub voided_iterations: u64,
    /// Batches of raw rows that were damaged, whose rows nobody can count; 0 in documents of earlier versions.
    #[serde(default)]
    pub damaged_batches: u64,
    /// What its load test was kept from on its host; absent while it runs, and from documents of earlier versions.
    #[serde(default, with = "or_empty")]
    pub sandbox: Option<SandboxLevel>,
}
