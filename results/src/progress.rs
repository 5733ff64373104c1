//! The progress of a job, as its watchers get it every second.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::job::JobState;
use crate::verdict::Verdict;

/// A job at one moment. Counts are from the job's start, as far as the results have arrived.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Progress {
    /// The job.
    pub job: Uuid,
    /// Where it is in its life.
    pub state: JobState,
    /// What it waits for, or the reason for its outcome.
    pub reason: String,
    /// The verdict, once the job has ended.
    #[cfg_attr(feature = "schema", schema(required))]
    pub verdict: Option<Verdict>,
    /// Names of the agents that take part.
    pub agents: Vec<String>,
    /// Seconds since the first iteration was due; 0 before.
    pub elapsed_s: f64,
    /// Length of the load in seconds.
    pub duration_s: f64,
    /// Iterations that the whole load plans; 0 if users decide.
    pub planned: u64,
    /// Due so far.
    pub scheduled: u64,
    /// Started so far.
    pub started: u64,
    /// Completed without failure so far.
    pub ok: u64,
    /// Failed so far.
    pub failed: u64,
    /// Dropped so far.
    pub dropped: u64,
    /// Running at the last report.
    pub in_flight: u64,
    /// The rate asked for in the last complete second, in starts per second.
    pub asked_rate: f64,
    /// Starts in the last complete second.
    pub achieved_rate: f64,
    /// Median of the request durations in the last complete second; absent without requests.
    #[cfg_attr(feature = "schema", schema(required))]
    pub p50_ms: Option<f64>,
    /// 95th percentile of the same.
    #[cfg_attr(feature = "schema", schema(required))]
    pub p95_ms: Option<f64>,
    /// 99th percentile of the same.
    #[cfg_attr(feature = "schema", schema(required))]
    pub p99_ms: Option<f64>,
}
