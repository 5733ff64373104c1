//! Load flags to a job document, and the plan as people see it before it starts.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Read as _;
use std::path::Path;

use heavy_load::rate::Rate;
use heavy_load::shape;
use heavy_report::escape;
use heavy_results::job::JobSpec;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::{Error, LoadFlags, Program, env_file, provenance};

/// A job that could be submitted, and what is to be said about it first.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The job.
    pub spec: JobSpec,
    /// What was taken by default and should be known.
    pub notes: Vec<String>,
}

impl LoadFlags {
    /// Whether these flags say by themselves how long the load lasts, or a file may.
    #[must_use]
    pub fn has_own_length(&self) -> bool {
        let staged = self
            .users
            .as_ref()
            .is_some_and(|users| users.duration().is_some());
        staged || !self.stages.is_empty() || self.file.is_some()
    }

    /// The job that these flags ask for, with `program` as its binary. `rate` is what to start at if no flag says.
    ///
    /// # Errors
    /// When there is no rate, a value cannot be, or a named file cannot be read or is not what it should be.
    pub fn to_plan(&self, program: &Program, rate: Option<Rate>) -> Result<Plan, Error> {
        let spec = match &self.file {
            Some(file) => document(file, &read(file)?, &program.sha256)?,
            None => JobSpec::of(program.sha256.clone()),
        };
        self.plan_of(spec, program, rate)
    }

    /// As [`Self::to_plan`], with this document in place of a job file; flags go before it.
    ///
    /// # Errors
    /// As [`Self::to_plan`].
    pub fn plan_of(&self, mut spec: JobSpec, program: &Program, rate: Option<Rate>) -> Result<Plan, Error> {
        spec.binary_sha256.clone_from(&program.sha256);
        spec.binary_name.clone_from(&program.name);
        spec.provenance = provenance::of(&program.file);
        self.set_load(&mut spec);
        if !spec.shape().is_given()
            && spec
                .workflows
                .iter()
                .all(|workflow| !workflow.shape(&spec).is_given())
        {
            spec.rate = rate;
        }
        if !spec.shape().is_given() && spec.workflows.is_empty() {
            return Err(Error::Usage(
                "say how many iterations to start per second with --rate, as in --rate 100 (or ask for --stages, --users or \
                 --iterations)"
                    .to_owned(),
            ));
        }
        self.set_words(&mut spec, program);
        self.set_limits(&mut spec);
        spec.params = self.all_params(spec.params)?;
        spec.env.extend(self.all_env()?);
        check(&spec)?;
        let notes = notes(&spec);
        Ok(Plan { spec, notes })
    }

    /// What is started, and when.
    fn set_load(&self, spec: &mut JobSpec) {
        spec.rate = self.rate.or(spec.rate);
        if !self.stages.is_empty() {
            spec.stages.clone_from(&self.stages);
        }
        spec.arrivals = self.arrivals.unwrap_or(spec.arrivals);
        spec.seed = self.seed.or(spec.seed);
        spec.users = self.users.clone().or_else(|| spec.users.take());
        spec.iterations = self.iterations.or(spec.iterations);
        spec.iterations_per_user = self.iterations_per_user.or(spec.iterations_per_user);
        spec.pacing = self.pacing.or(spec.pacing);
        spec.duration = self.duration.or(spec.duration);
        spec.warm_up = self.warm_up.unwrap_or(spec.warm_up);
        spec.unique_users = self.unique_users.or(spec.unique_users);
    }

    /// What people and queries go by.
    fn set_words(&self, spec: &mut JobSpec, program: &Program) {
        for (field, flag) in [
            (&mut spec.name, &self.name),
            (&mut spec.description, &self.description),
            (&mut spec.service, &self.service),
        ] {
            if let Some(flag) = flag {
                field.clone_from(flag);
            }
        }
        if spec.name.is_empty() {
            spec.name.clone_from(&program.name);
        }
        spec.labels.extend(self.label.iter().cloned());
    }

    fn set_limits(&self, spec: &mut JobSpec) {
        spec.max_in_flight = self.max_in_flight.unwrap_or(spec.max_in_flight);
        spec.when_full = self.when_full.unwrap_or(spec.when_full);
        spec.graceful_stop = self.graceful_stop.unwrap_or(spec.graceful_stop);
        spec.timeout = self.timeout.or(spec.timeout);
        spec.connections = self.connections.unwrap_or(spec.connections);
        spec.traceparent |= self.traceparent;
        spec.samples = self.samples.unwrap_or(spec.samples);
        spec.keep_query |= self.keep_query;
        spec.allow_drops_percent = self.allow_drops.unwrap_or(spec.allow_drops_percent);
        spec.allow_invalid |= self.allow_invalid;
        spec.thresholds.extend(self.thresholds.iter().cloned());
    }

    fn all_params(&self, of_document: Value) -> Result<Value, Error> {
        let mut params = match &self.params {
            Some(file) => params_of(file, &read(file)?)?,
            None => of_document,
        };
        if self.param.is_empty() {
            return Ok(params);
        }
        if params.is_null() {
            params = Value::Object(Map::new());
        }
        let Value::Object(object) = &mut params else {
            let problem = "--param sets a field of an object, and the document of --params is none";
            return Err(Error::Usage(problem.to_owned()));
        };
        for (key, value) in &self.param {
            let value = serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.clone()));
            object.insert(key.clone(), value);
        }
        Ok(params)
    }

    fn all_env(&self) -> Result<BTreeMap<String, String>, Error> {
        let mut env = match &self.env_file {
            Some(file) => env_file(file)?,
            None => BTreeMap::new(),
        };
        env.extend(self.env.iter().cloned());
        Ok(env)
    }
}

/// Checks a job document before it is sent, in the words of the command line.
///
/// # Errors
/// When a value cannot be.
pub(crate) fn check(spec: &JobSpec) -> Result<(), Error> {
    spec.check().map_err(|error| match error {
        heavy_results::job::SpecError::Field { field, problem } => Error::Usage(format!(
            "--{}: {problem}",
            field
                .trim_end_matches("_percent")
                .replace('_', "-")
                .replace("thresholds", "threshold")
        )),
        error @ heavy_results::job::SpecError::Syntax(_) => Error::Usage(error.to_string()),
    })
}

/// The plan in a few lines. `job` is known once it is submitted.
#[must_use]
pub fn announce(plan: &Plan, job: Option<Uuid>) -> String {
    let Plan { spec, notes } = plan;
    let mut text = String::new();
    let mut line = |what: &str, value: String| {
        let _ = writeln!(text, "{what:<11}{value}");
    };
    line("job", escape(&spec.name));
    if let Some(job) = job {
        line("Test ID", job.to_string());
    }
    let hash = spec.binary_sha256.get(..12).unwrap_or_default();
    line(
        "binary",
        format!("{} (sha256 {hash}...)", escape(&spec.binary_name)),
    );
    if !spec.workflows.is_empty() {
        line("workflows", escape(&workflows(spec)));
    }
    let load = spec.load();
    let mut words = spec.describe_load();
    if load.planned() > 0 {
        words.push_str(&format!(": {} iterations", load.planned()));
    }
    if load.is_open() {
        words.push_str(&format!(", at most {} at once on each agent", spec.max_in_flight));
    }
    line("load", words);
    line(
        "agents",
        spec.agents
            .map_or_else(|| "all that are free".to_owned(), |agents| agents.to_string()),
    );
    for threshold in &spec.thresholds {
        line("threshold", escape(&threshold.to_string()));
    }
    for note in notes {
        line("note", note.clone());
    }
    text
}

/// The workflows, with their weights where they differ.
fn workflows(spec: &JobSpec) -> String {
    let weighted = spec.workflows.iter().any(|workflow| workflow.weight != 1);
    let names = spec.workflows.iter().map(|workflow| {
        if weighted {
            format!("{} (weight {})", workflow.name, workflow.weight)
        } else {
            workflow.name.clone()
        }
    });
    names.collect::<Vec<_>>().join(", ")
}

/// What was taken by default and should be known.
fn notes(spec: &JobSpec) -> Vec<String> {
    let asked = spec.shape();
    if spec.duration.is_some() || !asked.is_given() || !asked.stages.is_empty() {
        return Vec::new();
    }
    if spec.iterations.or(spec.iterations_per_user).is_some() {
        return vec![format!(
            "no --duration was given: giving up after {}",
            shape::DEFAULT_MAX_DURATION
        )];
    }
    if asked.users.is_some_and(|users| users.duration().is_some()) {
        return Vec::new();
    }
    vec![format!(
        "no --duration was given: starting iterations for {}",
        shape::DEFAULT_DURATION
    )]
}

/// The job document of a file, TOML or JSON, for a binary.
fn document(file: &Path, text: &str, sha256: &str) -> Result<JobSpec, Error> {
    let wrong = |problem: String| {
        let problem = problem.trim_end();
        Error::Usage(format!("the job file {} is not valid: {problem}", file.display()))
    };
    let is_json =
        file.extension().is_some_and(|extension| extension == "json") || text.trim_start().starts_with('{');
    let mut value: Value = if is_json {
        serde_json::from_str(text).map_err(|error| wrong(error.to_string()))?
    } else {
        toml::from_str(text).map_err(|error| wrong(error.to_string()))?
    };
    if let Some(object) = value.as_object_mut() {
        object.insert("binary_sha256".to_owned(), Value::from(sha256));
    }
    JobSpec::from_value(value).map_err(|error| wrong(error.to_string()))
}

pub(crate) fn read(file: &Path) -> Result<String, Error> {
    let unreadable = |problem| Error::File {
        what: "read",
        file: file.to_owned(),
        problem,
    };
    if file.as_os_str() != "-" {
        return std::fs::read_to_string(file).map_err(unreadable);
    }
    let mut text = String::new();
    std::io::stdin()
        .lock()
        .read_to_string(&mut text)
        .map_err(unreadable)?;
    Ok(text)
}

fn params_of(file: &Path, text: &str) -> Result<Value, Error> {
    serde_json::from_str(text).map_err(|error| {
        // serde_json puts the position into its text too; once is enough.
        let problem = error.to_string();
        let problem = problem.split(" at line ").next().unwrap_or_default();
        let (line, column) = (error.line(), error.column());
        Error::Usage(format!(
            "the params in {} are no JSON: {problem} at line {line}, column {column}",
            file.display()
        ))
    })
}

#[cfg(test)]
mod tests;
