//! Load flags to a job document, and the plan as people see it before it starts.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Read as _;
use std::path::Path;

use heavy_model::job::{Connections, JobSpec, WhenFull};
use heavy_model::rate::Rate;
use heavy_report::escape;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::{Error, LoadFlags, Program, flags};

/// A job that could be submitted, and what is to be said about it first.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The job.
    pub spec: JobSpec,
    /// What was taken by default and should be known.
    pub notes: Vec<String>,
}

impl LoadFlags {
    /// The job that these flags ask for, with `program` as its binary. `rate` is what to start at if no flag says.
    ///
    /// # Errors
    /// When there is no rate, a value cannot be, or a named file cannot be read or is not what it should be.
    pub fn to_plan(&self, program: &Program, rate: Option<Rate>) -> Result<Plan, Error> {
        let rate = self.rate.or(rate).ok_or_else(|| {
            Error::Usage(
                "say how many iterations to start per second with --rate, as in --rate 100".to_owned(),
            )
        })?;
        let mut notes = Vec::new();
        let duration = self.duration.unwrap_or_else(|| {
            notes.push(format!(
                "no --duration was given: starting iterations for {}",
                JobSpec::DEFAULT_DURATION
            ));
            JobSpec::DEFAULT_DURATION
        });
        let mut spec = JobSpec::new(program.sha256.clone(), rate, duration);
        spec.binary_name.clone_from(&program.name);
        spec.name = self.name.clone().unwrap_or_else(|| program.name.clone());
        spec.description = self.description.clone().unwrap_or_default();
        spec.service = self.service.clone().unwrap_or_default();
        spec.labels = self.label.iter().cloned().collect();
        spec.max_in_flight = self.max_in_flight.unwrap_or(spec.max_in_flight);
        spec.when_full = self.when_full.map_or(spec.when_full, WhenFull::from);
        spec.graceful_stop = self.graceful_stop.unwrap_or(spec.graceful_stop);
        spec.timeout = self.timeout;
        spec.connections = self.connections.map_or(spec.connections, Connections::from);
        spec.params = self.all_params()?;
        spec.env = self.all_env()?;
        spec.samples = self.samples.unwrap_or_default();
        spec.keep_query = self.keep_query;
        spec.allow_drops_percent = self.allow_drops.unwrap_or(0.0);
        check(&spec)?;
        Ok(Plan { spec, notes })
    }

    fn all_params(&self) -> Result<Value, Error> {
        let mut params = match &self.params {
            Some(file) => params_of(file, &read(file)?)?,
            None => Value::Null,
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
            Some(file) => env_of(file, &read(file)?)?,
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
        heavy_model::job::SpecError::Field { field, problem } => Error::Usage(format!(
            "--{}: {problem}",
            field.trim_end_matches("_percent").replace('_', "-")
        )),
        error @ heavy_model::job::SpecError::Syntax(_) => Error::Usage(error.to_string()),
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
        line("workflows", escape(&spec.workflows.join(", ")));
    }
    let planned = spec.profile().planned();
    line(
        "load",
        format!(
            "{} for {}: {planned} iterations, at most {} at once on each agent",
            spec.rate, spec.duration, spec.max_in_flight
        ),
    );
    line(
        "agents",
        spec.agents
            .map_or_else(|| "all that are free".to_owned(), |agents| agents.to_string()),
    );
    for note in notes {
        line("note", note.clone());
    }
    text
}

fn read(file: &Path) -> Result<String, Error> {
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

fn env_of(file: &Path, text: &str) -> Result<BTreeMap<String, String>, Error> {
    let mut env = BTreeMap::new();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let Some((key, value)) = line.split_once('=').filter(|(key, _)| !key.trim().is_empty()) else {
            return Err(Error::Usage(format!(
                "line {number} of {} is no KEY=VALUE",
                file.display()
            )));
        };
        env.insert(key.trim().to_owned(), value.trim().to_owned());
    }
    Ok(env)
}

impl From<flags::WhenFull> for WhenFull {
    fn from(flag: flags::WhenFull) -> Self {
        match flag {
            flags::WhenFull::Drop => Self::Drop,
            flags::WhenFull::Queue => Self::Queue,
        }
    }
}

impl From<flags::Connections> for Connections {
    fn from(flag: flags::Connections) -> Self {
        match flag {
            flags::Connections::Shared => Self::Shared,
            flags::Connections::PerUser => Self::PerUser,
            flags::Connections::PerIteration => Self::PerIteration,
        }
    }
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
