//! Job documents: what is submitted, and what is known of a job while it lives and after.
//!
//! [`JobSpec`] is the document of the command line, of the HTTP API and of job files alike; everything else here is
//! what the services answer. All of it is JSON through serde.

mod check;
mod foreign;
mod info;
mod provenance;
mod samples;
mod workflow;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use info::{AgentInfo, CheckSpec, Checked, JobInfo, JobState, JobView};
pub use provenance::Provenance;
pub use samples::Samples;
pub use workflow::WorkflowSpec;

use crate::threshold::{Threshold, document};
use heavy_load::arrivals::Arrivals;
use heavy_load::load::Load;
use heavy_load::profile::Stage;
use heavy_load::rate::Rate;
use heavy_load::shape::{self, ShapeError};
use heavy_load::span::Span;
use heavy_load::users::Users;
use heavy_load::vocabulary::{Connections, Weights, WhenFull};

/// A submitted execution of a load test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct JobSpec {
    /// SHA-256 of the binary, lower-case hex; it was uploaded before.
    #[cfg_attr(feature = "schema", schema(pattern = "^[0-9a-f]{64}$"))]
    pub binary_sha256: String,
    /// The binary's file name.
    #[serde(default)]
    pub binary_name: String,
    /// For people; the binary's file name by default.
    #[serde(default)]
    pub name: String,
    /// For people.
    #[serde(default)]
    pub description: String,
    /// The service that is tested; empty if none was said.
    #[serde(default)]
    pub service: String,
    /// For people and for queries.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// The workflows to run; empty: the load test's only one.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schema(value_type = crate::schema::Workflows))]
    pub workflows: Vec<WorkflowSpec>,
    /// Planned iteration starts; with stages, where the first one begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<Rate>,
    /// Stages of the rate.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stages: Vec<Stage>,
    /// How starts are spread around the rate.
    #[serde(default)]
    pub arrivals: Arrivals,
    /// What random arrivals follow from; the scheduler draws one where none is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// Users that start their next iteration when the last has ended, in place of a rate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub users: Option<Users>,
    /// How many iterations all users have together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(minimum = 1))]
    pub iterations: Option<u64>,
    /// How many iterations each user has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(minimum = 1))]
    pub iterations_per_user: Option<u64>,
    /// From one start of a user to its next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pacing: Option<Span>,
    /// How long iterations are started, warm-up excluded; absent: 30 s, 10 min for a number of iterations, or as long
    /// as the stages are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration: Option<Span>,
    /// Comes before the duration, at the load of its beginning; marked in the results.
    #[serde(default, skip_serializing_if = "Span::is_zero")]
    pub warm_up: Span,
    /// So many identities, made before the start, take turns; no two agents ever hold the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(minimum = 1))]
    pub unique_users: Option<u32>,
    /// Iterations may run at once, on each agent.
    #[serde(default = "default_max_in_flight")]
    #[cfg_attr(feature = "schema", schema(minimum = 1))]
    pub max_in_flight: u32,
    /// What becomes of an iteration that is due when all slots are taken.
    #[serde(default)]
    pub when_full: WhenFull,
    /// After which an iteration is given up as failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Span>,
    /// How long running iterations may go on after the last start.
    #[serde(default = "default_graceful_stop")]
    pub graceful_stop: Span,
    /// Who shares connections with whom.
    #[serde(default)]
    pub connections: Connections,
    /// Whether requests carry the W3C header `traceparent`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub traceparent: bool,
    /// The load test's params: any JSON, an object by custom.
    #[serde(default)]
    pub params: Value,
    /// Variables for the load test.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// Which raw rows are kept.
    #[serde(default)]
    pub samples: Samples,
    /// Whether query strings are kept in stored URLs.
    #[serde(default)]
    pub keep_query: bool,
    /// Only agents with all these labels take part.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub on: BTreeMap<String, String>,
    /// How much of the load each agent gets.
    #[serde(default)]
    pub weights: Weights,
    /// Whether what runs on its agents is stopped in its favour.
    #[serde(default)]
    pub replace: bool,
    /// How many agents take part; absent: all that are connected and free when the job's turn comes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(minimum = 1))]
    pub agents: Option<u32>,
    /// How long to wait for that many (at least one) agents before giving up.
    #[serde(default = "default_wait_for_agents")]
    pub wait_for_agents: Span,
    /// Drops with reason `full` up to this share of the plan do not fail the job.
    #[serde(default)]
    #[cfg_attr(feature = "schema", schema(minimum = 0, maximum = 100))]
    pub allow_drops_percent: f64,
    /// A generator that could not keep up makes the job no worse than a warning.
    #[serde(default)]
    pub allow_invalid: bool,
    /// Conditions on what is measured: one that is not met fails the job.
    #[serde(
        default,
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "document::deserialize"
    )]
    #[cfg_attr(feature = "schema", schema(value_type = crate::schema::Thresholds))]
    pub thresholds: Vec<Threshold>,
    /// Where it comes from, as far as its client says.
    #[serde(default, skip_serializing_if = "Provenance::is_empty")]
    pub provenance: Provenance,
}

fn default_max_in_flight() -> u32 {
    shape::DEFAULT_MAX_IN_FLIGHT
}

fn default_graceful_stop() -> Span {
    shape::DEFAULT_GRACEFUL_STOP
}

fn default_wait_for_agents() -> Span {
    JobSpec::DEFAULT_WAIT_FOR_AGENTS
}

/// What is wrong with a job document.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SpecError {
    /// Not JSON, not an object, a field unknown, missing or of a wrong type.
    #[error("the job document is not valid: {0}")]
    Syntax(String),
    /// A field has a value that cannot be.
    #[error("{field}: {problem}")]
    Field {
        /// The field's name.
        field: &'static str,
        /// What is wrong and what would be right.
        problem: String,
    },
}

impl From<ShapeError> for SpecError {
    fn from(ShapeError { field, problem }: ShapeError) -> Self {
        Self::Field { field, problem }
    }
}

impl JobSpec {
    /// How long a job waits for agents.
    pub const DEFAULT_WAIT_FOR_AGENTS: Span = Span::from_s(30);

    /// Stands for the value of a variable where it is not for everybody.
    pub const BLANK: &str = "***";

    /// A job of a binary with all else as by default; it has no load yet.
    #[must_use]
    pub fn of(binary_sha256: impl Into<String>) -> Self {
        Self {
            binary_sha256: binary_sha256.into(),
            binary_name: String::new(),
            name: String::new(),
            description: String::new(),
            service: String::new(),
            labels: BTreeMap::new(),
            workflows: Vec::new(),
            rate: None,
            stages: Vec::new(),
            arrivals: Arrivals::Uniform,
            seed: None,
            users: None,
            iterations: None,
            iterations_per_user: None,
            pacing: None,
            duration: None,
            warm_up: Span::ZERO,
            unique_users: None,
            max_in_flight: shape::DEFAULT_MAX_IN_FLIGHT,
            when_full: WhenFull::Drop,
            timeout: None,
            graceful_stop: shape::DEFAULT_GRACEFUL_STOP,
            connections: Connections::Shared,
            traceparent: false,
            params: Value::Null,
            env: BTreeMap::new(),
            samples: Samples::All,
            keep_query: false,
            on: BTreeMap::new(),
            weights: Weights::Equal,
            replace: false,
            agents: None,
            wait_for_agents: Self::DEFAULT_WAIT_FOR_AGENTS,
            allow_drops_percent: 0.0,
            allow_invalid: false,
            thresholds: Vec::new(),
            provenance: Provenance::default(),
        }
    }

    /// A job at a constant rate, all else as by default.
    #[must_use]
    pub fn new(binary_sha256: impl Into<String>, rate: Rate, duration: Span) -> Self {
        Self {
            rate: Some(rate),
            duration: Some(duration),
            ..Self::of(binary_sha256)
        }
    }

    /// Reads and checks a document; one in the words of go-load-tester's commands too.
    ///
    /// # Errors
    /// Says which field is wrong and what would be right.
    pub fn parse(json: &str) -> Result<Self, SpecError> {
        let value: Value =
            serde_json::from_str(json).map_err(|error| SpecError::Syntax(error.to_string()))?;
        Self::from_value(value)
    }

    /// As [`Self::parse`], of a document that was read already (from TOML, say).
    ///
    /// # Errors
    /// As [`Self::parse`].
    pub fn from_value(value: Value) -> Result<Self, SpecError> {
        let value = foreign::translate(value)?;
        let spec = Self::deserialize(value).map_err(|error| SpecError::Syntax(error.to_string()))?;
        spec.check()?;
        spec.check_named_workflows()?;
        Ok(spec)
    }

    /// Takes the values of the variables out, which may be secrets: their names stay, with [`Self::BLANK`].
    pub fn take_env(&mut self) -> BTreeMap<String, String> {
        let blank = self.env.keys().map(|name| (name.clone(), Self::BLANK.to_owned()));
        let blank = blank.collect();
        std::mem::replace(&mut self.env, blank)
    }

    /// The variables whose values were taken out by [`Self::take_env`]: of a document that is sent again they are unknown.
    #[must_use]
    pub fn blank_env(&self) -> Vec<&str> {
        let blank = self.env.iter().filter(|(_, value)| *value == Self::BLANK);
        blank.map(|(name, _)| name.as_str()).collect()
    }

    /// The names of the workflows to run; none: the load test's only one.
    #[must_use]
    pub fn workflow_names(&self) -> Vec<String> {
        self.workflows
            .iter()
            .map(|workflow| workflow.name.clone())
            .collect()
    }

    /// The load in words, as in `100/s for 30s`.
    #[must_use]
    pub fn describe_load(&self) -> String {
        let own = self
            .workflows
            .iter()
            .filter(|workflow| workflow.shape(self).is_given());
        let own: Vec<String> = own
            .map(|workflow| format!("{} {}", workflow.name, workflow.shape(self).describe()))
            .collect();
        if own.is_empty() {
            self.shape().describe()
        } else {
            own.join("; ")
        }
    }

    /// The load that the document asks for; none of a document that fails [`Self::check`].
    #[must_use]
    pub fn load(&self) -> Load {
        Load {
            workflows: workflow::workflow_loads(self),
            warm_up_ns: self.warm_up.ns(),
            pauses: Vec::new(),
        }
    }

    /// How long iterations are started, the warm-up included.
    #[must_use]
    pub fn total_duration(&self) -> Span {
        Span::from_ns(self.load().duration_ns())
    }
}
