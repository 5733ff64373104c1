//! The workflows of a job document: a name, or a name with a weight or a load of its own.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::JobSpec;
use heavy_load::arrivals::Arrivals;
use heavy_load::load::WorkflowLoad;
use heavy_load::profile::Stage;
use heavy_load::rate::Rate;
use heavy_load::shape::Shape;
use heavy_load::span::Span;
use heavy_load::users::Users;

/// One workflow of a job. In documents its name alone will do.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct WorkflowSpec {
    /// As the load test names it.
    pub name: String,
    /// Its part of the job's load, in relation to those of the others.
    #[cfg_attr(feature = "schema", schema(minimum = 1, required = false))]
    pub weight: u32,
    /// Its own params, in place of the job's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub params: Option<Value>,
    /// When its own load begins, from the job's start.
    #[serde(skip_serializing_if = "Span::is_zero")]
    #[cfg_attr(feature = "schema", schema(required = false))]
    pub start: Span,
    /// As in the job, but of this workflow alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate: Option<Rate>,
    /// As in the job.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "schema", schema(required = false))]
    pub stages: Vec<Stage>,
    /// As in the job.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arrivals: Option<Arrivals>,
    /// As in the job.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub users: Option<Users>,
    /// As in the job.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(minimum = 1))]
    pub iterations: Option<u64>,
    /// As in the job.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(minimum = 1))]
    pub iterations_per_user: Option<u64>,
    /// As in the job.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pacing: Option<Span>,
    /// As in the job.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration: Option<Span>,
}

/// The long form, as it is read.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Long {
    name: String,
    #[serde(default = "one")]
    weight: u32,
    params: Option<Value>,
    #[serde(default)]
    start: Span,
    rate: Option<Rate>,
    #[serde(default)]
    stages: Vec<Stage>,
    arrivals: Option<Arrivals>,
    users: Option<Users>,
    iterations: Option<u64>,
    iterations_per_user: Option<u64>,
    pacing: Option<Span>,
    duration: Option<Span>,
}

fn one() -> u32 {
    1
}

impl WorkflowSpec {
    /// A workflow with its part of the job's load.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Long {
            name: name.into(),
            weight: 1,
            params: None,
            start: Span::ZERO,
            rate: None,
            stages: Vec::new(),
            arrivals: None,
            users: None,
            iterations: None,
            iterations_per_user: None,
            pacing: None,
            duration: None,
        }
        .into()
    }

    /// What it says of a load of its own.
    #[must_use]
    pub fn shape(&self, job: &JobSpec) -> Shape {
        Shape {
            rate: self.rate,
            stages: self.stages.clone(),
            arrivals: self.arrivals.unwrap_or(if self.is_open() {
                job.arrivals
            } else {
                Arrivals::Uniform
            }),
            users: self.users.clone(),
            iterations: self.iterations,
            iterations_per_user: self.iterations_per_user,
            pacing: self.pacing,
            // Stages have their own; else what the job says.
            duration: self.duration.or(job.duration.filter(|_| {
                self.stages.is_empty() && self.users.as_ref().is_none_or(|users| users.duration().is_none())
            })),
            warm_up: job.warm_up,
        }
    }

    fn is_open(&self) -> bool {
        self.rate.is_some() || !self.stages.is_empty()
    }
}

impl From<Long> for WorkflowSpec {
    fn from(long: Long) -> Self {
        Self {
            name: long.name,
            weight: long.weight,
            params: long.params,
            start: long.start,
            rate: long.rate,
            stages: long.stages,
            arrivals: long.arrivals,
            users: long.users,
            iterations: long.iterations,
            iterations_per_user: long.iterations_per_user,
            pacing: long.pacing,
            duration: long.duration,
        }
    }
}

impl<'de> Deserialize<'de> for WorkflowSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::String(name) => Ok(Self::new(name)),
            other => Long::deserialize(other)
                .map(Self::from)
                .map_err(|error| serde::de::Error::custom(format!("workflows: {error}"))),
        }
    }
}

/// The workflows of a job: one for each workflow, by weight or with its own load.
pub(super) fn workflow_loads(spec: &JobSpec) -> Vec<WorkflowLoad> {
    let seed = spec.seed.unwrap_or(0);
    if spec
        .workflows
        .iter()
        .any(|workflow| workflow.shape(spec).is_given())
    {
        let workflows = (0u64..).zip(&spec.workflows).flat_map(|(place, workflow)| {
            let shape = workflow.shape(spec);
            let seed = seed.wrapping_add(place << 32);
            let names = [workflow.name.clone()];
            shape.workflow_loads(workflow.start, seed, &names, &[1])
        });
        return workflows.collect();
    }
    let (mut names, mut weights) = (spec.workflow_names(), Vec::new());
    weights.extend(spec.workflows.iter().map(|workflow| workflow.weight));
    if names.is_empty() {
        names.push(String::new());
        weights.push(1);
    }
    spec.shape().workflow_loads(Span::ZERO, seed, &names, &weights)
}
