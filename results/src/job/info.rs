//! Jobs and agents as the services describe them.

use std::collections::BTreeMap;

use heavy_load::measured_time::MeasuredTime;
use heavy_load::vocabulary::{SandboxLevel, or_empty};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::spec::JobSpec;
use crate::threshold::{MOST, Threshold, ThresholdSummary, document};

/// Where a job is in its life.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub enum JobState {
    /// Waiting for its turn or for agents.
    #[default]
    Queued,
    /// Agents fetch, verify, spawn and run init.
    Preparing,
    /// Iterations are started.
    Running,
    /// No more starts: running iterations finish.
    Draining,
    /// The load is over: the rest of the results arrives.
    Delivering,
    /// All results have arrived; totals and verdict are final.
    Finished,
    /// Could not run, or lost its process for good; the results so far are kept.
    Failed,
    /// Stopped by a user before its end; the results so far are kept.
    Stopped,
}

impl JobState {
    /// The state's name in results.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Preparing => "preparing",
            Self::Running => "running",
            Self::Draining => "draining",
            Self::Delivering => "delivering",
            Self::Finished => "finished",
            Self::Failed => "failed",
            Self::Stopped => "stopped",
        }
    }

    /// Whether nothing more will happen.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Finished | Self::Failed | Self::Stopped)
    }
}

impl std::str::FromStr for JobState {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        serde_json::from_value(Value::String(text.to_owned()))
            .map_err(|_| format!("unknown job state `{text}`"))
    }
}

/// One line about a job. Instants are ns since the Unix epoch on the scheduler's clock.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct JobInfo {
    /// The "Test ID" of reports: a UUIDv7.
    pub id: Uuid,
    /// Where it is in its life.
    pub state: JobState,
    /// Set once a job that ran has ended.
    #[cfg_attr(feature = "schema", schema(required))]
    pub verdict: Option<crate::verdict::Verdict>,
    /// The reason for the verdict or the failure; while queued or preparing, what the job waits for.
    pub reason: String,
    /// Whether an agent was lost or accounting is open.
    pub degraded: bool,
    /// When it was submitted.
    pub submitted_at_wall_ns: u64,
    /// When its first iteration was due.
    #[cfg_attr(feature = "schema", schema(required))]
    pub started_at_wall_ns: Option<u64>,
    /// When its last iteration ended.
    #[cfg_attr(feature = "schema", schema(required))]
    pub ended_at_wall_ns: Option<u64>,
    /// How many iterations its profile plans.
    pub planned: u64,
    /// Mean asked rate in starts per second.
    pub asked_rate: f64,
    /// Starts per second over the time in which iterations were started.
    #[cfg_attr(feature = "schema", schema(required))]
    pub achieved_rate: Option<f64>,
    /// That time in seconds, from the first due instant: up to the end of the plan, the stop, or the last end where
    /// iterations ran out. Absent from jobs of earlier versions.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schema(required))]
    pub load_s: Option<f64>,
    /// The document it was submitted with, params included; of the variables in `env` only the names, with `***` for
    /// their values.
    pub spec: JobSpec,
}

impl JobInfo {
    /// A job that has just been submitted, at an instant in ns since 1970.
    #[must_use]
    pub fn queued(id: Uuid, spec: JobSpec, submitted_at_wall_ns: u64) -> Self {
        let load = spec.load();
        Self {
            id,
            state: JobState::Queued,
            verdict: None,
            reason: String::new(),
            degraded: false,
            submitted_at_wall_ns,
            started_at_wall_ns: None,
            ended_at_wall_ns: None,
            planned: load.planned(),
            asked_rate: load.mean_rate_per_second(),
            achieved_rate: None,
            load_s: None,
            spec,
        }
    }

    /// This job with its rate of starts, over the load's part of the measured time.
    #[must_use]
    pub(crate) fn with_rates(&self, started: u64, measured: MeasuredTime) -> Self {
        let known = measured.load_ns > 0;
        Self {
            achieved_rate: known.then(|| measured.starts_per_second(started)),
            load_s: known.then_some(measured.load_ns as f64 / 1e9),
            ..self.clone()
        }
    }
}

/// A job and, as soon as there are results, their summary.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct JobView {
    /// The job.
    pub job: JobInfo,
    /// What is known of its results so far; final when the job is.
    #[cfg_attr(feature = "schema", schema(required, value_type = Option<crate::schema::SummaryDocument>))]
    pub summary: Option<crate::summary::Summary>,
}

/// The outcomes of thresholds on a job's stored results.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Checked {
    /// The job.
    pub job: Uuid,
    /// Whether all are met.
    pub passed: bool,
    /// Each, in the order in which they were given.
    pub thresholds: Vec<ThresholdSummary>,
}

/// The thresholds to evaluate a job by; empty for its own.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct CheckSpec {
    /// The thresholds, as in a [`JobSpec`].
    #[serde(default, deserialize_with = "document::deserialize")]
    #[cfg_attr(feature = "schema", schema(value_type = crate::schema::Thresholds))]
    pub thresholds: Vec<Threshold>,
}

impl CheckSpec {
    /// The thresholds to evaluate: these, or else those of the job.
    ///
    /// # Errors
    /// If there are no thresholds, or too many.
    pub fn thresholds_for<'a>(&'a self, spec: &'a JobSpec) -> Result<&'a [Threshold], String> {
        let thresholds = if self.thresholds.is_empty() {
            &spec.thresholds
        } else {
            &self.thresholds
        };
        match thresholds.len() {
            0 => Err(
                "the job has no thresholds: add one, such as --threshold 'http_req_duration: p(95)<500'"
                    .to_owned(),
            ),
            n if n > MOST => Err(format!("{n} thresholds exceed the limit of {MOST}")),
            _ => Ok(thresholds),
        }
    }
}

/// One connected agent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct AgentInfo {
    /// Its unique name.
    pub name: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// heavy's version.
    pub version: String,
    /// Processor cores of its host.
    pub cores: u32,
    /// As in `uname -m`.
    pub architecture: String,
    /// The host's glibc, such as `2.36`; empty when unknown.
    pub glibc: String,
    /// What its load tests are kept from: none, basic or basic+files; empty if an older agent does not tell.
    #[serde(default, with = "or_empty")]
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub sandbox: Option<SandboxLevel>,
    /// The job it works on.
    #[cfg_attr(feature = "schema", schema(required))]
    pub job: Option<Uuid>,
    /// When it registered, ns since the Unix epoch.
    pub connected_at_wall_ns: u64,
    /// Since its last heartbeat.
    pub last_seen_ns: u64,
    /// The scheduler's clock minus the agent's, if measured.
    #[cfg_attr(feature = "schema", schema(required))]
    pub clock_offset_ns: Option<i64>,
    /// Bound of the error of the offset.
    #[cfg_attr(feature = "schema", schema(required))]
    pub clock_error_ns: Option<u64>,
}
