//! A session with one database: values of placeholders, format of results.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use clap::ValueEnum as _;
use clap::builder::PossibleValue;
use heavy_report::escape;
use heavy_results::job::JobInfo;
use heavy_store::{Dialect, LAST, QueryResult, Store, find_job};

use super::command::{self, ShellCommand};
use super::placeholders::{JOB, SqlPart, check_name, quoted, split};
use super::script::ScriptInput;
use crate::exit::CommandFailure;
use crate::table::AnswerFormat;

#[derive(Debug)]
pub(super) struct SqlSession {
    pub(super) store: Arc<dyn Store>,
    pub(super) dialect: Dialect,
    pub(super) format: AnswerFormat,
    /// The job that `:job` refers to, as given.
    pub(super) job: String,
    pub(super) values: BTreeMap<String, String>,
    pub(super) max_rows: Option<usize>,
    pub(super) timing: bool,
}

/// What to show.
#[derive(Debug, Default)]
pub(super) struct QueryAnswer {
    pub(super) text: String,
    /// Notes for stderr.
    pub(super) notes: Vec<String>,
}

impl SqlSession {
    /// Does what was typed or read; `None` ends the session.
    pub(super) async fn answer(
        &mut self,
        input: &ScriptInput<'_>,
    ) -> Result<Option<QueryAnswer>, CommandFailure> {
        match input {
            ScriptInput::Statement(sql) => self.ask(sql).await.map(Some),
            ScriptInput::Command(line) => self.command(line).await,
        }
    }

    async fn ask(&self, sql: &str) -> Result<QueryAnswer, CommandFailure> {
        let began = Instant::now();
        let sql = self.filled(sql).await?;
        let most = self.max_rows.unwrap_or_else(|| self.format.default_rows());
        let table = self.store.query(&sql, most).await?;
        let took = began.elapsed();
        let mut notes = Vec::new();
        if table.truncated {
            let rows = table.rows.len();
            let shown = if rows == 1 {
                "first row is".to_owned()
            } else {
                format!("first {rows} rows are")
            };
            notes.push(format!("note: only the {shown} shown; --max-rows fetches more"));
        }
        if self.timing {
            notes.push(format!("time: {:.3} ms", took.as_secs_f64() * 1e3));
        }
        let text = self.format.render(&table);
        Ok(QueryAnswer { text, notes })
    }

    /// The statement with its placeholders replaced.
    async fn filled(&self, sql: &str) -> Result<String, CommandFailure> {
        let mut filled = String::with_capacity(sql.len());
        let mut job = None;
        for piece in split(sql, self.dialect) {
            match piece {
                SqlPart::Verbatim(text) => filled.push_str(text),
                SqlPart::Placeholder(name) => match self.values.get(name) {
                    Some(value) => filled.push_str(&quoted(value)),
                    None if name == JOB => {
                        if job.is_none() {
                            job = Some(find_job(&*self.store, &self.job).await?.id);
                        }
                        let id = job.expect("was found above");
                        filled.push_str(&quoted(&id.to_string()));
                    }
                    None => {
                        return Err(CommandFailure::usage(format!(
                            "the query uses :{name}, which has no value: add --set {name}=VALUE (in the shell \\set {name} \
                             VALUE)"
                        )));
                    }
                },
            }
        }
        Ok(filled)
    }

    /// Whether a statement asks about a job by `:job`.
    pub(super) fn uses_job(&self, sql: &str) -> bool {
        let mut parts = split(sql, self.dialect).into_iter();
        !self.values.contains_key(JOB) && parts.any(|part| matches!(part, SqlPart::Placeholder(JOB)))
    }

    async fn command(&mut self, line: &str) -> Result<Option<QueryAnswer>, CommandFailure> {
        let text = match command::parse(line).map_err(CommandFailure::usage)? {
            ShellCommand::Relations => self.relations().await?,
            ShellCommand::Relation(name) => self.columns(&name).await?,
            ShellCommand::Jobs(count) => self.jobs(count).await?,
            ShellCommand::ShowJob => self.which_job().await?,
            ShellCommand::Job(job) => {
                // A job that is not there leaves the one that was. The last one may become another, the rest is settled.
                let found = find_job(&*self.store, &job).await?.id;
                self.job = if job == LAST { job } else { found.to_string() };
                self.which_job().await?
            }
            ShellCommand::ShowValues => self.values(),
            ShellCommand::Set(name, value) => {
                check_name(&name).map_err(|problem| {
                    CommandFailure::usage(format!("{problem} (use \\job to choose the job)"))
                })?;
                self.values.insert(name, value);
                String::new()
            }
            ShellCommand::ShowFormat => {
                let format = self.format.to_possible_value();
                format!(
                    "the format is {}\n",
                    format.as_ref().map_or("", PossibleValue::get_name)
                )
            }
            ShellCommand::Format(format) => {
                self.format = format;
                String::new()
            }
            ShellCommand::Timing(timing) => {
                self.timing = timing.unwrap_or(!self.timing);
                format!("timing is {}\n", if self.timing { "on" } else { "off" })
            }
            ShellCommand::Help => command::help(),
            ShellCommand::Quit => return Ok(None),
        };
        Ok(Some(QueryAnswer {
            text,
            notes: Vec::new(),
        }))
    }

    /// The job that `:job` refers to now.
    pub(super) async fn which_job(&self) -> Result<String, CommandFailure> {
        let job = find_job(&*self.store, &self.job).await?;
        let verdict = job.verdict.map_or(job.state.as_str(), |verdict| verdict.as_str());
        let name = escape(&job.spec.name);
        Ok(format!(":job is {} ({name}, {verdict})\n", job.id))
    }

    fn values(&self) -> String {
        let lines = self.values.iter();
        let lines = lines.map(|(name, value)| format!(":{name} is '{}'\n", escape(value)));
        let text: String = lines.collect();
        if text.is_empty() {
            "no placeholders are set except :job\n".to_owned()
        } else {
            text
        }
    }

    async fn jobs(&self, count: u32) -> Result<String, CommandFailure> {
        let row = |job: &JobInfo| {
            vec![
                Some(job.id.to_string()),
                Some(job.spec.name.clone()),
                Some(job.state.as_str().to_owned()),
                job.verdict.map(|verdict| verdict.as_str().to_owned()),
                Some(job.spec.describe_load()),
                Some(job.reason.clone()),
            ]
        };
        let columns = ["id", "name", "state", "verdict", "load", "reason"];
        Ok(self.table(&columns, self.store.jobs(count).await?.iter().map(row).collect()))
    }

    async fn relations(&self) -> Result<String, CommandFailure> {
        let relations = self.store.relations().await?;
        let row = |relation: &heavy_store::Relation| {
            vec![
                Some(relation.name.clone()),
                Some(relation.columns.len().to_string()),
            ]
        };
        Ok(self.table(&["relation", "columns"], relations.iter().map(row).collect()))
    }

    async fn columns(&self, name: &str) -> Result<String, CommandFailure> {
        let relations = self.store.relations().await?;
        let Some(relation) = relations
            .iter()
            .find(|relation| relation.name.eq_ignore_ascii_case(name))
        else {
            return Err(CommandFailure::new(format!(
                "unknown relation `{name}`: \\d lists all relations"
            )));
        };
        let row =
            |column: &heavy_store::Column| vec![Some(column.name.clone()), Some(column.kind.to_lowercase())];
        Ok(self.table(&["column", "type"], relation.columns.iter().map(row).collect()))
    }

    fn table(&self, columns: &[&str], rows: Vec<Vec<Option<String>>>) -> String {
        self.format.render(&QueryResult {
            columns: columns.iter().map(|name| (*name).to_owned()).collect(),
            rows,
            truncated: false,
        })
    }
}
