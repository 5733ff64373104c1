//! What the progress of a job consists of. Texts are hostile and have a limited length.

use serde::{Deserialize, Serialize};

/// Percentiles of request durations.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Percentiles {
    /// The median.
    #[cfg_attr(feature = "schema", schema(required))]
    pub p50_ms: f64,
    /// The 95th percentile.
    #[cfg_attr(feature = "schema", schema(required))]
    pub p95_ms: f64,
    /// The 99th percentile.
    #[cfg_attr(feature = "schema", schema(required))]
    pub p99_ms: f64,
}

/// How an agent fares.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct AgentProgress {
    /// Its name.
    #[cfg_attr(feature = "schema", schema(required))]
    pub name: String,
    /// Its state.
    #[cfg_attr(feature = "schema", schema(required))]
    pub state: AgentStanding,
    /// Of an agent that is silent, lost or failed: the first second of the job without a report of it.
    #[cfg_attr(feature = "schema", schema(required))]
    pub since_s: Option<u32>,
    /// Batches of results that it has not yet delivered, as of its last heartbeat.
    #[cfg_attr(feature = "schema", schema(required))]
    pub backlog_batches: u64,
    /// Their bytes.
    #[cfg_attr(feature = "schema", schema(required))]
    pub backlog_bytes: u64,
}

/// The state of an agent in a job.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub enum AgentStanding {
    /// Its lease has expired: it takes no part any more.
    Lost,
    /// Its load test could not be started or died.
    Failed,
    /// Its reports are overdue.
    Silent,
    /// It fetches, verifies and starts the load test.
    Preparing,
    /// It starts iterations.
    Running,
    /// It starts no more iterations; running ones finish.
    Draining,
    /// Its load is over; it delivers its results.
    Delivering,
    /// It has reported everything.
    Finished,
    /// A state that this version does not know.
    #[default]
    #[serde(other)]
    Unknown,
}

impl AgentStanding {
    /// Whether the agent does not do its part.
    #[must_use]
    pub const fn is_trouble(self) -> bool {
        matches!(self, Self::Lost | Self::Failed | Self::Silent)
    }
}

/// An error and how often it happened: failed requests of one name, status and kind, or iterations that failed in one way.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct TopError {
    /// How often.
    #[cfg_attr(feature = "schema", schema(required))]
    pub count: u64,
    /// The request's name, with its method; of iterations the workflow.
    #[cfg_attr(feature = "schema", schema(required))]
    pub name: String,
    /// The request's status; 0: no answer, or not a request.
    #[cfg_attr(feature = "schema", schema(required))]
    pub status: u16,
    /// Short and stable, as in the results; empty where the status says it all.
    #[cfg_attr(feature = "schema", schema(required))]
    pub kind: String,
    /// Of iterations: one message.
    #[cfg_attr(feature = "schema", schema(required))]
    pub example: String,
}

/// Something that happened to the job, as in the relation `events`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ProgressEvent {
    /// Its number in the job, from 0.
    #[cfg_attr(feature = "schema", schema(required))]
    pub number: u64,
    /// Seconds from the job's start.
    #[cfg_attr(feature = "schema", schema(required))]
    pub at_s: f64,
    /// Short and stable: agent-lost, threshold-broken, rate, ...
    #[cfg_attr(feature = "schema", schema(required))]
    pub kind: String,
    /// The origin: an agent, a threshold, a client.
    #[cfg_attr(feature = "schema", schema(required))]
    pub who: String,
    /// Empty where nothing changed.
    #[cfg_attr(feature = "schema", schema(required))]
    pub old_value: String,
    /// Empty where nothing changed.
    #[cfg_attr(feature = "schema", schema(required))]
    pub new_value: String,
}
