//! What aggregation says of a running job, for its progress.

use super::{Percentiles, ProgressEvent, TopError};
use crate::summary::Accounting;
use crate::threshold::ThresholdSummary;

/// The figures of a job as far as agents have reported.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LiveFigures {
    /// Figures of one second are those of the second before it: all earlier ones are reported by all agents, or overdue.
    pub known_before: u32,
    /// The name of the workflow that comes first in the results; a job with one workflow need not name it.
    pub first_workflow: String,
    /// All that was reported, also later seconds of single agents; what agents know to be running counts as started.
    pub accounting: Accounting,
    /// Iterations running at the end of the second.
    pub in_flight: u64,
    /// Starts in the last seconds, a minute at most, whether they have ended or not.
    pub rates: Vec<u64>,
    /// Of the requests of the second; `None` without any.
    pub now: Option<Percentiles>,
    /// Of all requests; `None` without any.
    pub overall: Option<Percentiles>,
    /// Requests so far.
    pub requests: u64,
    /// Of them, failed.
    pub requests_failed: u64,
    /// `None` without iterations.
    pub lag_p99_ms: Option<f64>,
    /// Above it the job would be INVALID.
    pub lag_limit_ms: f64,
    /// Whether the lag is above it, and of enough iterations to judge.
    pub is_late: bool,
    /// The standing of each threshold.
    pub thresholds: Vec<ThresholdSummary>,
    /// The most frequent ones.
    pub errors: Vec<TopError>,
    /// The newest ones, oldest first.
    pub events: Vec<ProgressEvent>,
    /// Agents that have not reported every second before `known_before`, or will report nothing more before their end.
    pub overdue: Vec<OverdueAgent>,
}

/// An agent of which reports are missing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OverdueAgent {
    /// Its name.
    pub name: String,
    /// The first second that it has not reported.
    pub reported_before: u32,
    /// What it has reported as due, by workflow.
    pub scheduled: Vec<(String, u64)>,
}
