//! Rolled-up results: additive deltas, keyed by second and identity, that agents send and the scheduler aggregates.
//!
//! Durations count in the second in which they *ended*, plan and drops in the second *due*; seconds and `*_ns`
//! instants count from the job's start.

use heavy_load::vocabulary::{Ended, SandboxLevel};
use std::sync::Arc;

use heavy_load::histogram::Histogram;
use heavy_load::window::Window;

/// The content of one batch of the stats stream.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Delta {
    /// Every second before this one is complete for this producer.
    pub complete_before_second: u32,
    /// Requests.
    pub requests: Vec<Requests>,
    /// Iterations.
    pub iterations: Vec<Iterations>,
    /// Steps.
    pub steps: Vec<Steps>,
    /// Checks.
    pub checks: Vec<Checks>,
    /// Custom metrics.
    pub metrics: Vec<Metrics>,
    /// Errors of requests and iterations.
    pub errors: Vec<Errors>,
    /// How agent and load test fared.
    pub health: Vec<GeneratorHealth>,
    /// Lines that are not results, by reason (as heavy-plugin's `NotAResult::as_str`).
    pub not_results: Vec<(Arc<str>, u64)>,
    /// Kept log lines.
    pub log: Vec<LogLine>,
    /// What happened to the job on this agent.
    pub events: Vec<Event>,
    /// When the last of these iterations and requests ended; 0 if none ended.
    pub last_ended_ns: u64,
}

/// Requests of one (second, window, workflow, step, method, name, protocol, status, error kind, failed).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Requests {
    /// The second in which they ended.
    pub second: u32,
    /// The window in which they started.
    pub window: Window,
    /// Empty if not known.
    pub workflow: Arc<str>,
    /// Empty outside of steps.
    pub step: Arc<str>,
    /// As in `GET`.
    pub method: Arc<str>,
    /// The request's identity.
    pub name: Arc<str>,
    /// The protocol family ([`heavy_load::protocol::family`]), by which a status is to be read.
    pub protocol: Arc<str>,
    /// Of HTTP, 0: no answer.
    pub status: u16,
    /// Empty without an error.
    pub error_kind: Arc<str>,
    /// Whether they count as failed.
    pub failed: bool,
    /// Body bytes received.
    pub bytes: u64,
    /// Durations; their count is the number of requests.
    pub duration: Histogram,
    /// Sums in ns, in the order of [`heavy_load::phases::Phase::ALL`].
    pub phases_ns: [u64; 7],
}

/// Iterations of one (second, window, workflow).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Iterations {
    /// Due (scheduled, dropped, started) or ended (all else) in this second.
    pub second: u32,
    /// The window in which they were scheduled; of counts by the second due, that in which the second begins.
    pub window: Window,
    /// The workflow.
    pub workflow: Arc<str>,
    /// Due; = started + dropped + unknown.
    pub scheduled: u64,
    /// Started; = ok + failed + interrupted + lost in the end. Counted in the second due.
    pub started: u64,
    /// Ended with `Ok`.
    pub ok: u64,
    /// Ended with `Err`, a panic or a timeout.
    pub failed: u64,
    /// Cut off by the end of grace.
    pub interrupted: u64,
    /// Due and not started.
    pub dropped: Dropped,
    /// Started and never heard of again.
    pub lost: u64,
    /// Due, and not known whether it was started: only settling counts any.
    pub unknown: u64,
    /// Durations of the ok and failed.
    pub duration: Histogram,
    /// Response times of the ok and failed, where they exist.
    pub response: Histogram,
    /// Generator lag of all that started and were heard of.
    pub generator_lag: Histogram,
    /// When the last of these ended, interrupted ones included; 0 if none ended.
    pub last_ended_ns: u64,
}

/// Dropped iterations by reason.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Dropped {
    /// No free slot within max-in-flight.
    pub full: u64,
    /// The generator was more than 1 s behind.
    pub late: u64,
    /// The agent was gone.
    pub gap: u64,
}

impl Dropped {
    /// For whatever reason.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.full + self.late + self.gap
    }

    /// Adds another's counts.
    pub fn add(&mut self, other: &Self) {
        self.full += other.full;
        self.late += other.late;
        self.gap += other.gap;
    }
}

/// Steps of one (second, workflow, step).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Steps {
    /// The second in which their iterations ended.
    pub second: u32,
    /// The workflow.
    pub workflow: Arc<str>,
    /// The step.
    pub step: Arc<str>,
    /// How many failed.
    pub failed: u64,
    /// Durations of all.
    pub duration: Histogram,
}

/// Outcomes of one check.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Checks {
    /// The second in which their iterations ended.
    pub second: u32,
    /// The workflow.
    pub workflow: Arc<str>,
    /// The check.
    pub name: Arc<str>,
    /// How often it was true.
    pub passes: u64,
    /// How often it was false.
    pub fails: u64,
}

/// Values of one custom metric.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Metrics {
    /// The second in which the agent read them.
    pub second: u32,
    /// The metric.
    pub name: Arc<str>,
    /// counter, gauge, rate or trend.
    pub kind: Arc<str>,
    /// The step; empty outside of steps.
    pub step: Arc<str>,
    /// How many values.
    pub count: u64,
    /// Their sum.
    pub sum: f64,
    /// The smallest.
    pub min: f64,
    /// The largest.
    pub max: f64,
    /// The newest.
    pub last: f64,
    /// How many are not zero.
    pub nonzero: u64,
    /// Of trends: values times 1,000,000, rounded, negative ones as 0 (a trend in ms is thus in ns).
    pub distribution: Histogram,
}

/// Errors of one (workflow, step, name, kind): of a batch, or of a whole job.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Errors {
    /// Empty if not known.
    pub workflow: Arc<str>,
    /// Empty outside of steps.
    pub step: Arc<str>,
    /// The request's name; empty for errors of iterations.
    pub name: Arc<str>,
    /// Short and stable; `iteration`, `panic`, `iteration-timeout` for those of iterations.
    pub kind: Arc<str>,
    /// How many.
    pub count: u64,
    /// How many of them repeat the error of a request: failures of iterations of which a request has failed.
    #[serde(default)]
    pub repeats: u64,
    /// The first's instant.
    pub first_ns: i64,
    /// The last's instant.
    pub last_ns: i64,
    /// One message, as it came: hostile text.
    pub example: Arc<str>,
}

/// How agent and load test fared in one second.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct GeneratorHealth {
    /// The second.
    pub second: u32,
    /// Iterations running at its end.
    pub in_flight: u64,
    /// Cores used by the load test; 1.0 is one core.
    pub load_test_cpu: f64,
    /// Cores used by the agent.
    pub agent_cpu: f64,
    /// Memory of the load test.
    pub load_test_rss_bytes: u64,
    /// Memory of the agent.
    pub agent_rss_bytes: u64,
    /// Open files of the load test.
    pub open_files: u64,
    /// What waits for delivery on disk.
    pub spool_bytes: u64,
}

/// One line of the job's log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogLine {
    /// When the agent read it.
    pub at_ns: i64,
    /// stdout or stderr.
    pub stream: Arc<str>,
    /// The line as it came, lossily as UTF-8, at most 4 KiB: hostile text.
    pub text: Arc<str>,
}

/// Something that happened to a job.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Event {
    /// When.
    pub at_ns: i64,
    /// Short and stable: started, stopped, agent-lost, process-died, ...
    pub kind: String,
    /// The origin: an agent, `scheduler`, a client.
    pub who: String,
    /// Empty where nothing changed.
    pub old_value: String,
    /// Empty where nothing changed.
    pub new_value: String,
}

/// The accounting of one finished assignment; the last message of its agent.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Closing {
    /// The last sequence of the rows stream.
    pub last_rows_sequence: u64,
    /// Due; = started + dropped.
    pub scheduled: u64,
    /// Started; = ok + failed + interrupted + lost.
    pub started: u64,
    /// Ended with `Ok`.
    pub ok: u64,
    /// Ended with `Err`, a panic or a timeout.
    pub failed: u64,
    /// Cut off by the end of grace.
    pub interrupted: u64,
    /// Started and never heard of again.
    pub lost: u64,
    /// Due and not started.
    pub dropped: u64,
    /// Lines that were no results.
    pub malformed: u64,
    /// Of the whole assignment.
    pub generator_lag: Histogram,
    /// The highest load test + agent CPU of a second, in cores.
    pub cpu_max: f64,
    /// The scheduler's clock minus the agent's.
    pub clock_offset_ns: i64,
    /// Bound of its error; 0: not measured.
    pub clock_error_ns: u64,
    /// Requests whose raw rows were given up.
    pub voided_requests: u64,
    /// Iterations whose raw rows were given up.
    pub voided_iterations: u64,
    /// Log lines that were not kept.
    pub log_lines_dropped: u64,
    /// How the assignment ended.
    pub ended: Option<Ended>,
    /// What its load test was kept from; older agents do not tell.
    pub sandbox: Option<SandboxLevel>,
}
