//! How to run a load test: a job document without its binary.

use std::collections::BTreeMap;

use heavy_load::execution::ExecutionSpec;
use heavy_load::load::{Load, WorkflowLoad};
use heavy_load::span::Span;
use heavy_load::spec::LoadSpec;
use heavy_load::vocabulary::Weights;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::document::{Keys, SpecError, fields, refuse_unknown, take};
use super::files::JobFile;
use super::foreign;
use super::samples::Samples;
use super::workflow::WorkflowSpec;
use crate::digits::grouped;
use crate::threshold::{Threshold, document};

/// How to run a load test, whatever its binary.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self", default, deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct RunSpec {
    /// For people; the binary's file name by default.
    pub name: String,
    /// For people.
    pub description: String,
    /// The tested service; empty if not given.
    pub service: String,
    /// For people and for queries.
    pub labels: BTreeMap<String, String>,
    /// The workflows to run; empty: the load test's only one.
    #[cfg_attr(feature = "schema", schema(value_type = crate::schema::Workflows))]
    pub workflows: Vec<WorkflowSpec>,
    /// The load of all workflows together.
    #[serde(flatten, skip_deserializing)]
    pub load_spec: LoadSpec,
    /// How iterations are run.
    #[serde(flatten, skip_deserializing)]
    pub execution: ExecutionSpec,
    /// The load test's params: any JSON, usually an object.
    pub params: Value,
    /// Variables for the load test.
    pub env: BTreeMap<String, String>,
    /// What lies in the working directory of the load test.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<JobFile>,
    /// Which raw rows are kept.
    pub samples: Samples,
    /// Whether query strings are kept in stored URLs.
    pub keep_query: bool,
    /// Only agents with all these labels take part.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub on: BTreeMap<String, String>,
    /// How much of the load each agent gets.
    pub weights: Weights,
    /// Whether it stops the jobs that run on its agents.
    pub replace: bool,
    /// The number of agents; absent: all that are connected and free when the job leaves the queue.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(minimum = 1))]
    pub agents: Option<u32>,
    /// How long to wait for that many agents (at least one) before the job fails.
    pub wait_for_agents: Span,
    /// Drops with reason `full` up to this share of the plan do not fail the job.
    #[cfg_attr(feature = "schema", schema(minimum = 0, maximum = 100))]
    pub allow_drops_percent: f64,
    /// Whether a generator that cannot keep up only causes warnings, not INVALID.
    pub allow_invalid: bool,
    /// Conditions on what is measured: one that is not met fails the job.
    #[serde(
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "document::deserialize"
    )]
    #[cfg_attr(feature = "schema", schema(value_type = crate::schema::Thresholds))]
    pub thresholds: Vec<Threshold>,
}

impl Default for RunSpec {
    fn default() -> Self {
        let mut run = Self {
            name: String::new(),
            description: String::new(),
            service: String::new(),
            labels: BTreeMap::new(),
            workflows: Vec::new(),
            load_spec: LoadSpec::default(),
            execution: ExecutionSpec::default(),
            params: Value::Null,
            env: BTreeMap::new(),
            files: Vec::new(),
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
        };
        run.fill_defaults();
        run
    }
}

impl Serialize for RunSpec {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for RunSpec {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::from_keys(Keys::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl RunSpec {
    /// How long a job waits for agents.
    pub const DEFAULT_WAIT_FOR_AGENTS: Span = Span::from_s(30);

    /// The names of all keys.
    #[must_use]
    pub fn keys() -> Vec<&'static str> {
        let own = fields(Self::deserialize);
        let parts = [
            own,
            fields(LoadSpec::deserialize),
            fields(ExecutionSpec::deserialize),
        ];
        parts.concat()
    }

    /// Reads keys without [`Self::check`].
    ///
    /// # Errors
    /// A key that is unknown, or whose value has the wrong type.
    pub fn from_keys(mut keys: Keys) -> Result<Self, serde_json::Error> {
        refuse_unknown(&keys, &Self::keys())?;
        let load = take(&mut keys, fields(LoadSpec::deserialize));
        let execution = take(&mut keys, fields(ExecutionSpec::deserialize));
        let mut run = Self::deserialize(Value::Object(keys))?;
        run.load_spec = LoadSpec::deserialize(load)?;
        run.execution = ExecutionSpec::deserialize(execution)?;
        run.fill_defaults();
        Ok(run)
    }

    /// Reads and checks a document, as people write it: the words of go-load-tester's commands are read too.
    ///
    /// # Errors
    /// The first field that is wrong, and what is expected.
    pub fn from_client(document: Value) -> Result<Self, SpecError> {
        let run = <Self as Deserialize>::deserialize(foreign::translate(document)?)?;
        run.check()?;
        run.check_named_workflows()?;
        Ok(run)
    }

    /// The keys of this document.
    #[must_use]
    pub fn to_keys(&self) -> Keys {
        match serde_json::to_value(self) {
            Ok(Value::Object(keys)) => keys,
            Ok(_) | Err(_) => Keys::new(),
        }
    }

    /// Adds files; one of the same path replaces it.
    pub fn add_files(&mut self, more: impl IntoIterator<Item = JobFile>) {
        JobFile::add(&mut self.files, more);
    }

    /// Makes documents that mean the same equal: every stored document has the same keys.
    fn fill_defaults(&mut self) {
        self.load_spec.arrivals.get_or_insert_default();
        // A warm-up of no time is none.
        self.load_spec.warm_up = self.load_spec.warm_up.filter(|warm_up| !warm_up.is_zero());
        self.execution.fill_defaults();
    }

    /// Whether it has a load: of the job, or of some workflow.
    #[must_use]
    pub fn has_load(&self) -> bool {
        self.load_spec.is_given() || self.has_own_loads()
    }

    /// Whether some workflow has a load of its own.
    pub(crate) fn has_own_loads(&self) -> bool {
        self.own_loads().any(|(_, load)| load.is_given())
    }

    /// The workflows, and the load that each has of its own.
    pub(super) fn own_loads(&self) -> impl Iterator<Item = (&WorkflowSpec, LoadSpec)> {
        let own = |workflow: &WorkflowSpec| workflow.own_load(&self.load_spec);
        self.workflows
            .iter()
            .map(move |workflow| (workflow, own(workflow)))
    }

    /// The names of the workflows to run; empty for the load test's only one.
    #[must_use]
    pub fn workflow_names(&self) -> Vec<String> {
        let names = self.workflows.iter().map(|workflow| workflow.name.clone());
        names.collect()
    }

    /// The load in words, such as `100/s for 30s`.
    #[must_use]
    pub fn describe_load(&self) -> String {
        let own = self.own_loads().filter(|(_, load)| load.is_given());
        let own: Vec<String> = own
            .map(|(workflow, load)| format!("{} {}", workflow.name, grouped(&load.describe())))
            .collect();
        if own.is_empty() {
            grouped(&self.load_spec.describe())
        } else {
            own.join("; ")
        }
    }

    /// The load that the document asks for; empty if it fails [`Self::check`].
    #[must_use]
    pub fn load(&self) -> Load {
        Load {
            workflows: self.workflow_loads(),
            warm_up_ns: self.load_spec.warm_up().ns(),
            pauses: Vec::new(),
        }
    }

    /// The load of each workflow, by weight or its own.
    fn workflow_loads(&self) -> Vec<WorkflowLoad> {
        let seed = self.execution.seed.unwrap_or(0);
        if self.has_own_loads() {
            let own = (0u64..).zip(self.own_loads());
            let loads = own.flat_map(|(place, (workflow, load))| {
                let seed = seed.wrapping_add(place << 32);
                let names = [workflow.name.clone()];
                load.workflow_loads(workflow.start, seed, &names, &[1])
            });
            return loads.collect();
        }
        let (mut names, mut weights) = (self.workflow_names(), Vec::new());
        weights.extend(self.workflows.iter().map(|workflow| workflow.weight));
        if names.is_empty() {
            names.push(String::new());
            weights.push(1);
        }
        self.load_spec.workflow_loads(Span::ZERO, seed, &names, &weights)
    }

    /// How long iterations are started, the warm-up included.
    #[must_use]
    pub fn total_duration(&self) -> Span {
        Span::from_ns(self.load().duration_ns())
    }
}
