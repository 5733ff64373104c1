//! The workflows of a job document: a name, or a name with a weight or a load of its own.

use heavy_load::span::Span;
use heavy_load::spec::LoadSpec;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::document::{Keys, fields, refuse_unknown, take};

/// One workflow of a job. A document may have only its name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self", deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct WorkflowSpec {
    /// As the load test names it.
    pub name: String,
    /// Its share of the job's load, relative to the other workflows.
    #[serde(default = "one")]
    #[cfg_attr(feature = "schema", schema(minimum = 1))]
    pub weight: u32,
    /// Its own params, in place of the job's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub params: Option<Value>,
    /// When its own load begins, from the job's start.
    #[serde(default, skip_serializing_if = "Span::is_zero")]
    pub start: Span,
    /// Its own load, if it has one.
    #[serde(flatten, skip_deserializing)]
    pub load_spec: LoadSpec,
}

fn one() -> u32 {
    1
}

impl WorkflowSpec {
    /// A workflow that shares the job's load.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            weight: 1,
            params: None,
            start: Span::ZERO,
            load_spec: LoadSpec::default(),
        }
    }

    /// Its own load in a job: arrivals, duration and warm-up default to those of the job.
    pub(crate) fn own_load(&self, job: &LoadSpec) -> LoadSpec {
        let own = &self.load_spec;
        LoadSpec {
            arrivals: own.arrivals.or(job.arrivals.filter(|_| own.is_open())),
            // Stages have durations of their own.
            duration: own.duration.or(job.duration.filter(|_| !own.is_staged())),
            warm_up: job.warm_up,
            ..own.clone()
        }
    }

    /// The keys of a workflow in documents.
    #[must_use]
    pub fn keys() -> Vec<&'static str> {
        [fields(Self::deserialize), fields(LoadSpec::deserialize)].concat()
    }

    fn from_keys(mut keys: Keys) -> Result<Self, serde_json::Error> {
        refuse_unknown(&keys, &Self::keys())?;
        let load = fields(LoadSpec::deserialize);
        let load_spec = LoadSpec::deserialize(take(&mut keys, load))?;
        let workflow = Self::deserialize(Value::Object(keys))?;
        Ok(Self {
            load_spec,
            ..workflow
        })
    }
}

impl Serialize for WorkflowSpec {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for WorkflowSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let read = match Value::deserialize(deserializer)? {
            Value::String(name) => return Ok(Self::new(name)),
            Value::Object(keys) => Self::from_keys(keys),
            other => Keys::deserialize(other).and_then(Self::from_keys),
        };
        read.map_err(|error| D::Error::custom(format!("workflows: {error}")))
    }
}
