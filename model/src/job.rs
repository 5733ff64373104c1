//! Job documents: what is submitted, and what is known of a job while it lives and after.
//!
//! [`JobSpec`] is the document of the command line, of the HTTP API and of job files alike; everything else here is
//! what the services answer. All of it is JSON through serde.

mod choices;
mod info;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use choices::{Connections, Samples, WhenFull};
pub use info::{AgentInfo, JobInfo, JobState, JobView};

use crate::profile::Profile;
use crate::rate::Rate;
use crate::span::Span;

/// A submitted execution of a load test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JobSpec {
    /// SHA-256 of the binary, lower-case hex; it was uploaded before.
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
    pub workflows: Vec<String>,
    /// Planned iteration starts.
    pub rate: Rate,
    /// How long iterations are started, warm-up excluded.
    #[serde(default = "default_duration")]
    pub duration: Span,
    /// Iterations may run at once, on each agent.
    #[serde(default = "default_max_in_flight")]
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
    /// How many agents take part; absent: all that are connected and free when the job's turn comes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agents: Option<u32>,
    /// How long to wait for that many (at least one) agents before giving up.
    #[serde(default = "default_wait_for_agents")]
    pub wait_for_agents: Span,
    /// Drops with reason `full` up to this share of the plan do not fail the job.
    #[serde(default)]
    pub allow_drops_percent: f64,
}

fn default_duration() -> Span {
    JobSpec::DEFAULT_DURATION
}

fn default_max_in_flight() -> u32 {
    JobSpec::DEFAULT_MAX_IN_FLIGHT
}

fn default_graceful_stop() -> Span {
    JobSpec::DEFAULT_GRACEFUL_STOP
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

impl JobSpec {
    /// How long a job lasts that says nothing of it.
    pub const DEFAULT_DURATION: Span = Span::from_s(30);
    /// Iterations at once on each agent.
    pub const DEFAULT_MAX_IN_FLIGHT: u32 = 4096;
    /// Grace for running iterations.
    pub const DEFAULT_GRACEFUL_STOP: Span = Span::from_s(30);
    /// How long a job waits for agents.
    pub const DEFAULT_WAIT_FOR_AGENTS: Span = Span::from_s(30);

    /// Stands for the value of a variable where it is not for everybody.
    pub const BLANK: &str = "***";

    /// A job at a constant rate, all else as by default.
    #[must_use]
    pub fn new(binary_sha256: impl Into<String>, rate: Rate, duration: Span) -> Self {
        Self {
            binary_sha256: binary_sha256.into(),
            binary_name: String::new(),
            name: String::new(),
            description: String::new(),
            service: String::new(),
            labels: BTreeMap::new(),
            workflows: Vec::new(),
            rate,
            duration,
            max_in_flight: Self::DEFAULT_MAX_IN_FLIGHT,
            when_full: WhenFull::Drop,
            timeout: None,
            graceful_stop: Self::DEFAULT_GRACEFUL_STOP,
            connections: Connections::Shared,
            params: Value::Null,
            env: BTreeMap::new(),
            samples: Samples::All,
            keep_query: false,
            agents: None,
            wait_for_agents: Self::DEFAULT_WAIT_FOR_AGENTS,
            allow_drops_percent: 0.0,
        }
    }

    /// Reads and checks a document.
    ///
    /// # Errors
    /// Says which field is wrong and what would be right.
    pub fn parse(json: &str) -> Result<Self, SpecError> {
        let spec: Self = serde_json::from_str(json).map_err(|error| SpecError::Syntax(error.to_string()))?;
        spec.check()?;
        Ok(spec)
    }

    /// Checks what the types alone cannot say.
    ///
    /// # Errors
    /// Says which field is wrong and what would be right.
    pub fn check(&self) -> Result<(), SpecError> {
        let field = |field, problem: &str| {
            Err(SpecError::Field {
                field,
                problem: problem.to_owned(),
            })
        };
        let hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if self.binary_sha256.len() != 64 || !self.binary_sha256.bytes().all(hex) {
            return field("binary_sha256", "write the SHA-256 as 64 lower-case hex digits");
        }
        for (at, workflow) in self.workflows.iter().enumerate() {
            if self.workflows[..at].contains(workflow) {
                let problem = format!("{workflow:?} is named twice: name every workflow once");
                return field("workflows", &problem);
            }
        }
        if self.duration == Span::ZERO {
            return field(
                "duration",
                "a job of 0s starts nothing: write a duration above 0, as in 30s",
            );
        }
        if self.max_in_flight == 0 {
            return field(
                "max_in_flight",
                "with no slot nothing can start: write a number above 0",
            );
        }
        if self.timeout == Some(Span::ZERO) {
            return field(
                "timeout",
                "every iteration would time out: write a duration above 0, as in 10s",
            );
        }
        if self.agents == Some(0) {
            return field("agents", "a job needs at least one agent");
        }
        if !(0.0..=100.0).contains(&self.allow_drops_percent) {
            return field("allow_drops_percent", "write a percentage from 0 to 100");
        }
        Ok(())
    }

    /// Takes the values of the variables out, which may be secrets: their names stay, with [`Self::BLANK`].
    pub fn take_env(&mut self) -> BTreeMap<String, String> {
        let blank = self.env.keys().map(|name| (name.clone(), Self::BLANK.to_owned()));
        let blank = blank.collect();
        std::mem::replace(&mut self.env, blank)
    }

    /// The profile of planned starts.
    #[must_use]
    pub fn profile(&self) -> Profile {
        Profile::constant(self.rate, self.duration)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINIMAL: &str = r#"{"binary_sha256":"HASH","rate":"100"}"#;

    fn minimal() -> String {
        MINIMAL.replace("HASH", &"a".repeat(64))
    }

    #[test]
    fn a_minimal_document_gets_the_defaults_and_survives() {
        let spec = JobSpec::parse(&minimal()).unwrap();
        assert_eq!(
            spec,
            JobSpec::new("a".repeat(64), "100/s".parse().unwrap(), Span::from_s(30))
        );
        assert_eq!(JobSpec::parse(&serde_json::to_string(&spec).unwrap()), Ok(spec));
    }

    #[test]
    fn wrong_documents_say_what_is_wrong() {
        for (change, expected) in [
            (r#""rate":"0""#, "a rate of 0 starts nothing"),
            (r#""rate":"-1""#, "is not a rate"),
            (
                r#""rate":"1","duration":"0s""#,
                "duration: a job of 0s starts nothing",
            ),
            (r#""rate":"1","duration":"30""#, "is not a duration"),
            (r#""rate":"1","max_in_flight":0"#, "max_in_flight"),
            (r#""rate":"1","agents":0"#, "at least one agent"),
            (r#""rate":"1","samples":"some""#, "is not a choice of samples"),
            (
                r#""rate":"1","workflows":["a","b","a"]"#,
                "workflows: \"a\" is named twice",
            ),
            (r#""rate":"1","rats":1"#, "unknown field `rats`"),
        ] {
            let error = JobSpec::parse(&minimal().replace(r#""rate":"100""#, change))
                .unwrap_err()
                .to_string();
            assert!(error.contains(expected), "{change}: {error}");
        }
        assert!(JobSpec::parse("{}").is_err());
        assert!(JobSpec::parse("[").is_err());
    }
}
