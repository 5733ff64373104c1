//! `heavy sql`: queries the results database, with statements or in a shell.

mod command;
mod complete;
mod placeholders;
mod script;
mod session;
mod shell;

use std::fs::File;
use std::io::{IsTerminal as _, Read};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use heavy_store::{Dialect, LAST};

use crate::data_location::DataLocation;
use crate::exit::{CommandFailure, CommandResult};
use crate::output;
use crate::table::AnswerFormat;
use script::{ScriptInput, is_blank};
use session::SqlSession;

/// The most bytes of statements that are read.
const LONGEST: u64 = 16 << 20;

const EXAMPLES: &str = "\
In a query, :job is the id of the last job (or of --job), and :NAME is the value of --set NAME=VALUE.

  heavy sql 'SELECT name, count, failed, p95_ms FROM request_stats WHERE job_id = :job'
  heavy sql 'SELECT second, started, ok, p99_ms FROM seconds WHERE job_id = :job ORDER BY second'
  heavy sql --format csv -f question.sql > answer.csv
  heavy sql

Without a statement, it starts a shell on a terminal (\\? shows its help) and reads statements from stdin elsewhere.
Semicolons separate statements; the first error stops. docs/relations.md describes all relations, docs/querying.md the
rest.";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct SqlArgs {
    /// Read-only statements, separated by semicolons
    #[arg(value_name = "SELECT", conflicts_with = "file")]
    statement: Option<String>,
    /// File to read the statements from; `-` reads stdin
    #[arg(short, long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Output format
    #[arg(long, value_enum, default_value_t = AnswerFormat::Table)]
    format: AnswerFormat,
    /// Job that :job refers to: an id, a unique prefix of an id, or `last`
    #[arg(long, value_name = "JOB", default_value = LAST)]
    job: String,
    /// Value of a placeholder (can be repeated)
    #[arg(long, value_name = "NAME=VALUE", value_parser = assignment)]
    set: Vec<(String, String)>,
    /// Maximum number of rows [default: 1000 in a table, 1000000 otherwise]
    #[arg(long, value_name = "N")]
    max_rows: Option<usize>,
}

fn assignment(text: &str) -> Result<(String, String), String> {
    let (name, value) = text
        .split_once('=')
        .ok_or_else(|| format!("expected NAME=VALUE, got `{text}`"))?;
    placeholders::check_name(name).map_err(|problem| format!("{problem} (use --job to choose the job)"))?;
    Ok((name.to_owned(), value.to_owned()))
}

pub(crate) async fn run(args: SqlArgs, data: &DataLocation) -> CommandResult {
    let asked = args.statement.is_some() || args.file.is_some();
    if !asked && std::io::stdin().is_terminal() && std::io::stdout().is_terminal() {
        shell::run(open(&args, data).await?, data).await?;
        return Ok(ExitCode::SUCCESS);
    }
    let text = statements(&args)?;
    let dialect = Dialect::of_url(&data.database_url()?);
    let (mut inputs, rest) = script::split(&text, dialect);
    if !is_blank(rest, dialect) {
        inputs.push(ScriptInput::Statement(rest));
    }
    if inputs.is_empty() {
        return Err(CommandFailure::usage("the query is empty"));
    }
    let mut session = open(&args, data).await?;
    announce(&session, &inputs, data).await?;
    for input in &inputs {
        let answer = session
            .answer(input)
            .await
            .map_err(|failure| match inputs.len() {
                1 => failure,
                _ => failure.at(&line_of(&text, input)),
            })?;
        let Some(answer) = answer else {
            break;
        };
        output::print_raw(&answer.text)?;
        answer.notes.iter().for_each(|note| output::note(note));
    }
    Ok(ExitCode::SUCCESS)
}

/// Says which database is read, and which job if a statement uses `:job`.
async fn announce(
    session: &SqlSession,
    inputs: &[ScriptInput<'_>],
    data: &DataLocation,
) -> Result<(), CommandFailure> {
    let mut what = "reading".to_owned();
    let uses_job =
        |input: &ScriptInput<'_>| matches!(input, ScriptInput::Statement(sql) if session.uses_job(sql));
    if inputs.iter().any(uses_job)
        && let Ok(job) = session.which_job().await
    {
        what = job.trim_end().to_owned();
    }
    output::reading(&what, data)
}

async fn open(args: &SqlArgs, data: &DataLocation) -> Result<SqlSession, CommandFailure> {
    Ok(SqlSession {
        store: data.open().await?,
        dialect: Dialect::of_url(&data.database_url()?),
        format: args.format,
        job: args.job.clone(),
        values: args.set.iter().cloned().collect(),
        max_rows: args.max_rows,
        timing: false,
    })
}

/// The line on which a part of the text begins.
fn line_of(text: &str, input: &ScriptInput<'_>) -> String {
    let (ScriptInput::Statement(piece) | ScriptInput::Command(piece)) = input;
    let before = piece.as_ptr() as usize - text.as_ptr() as usize;
    format!("line {}", text[..before].matches('\n').count() + 1)
}

fn statements(args: &SqlArgs) -> Result<String, CommandFailure> {
    match (&args.statement, args.file.as_deref()) {
        (Some(sql), _) => Ok(sql.clone()),
        (None, Some(file)) if file.as_os_str() != "-" => {
            let shown = file.display().to_string();
            let opened = File::open(file).with_context(|| format!("cannot read {shown}"))?;
            bounded(opened, &shown)
        }
        (None, _) => bounded(std::io::stdin(), "stdin"),
    }
}

/// Reads at most [`LONGEST`] bytes of UTF-8.
fn bounded(text: impl Read, from: &str) -> Result<String, CommandFailure> {
    let mut sql = String::new();
    text.take(LONGEST + 1)
        .read_to_string(&mut sql)
        .with_context(|| format!("cannot read {from}"))?;
    if sql.len() as u64 > LONGEST {
        return Err(CommandFailure::usage(format!("{from} exceeds {LONGEST} bytes")));
    }
    Ok(sql)
}
