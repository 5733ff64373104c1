//! `heavy sql`: a question to the results database and its answer.

mod format;
mod placeholders;

use std::collections::BTreeMap;
use std::io::{IsTerminal as _, Read as _};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use heavy_store::{Store, Table};

use crate::exit::{Ended, Failure};
use crate::job_name::{self, LAST};
use crate::output;
use crate::place::Place;
pub(crate) use format::Format;
use placeholders::{Piece, quoted, split};

/// The placeholder that stands for a job's id without having been set.
const JOB: &str = "job";

/// The longest statement that is read, in bytes.
const LONGEST: u64 = 16 << 20;

const EXAMPLES: &str = "\
In a query, :job stands for the id of the last job (or that of --job), :NAME for what --set NAME=VALUE says.

  heavy sql 'SELECT name, count, failed, p95_ms FROM request_stats WHERE job_id = :job'
  heavy sql 'SELECT second, started, ok, p99_ms FROM seconds WHERE job_id = :job ORDER BY second'
  heavy sql --format csv -f question.sql > answer.csv

docs/relations.md describes all relations.";

/// Which question.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// One read-only statement
    #[arg(value_name = "SELECT", conflicts_with = "file")]
    statement: Option<String>,
    /// Read the statement from this file; - or nothing for stdin
    #[arg(short, long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// In which form
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// The job that :job stands for: its id, the beginning of its id, or last
    #[arg(long, value_name = "JOB", default_value = LAST)]
    job: String,
    /// What a placeholder stands for
    #[arg(long, value_name = "NAME=VALUE", value_parser = assignment)]
    set: Vec<(String, String)>,
    /// At most so many rows (default: 1,000 in a table, 1,000,000 else)
    #[arg(long, value_name = "N")]
    max_rows: Option<usize>,
}

fn assignment(text: &str) -> Result<(String, String), String> {
    let (name, value) = text
        .split_once('=')
        .ok_or_else(|| format!("{text:?} is not NAME=VALUE"))?;
    if matches!(split(&format!(":{name}"))[..], [Piece::Placeholder(_)]) {
        Ok((name.to_owned(), value.to_owned()))
    } else {
        Err(format!(
            "{name:?} is not a name: write letters, digits and _, as in sequence"
        ))
    }
}

pub(crate) async fn run(args: Args, place: &Place) -> Ended {
    let sql = statement(&args)?;
    let table = answer(&args, place, &sql).await?;
    output::print(&args.format.render(&table))?;
    if table.truncated {
        let rows = table.rows.len();
        output::note(&format!(
            "note: there are more than these {rows} rows; --max-rows says how many are fetched"
        ));
    }
    Ok(ExitCode::SUCCESS)
}

fn statement(args: &Args) -> Result<String, Failure> {
    let sql = match (&args.statement, args.file.as_deref()) {
        (Some(sql), _) => sql.clone(),
        (None, Some(file)) if file.as_os_str() != "-" => {
            let size = std::fs::metadata(file)
                .with_context(|| format!("cannot read {}", file.display()))?
                .len();
            if size > LONGEST {
                return Err(Failure::usage(format!(
                    "{} is larger than {LONGEST} bytes",
                    file.display()
                )));
            }
            std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?
        }
        (None, None) if std::io::stdin().is_terminal() => {
            return Err(Failure::usage(format!(
                "there is no query to run: write one after `heavy sql`\n\n{EXAMPLES}"
            )));
        }
        (None, _) => {
            let mut sql = String::new();
            std::io::stdin()
                .take(LONGEST)
                .read_to_string(&mut sql)
                .context("cannot read the query from stdin")?;
            sql
        }
    };
    if sql.trim().is_empty() {
        return Err(Failure::usage("the query is empty".to_owned()));
    }
    Ok(sql)
}

async fn answer(args: &Args, place: &Place, sql: &str) -> Result<Table, Failure> {
    let store = place.open().await?;
    let sql = filled(args, &*store, sql).await?;
    let most = args.max_rows.unwrap_or_else(|| args.format.default_rows());
    Ok(store.query(&sql, most).await?)
}

/// The statement with its placeholders replaced.
async fn filled(args: &Args, store: &dyn Store, sql: &str) -> Result<String, Failure> {
    let values: BTreeMap<&str, &str> = args
        .set
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let mut filled = String::with_capacity(sql.len());
    let mut job = None;
    for piece in split(sql) {
        match piece {
            Piece::Verbatim(text) => filled.push_str(text),
            Piece::Placeholder(name) => match values.get(name) {
                Some(value) => filled.push_str(&quoted(value)),
                None if name == JOB => {
                    if job.is_none() {
                        job = Some(job_name::find(store, &args.job).await?.id);
                    }
                    let id = job.expect("was found above");
                    filled.push_str(&quoted(&id.to_string()));
                }
                None => {
                    return Err(Failure::usage(format!(
                        "the query has :{name} and nothing says what it stands for: add --set {name}=VALUE"
                    )));
                }
            },
        }
    }
    Ok(filled)
}
