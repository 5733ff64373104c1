//! Load flags to a job document, and the plan as people see it before it starts.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Read as _;
use std::path::Path;

use heavy_load::env;
use heavy_load::rate::Rate;
use heavy_load::spec::{DEFAULT_DURATION, DEFAULT_MAX_DURATION};
use heavy_report::escape;
use heavy_results::digits::count;
use heavy_results::job::{JobFile, JobSpec, RunSpec, SpecError, drop_conflicts, overlay};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::{Error, LoadFlags, LocalFile, Program, job_file, provenance};

/// How many files the plan shows by name.
const SHOWN_FILES: usize = 3;

/// A job that could be submitted, and what is to be said about it first.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The job.
    pub spec: JobSpec,
    /// Defaults that the user should know of.
    pub notes: Vec<String>,
    /// The files of the job that are on this machine.
    pub files: Vec<LocalFile>,
}

impl Plan {
    /// The plan of this job.
    pub fn new(spec: JobSpec) -> Result<Self, Error> {
        check(&spec)?;
        let notes = notes(&spec);
        Ok(Self {
            spec,
            notes,
            files: Vec::new(),
        })
    }

    /// A run of a program. Its name defaults to the program's, and its commit is looked for above `source`.
    pub fn for_program(run: RunSpec, program: &Program, source: &Path) -> Result<Self, Error> {
        let mut spec = JobSpec::from_run(run, &program.sha256, &program.name);
        spec.provenance = provenance::of(&program.file, source);
        if spec.name.is_empty() {
            spec.name.clone_from(&program.name);
        }
        Self::new(spec)
    }

    /// Takes files along; one of the same path replaces that of the plan.
    ///
    /// # Errors
    /// When they are too many or too large together with those of the plan.
    pub fn take_along(&mut self, files: Vec<LocalFile>) -> Result<(), Error> {
        self.spec.add_files(files.iter().map(|local| local.file.clone()));
        for local in files {
            self.files.retain(|known| known.file.path != local.file.path);
            self.files.push(local);
        }
        check(&self.spec)
    }
}

impl LoadFlags {
    /// Whether these flags say by themselves how long the load lasts, or a file may.
    #[must_use]
    pub fn has_own_length(&self) -> bool {
        self.load_spec.is_staged() || self.file.is_some()
    }

    /// The job that these flags ask for, with `program` as its binary. `rate` is the one to start at if no flag has any.
    ///
    /// # Errors
    /// When the load is missing, a value is invalid, or a named file cannot be read or parsed.
    pub fn to_plan(&self, program: &Program, rate: Option<Rate>) -> Result<Plan, Error> {
        Plan::for_program(self.to_run(rate)?, program, &program.file)
    }

    /// How to run a load test by these flags and their job file.
    pub fn to_run(&self, rate: Option<Rate>) -> Result<RunSpec, Error> {
        let below = match &self.file {
            Some(file) => document(file, &read(file)?)?,
            None => RunSpec::default(),
        };
        self.overlay(&below, rate)
    }

    /// These flags merged into `below`, where their load replaces one of another kind.
    pub fn merge(&self, below: &RunSpec) -> Result<RunSpec, Error> {
        let mut keys = below.to_keys();
        drop_conflicts(&self.keys()?, &mut keys);
        self.overlay(&RunSpec::from_keys(keys)?, None)
    }

    /// These flags merged into `below`; a load of another kind conflicts with its.
    pub fn overlay(&self, below: &RunSpec, rate: Option<Rate>) -> Result<RunSpec, Error> {
        let mut keys = below.to_keys();
        overlay(&self.keys()?, &mut keys);
        let mut run = RunSpec::from_keys(keys)?;
        // What only users have does not conflict with a rate that nobody gave: the check asks for users.
        let asks_for_users = run.load_spec.pacing.is_some();
        if !run.has_load() && !asks_for_users {
            run.load_spec.rate = rate;
        }
        if !run.load_spec.is_given() && run.workflows.is_empty() && !asks_for_users {
            return Err(Error::Usage(
                "missing load: add --rate, such as --rate 100 (or --stages, --users or --iterations)"
                    .to_owned(),
            ));
        }
        run.thresholds.extend(self.thresholds.iter().cloned());
        run.params = self.all_params(run.params)?;
        run.env.extend(self.all_env()?);
        check(&run).map_err(|error| self.with_variables(error))?;
        Ok(run)
    }

    /// The error, with the variables that have set flags: they may be what nobody typed.
    fn with_variables(&self, error: Error) -> Error {
        let set = [&*self.load_spec.1, &*self.execution.1].concat();
        match error {
            Error::Usage(problem) if !set.is_empty() => {
                Error::Usage(format!("{problem} (the environment sets {})", set.join(", ")))
            }
            error => error,
        }
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
            let problem = "--param requires a JSON object in the file of --params";
            return Err(Error::Usage(problem.to_owned()));
        };
        for (key, value) in &self.param {
            let value = serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.clone()));
            object.insert(key.clone(), value);
        }
        Ok(params)
    }

    fn all_env(&self) -> Result<BTreeMap<String, String>, Error> {
        let mut all = match &self.env_file {
            Some(file) => env_file(file)?,
            None => BTreeMap::new(),
        };
        all.extend(self.env.iter().cloned());
        Ok(all)
    }
}

/// Checks a run before it is sent, in the words of the command line.
pub(crate) fn check(run: &RunSpec) -> Result<(), Error> {
    run.check().map_err(|error| {
        let text = error.to_string();
        Error::Usage(match error {
            SpecError::Field { field, .. } | SpecError::WorkflowField { field, .. } => {
                let flag = field.trim_end_matches("_percent").replace('_', "-");
                let flag = flag.replace("thresholds", "threshold").replace("files", "with");
                format!("--{flag}{}", &text[field.len()..])
            }
            SpecError::Syntax(_) => text,
        })
    })
}

/// The plan in a few lines. `job` is known once it is submitted.
#[must_use]
pub fn announce(plan: &Plan, job: Option<Uuid>) -> String {
    let Plan { spec, notes, .. } = plan;
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
        words.push_str(&format!(": {} iterations", count(load.planned())));
    }
    if load.is_open() {
        words.push_str(&format!(
            ", at most {} at once on each agent",
            count(u64::from(spec.execution.max_in_flight()))
        ));
    }
    line("load", words);
    if let Some(users) = spec.execution.unique_users {
        let noun = if users == 1 { "user" } else { "users" };
        line(
            "identities",
            format!("{} unique {noun}, in rotation", count(u64::from(users))),
        );
    }
    line(
        "agents",
        spec.agents
            .map_or_else(|| "all that are free".to_owned(), |agents| agents.to_string()),
    );
    if !spec.files.is_empty() {
        line("files", describe_files(&spec.files));
    }
    for threshold in &spec.thresholds {
        line("threshold", escape(&threshold.to_string()));
    }
    for note in notes {
        line("note", note.clone());
    }
    text
}

/// The workflows, with their weights where they differ.
fn workflows(spec: &RunSpec) -> String {
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

/// How many files there are, their total size, and the first of them.
fn describe_files(files: &[JobFile]) -> String {
    let total: u64 = files.iter().map(|file| file.size).sum();
    let first = files.iter().take(SHOWN_FILES).map(|file| escape(&file.path));
    let mut names = first.collect::<Vec<_>>().join(", ");
    if files.len() > SHOWN_FILES {
        names.push_str(", ...");
    }
    format!("{} of {} bytes: {names}", files.len(), count(total))
}

/// Defaults that the user should know of.
fn notes(run: &RunSpec) -> Vec<String> {
    let load = &run.load_spec;
    if load.duration.is_some() || !load.is_given() || load.is_staged() {
        return Vec::new();
    }
    vec![if load.is_counted() {
        format!("no --duration was given: giving up after {DEFAULT_MAX_DURATION}")
    } else {
        format!("no --duration was given: starting iterations for {DEFAULT_DURATION}")
    }]
}

/// The document of a file, TOML or JSON.
fn document(file: &Path, text: &str) -> Result<RunSpec, Error> {
    let is_json =
        file.extension().is_some_and(|extension| extension == "json") || text.trim_start().starts_with('{');
    job_file::parse(text, is_json).map_err(|fault| Error::Usage(fault.show(file, text)))
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

/// Reads a file of `KEY=VALUE` lines; `-` is stdin. Values are often secrets, so that no error quotes a line.
///
/// # Errors
/// When it cannot be read, or a line is invalid; the error has the line's number, not its content.
pub fn env_file(file: &Path) -> Result<BTreeMap<String, String>, Error> {
    env::parse(&read(file)?).map_err(|number| {
        Error::Usage(format!(
            "{}:{number}: expected KEY=VALUE (comments start with #)",
            file.display()
        ))
    })
}

fn params_of(file: &Path, text: &str) -> Result<Value, Error> {
    serde_json::from_str(text).map_err(|error| {
        // serde_json puts the position into its text too; once is enough.
        let problem = error.to_string();
        let problem = problem.split(" at line ").next().unwrap_or_default();
        let (line, column) = (error.line(), error.column());
        Error::Usage(format!(
            "the params in {} are not valid JSON: {problem} at line {line}, column {column}",
            file.display()
        ))
    })
}

#[cfg(test)]
mod tests;
