//! The progress of a job, as its watchers get it every second.

mod live;
mod parts;

pub use live::{LiveFigures, OverdueAgent};
pub use parts::{AgentProgress, AgentStanding, Percentiles, ProgressEvent, TopError};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::job::JobState;
use crate::threshold::ThresholdSummary;
use crate::verdict::Verdict;

/// A job at one moment. Counts are from the job's start, as far as agents have reported. A field that the sender's version
/// does not have is empty.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Progress {
    /// The job.
    #[cfg_attr(feature = "schema", schema(required))]
    pub job: Uuid,
    /// The job's name; hostile text.
    #[cfg_attr(feature = "schema", schema(required))]
    pub name: String,
    /// Its load in words, as submitted.
    #[cfg_attr(feature = "schema", schema(required))]
    pub plan: String,
    /// Where it is in its life.
    #[cfg_attr(feature = "schema", schema(required))]
    pub state: JobState,
    /// What it waits for, or the reason for its outcome.
    #[cfg_attr(feature = "schema", schema(required))]
    pub reason: String,
    /// The verdict, once the job has ended.
    #[cfg_attr(feature = "schema", schema(required))]
    pub verdict: Option<Verdict>,
    /// Names of the agents that take part.
    #[cfg_attr(feature = "schema", schema(required))]
    pub agents: Vec<String>,
    /// How the agents fare: those in trouble first, a hundred at most.
    #[cfg_attr(feature = "schema", schema(required))]
    pub agent_states: Vec<AgentProgress>,
    /// Seconds since the first iteration was due; 0 before.
    #[cfg_attr(feature = "schema", schema(required))]
    pub elapsed_s: f64,
    /// Length of the load in seconds; while it is paused, as if it resumed now.
    #[cfg_attr(feature = "schema", schema(required))]
    pub duration_s: f64,
    /// Whether the load is paused.
    #[cfg_attr(feature = "schema", schema(required))]
    pub paused: bool,
    /// Iterations that the whole load plans; 0 if users decide.
    #[cfg_attr(feature = "schema", schema(required))]
    pub planned: u64,
    /// Due so far.
    #[cfg_attr(feature = "schema", schema(required))]
    pub scheduled: u64,
    /// Started so far.
    #[cfg_attr(feature = "schema", schema(required))]
    pub started: u64,
    /// Completed without failure so far.
    #[cfg_attr(feature = "schema", schema(required))]
    pub ok: u64,
    /// Failed so far.
    #[cfg_attr(feature = "schema", schema(required))]
    pub failed: u64,
    /// Dropped so far, with what was due on lost agents and never reported.
    #[cfg_attr(feature = "schema", schema(required))]
    pub dropped: u64,
    /// Due on agents whose reports are overdue, and not in the other counts: they may have been started.
    #[cfg_attr(feature = "schema", schema(required))]
    pub unreported: u64,
    /// Running at the last report.
    #[cfg_attr(feature = "schema", schema(required))]
    pub in_flight: u64,
    /// The second of the rates and percentiles below: the last one that all agents have reported, or that some have and the
    /// others should have. Absent before the first.
    #[cfg_attr(feature = "schema", schema(required))]
    pub second: Option<u32>,
    /// The rate asked for in that second, in starts per second.
    #[cfg_attr(feature = "schema", schema(required))]
    pub asked_rate: f64,
    /// Starts in that second, as reported.
    #[cfg_attr(feature = "schema", schema(required))]
    pub achieved_rate: f64,
    /// Starts in each of the last seconds, a minute at most; the last one is `second`.
    #[cfg_attr(feature = "schema", schema(required))]
    pub rates: Vec<u64>,
    /// Median of the request durations in that second; absent without requests.
    #[cfg_attr(feature = "schema", schema(required))]
    pub p50_ms: Option<f64>,
    /// 95th percentile of the same.
    #[cfg_attr(feature = "schema", schema(required))]
    pub p95_ms: Option<f64>,
    /// 99th percentile of the same.
    #[cfg_attr(feature = "schema", schema(required))]
    pub p99_ms: Option<f64>,
    /// Requests so far.
    #[cfg_attr(feature = "schema", schema(required))]
    pub requests: u64,
    /// Of them, failed.
    #[cfg_attr(feature = "schema", schema(required))]
    pub requests_failed: u64,
    /// Percentiles of all request durations so far; absent without requests.
    #[cfg_attr(feature = "schema", schema(required))]
    pub overall: Option<Percentiles>,
    /// 99th percentile of generator lag so far; absent without iterations.
    #[cfg_attr(feature = "schema", schema(required))]
    pub lag_p99_ms: Option<f64>,
    /// Above it the job would be INVALID.
    #[cfg_attr(feature = "schema", schema(required))]
    pub lag_limit_ms: Option<f64>,
    /// How each threshold stands, in the order of the job's document.
    #[cfg_attr(feature = "schema", schema(required))]
    pub thresholds: Vec<ThresholdSummary>,
    /// The most frequent errors so far.
    #[cfg_attr(feature = "schema", schema(required))]
    pub errors: Vec<TopError>,
    /// The newest events, oldest first. Their numbers rise, so that each can be shown once.
    #[cfg_attr(feature = "schema", schema(required))]
    pub events: Vec<ProgressEvent>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_versions_are_understood() {
        let older = r#"{"job":"00000000-0000-0000-0000-000000000007","state":"running","started":5}"#;
        let read: Progress = serde_json::from_str(older).unwrap();
        let expected = Progress {
            job: Uuid::from_u128(7),
            state: JobState::Running,
            started: 5,
            ..Progress::default()
        };
        assert_eq!(read, expected);
        let newer = r#"{"state":"running","mood":"fine","agent_states":[{"name":"a","state":"asleep","dreams":3}],
            "errors":[{"count":3,"when":"now"}],"events":[{"number":1}],"overall":{"p42_ms":1.0}}"#;
        let read: Progress = serde_json::from_str(newer).unwrap();
        assert_eq!(read.agent_states[0].state, AgentStanding::Unknown);
        assert_eq!((read.errors[0].count, read.events[0].number), (3, 1));
    }
}
