//! `heavy export`: a job's raw rows as CSV or JSON lines, or its durations as an HdrHistogram log.

mod hdr;
mod rows;

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal as _, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use heavy_load::span::Span;
use heavy_results::job::{JobInfo, Samples};
use heavy_store::{Error, ExportRelation, Store, find_job};

use crate::data_location::DataLocation;
use crate::exit::{CommandFailure, CommandResult};
use crate::output;

const NS_PER_S: u64 = 1_000_000_000;

const EXAMPLES: &str = "\
  heavy export last --format csv --output requests.csv
  heavy export last --format jsonl --relation iterations | jq 'select(.ok | not)'
  heavy export last --format hdr --interval 10s --output durations.hlog

Rows come in no particular order and are streamed. docs/relations.md describes their columns. A histogram log (.hlog)
holds the durations of all requests in ns and, with the tag response_time, the response times of iterations;
HdrHistogram's own tools read it.";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ExportArgs {
    /// Job: an id, a unique prefix of an id, or `last`
    job: String,
    /// Output format
    #[arg(long, value_enum)]
    format: ExportFormat,
    /// Rows to export (csv and jsonl)
    #[arg(long, value_enum, default_value_t = RawRelation::Requests)]
    relation: RawRelation,
    /// Length of each histogram, in whole seconds (hdr) [default: 1s]
    #[arg(long, value_name = "D")]
    interval: Option<Span>,
    /// File to write to instead of stdout
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum ExportFormat {
    /// RFC 4180 with a header; NULL is empty, an empty text is ""
    Csv,
    /// A JSON object on each line
    Jsonl,
    /// An HdrHistogram interval log (.hlog)
    Hdr,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum RawRelation {
    Requests,
    Iterations,
    Metrics,
}

impl RawRelation {
    const fn raw(self) -> ExportRelation {
        match self {
            Self::Requests => ExportRelation::Requests,
            Self::Iterations => ExportRelation::Iterations,
            Self::Metrics => ExportRelation::Metrics,
        }
    }
}

pub(crate) async fn run(args: ExportArgs, data: &DataLocation) -> CommandResult {
    let interval_s = interval_s(&args)?;
    let store = data.open().await?;
    let job = find_job(&*store, &args.job).await?;
    let mut out: Destination = match &args.output {
        Some(file) => {
            let made = File::create(file).with_context(|| format!("cannot write {}", file.display()))?;
            Box::new(BufWriter::new(made))
        }
        None => Box::new(BufWriter::new(io::stdout())),
    };
    match write(&args, &*store, &job, interval_s, &mut out).await {
        Ok(done) => {
            output::reading(&done, data)?;
            Ok(ExitCode::SUCCESS)
        }
        // A reader that has seen enough (`| head`) is no error.
        Err(Error::Output(error)) if args.output.is_none() && error.kind() == io::ErrorKind::BrokenPipe => {
            output::reading(&format!("exported a part of job {}", job.id), data)?;
            Ok(ExitCode::SUCCESS)
        }
        Err(Error::Output(error)) => {
            Err(CommandFailure::new(format!("cannot write: {error}")).and(&incomplete(&args)))
        }
        Err(error) => Err(CommandFailure::from(error).and(&incomplete(&args))),
    }
}

fn incomplete(args: &ExportArgs) -> String {
    match &args.output {
        Some(file) => format!("; {} is incomplete", file.display()),
        None => "; the output is incomplete".to_owned(),
    }
}

/// A file or stdout.
type Destination = Box<dyn Write + Send>;

fn interval_s(args: &ExportArgs) -> Result<u64, CommandFailure> {
    if args.format == ExportFormat::Hdr && args.relation != RawRelation::Requests {
        return Err(CommandFailure::usage(
            "--relation requires csv or jsonl: a histogram log always has requests and, under the tag response_time, \
             iterations",
        ));
    }
    let Some(interval) = args.interval else {
        return Ok(1);
    };
    if args.format != ExportFormat::Hdr {
        return Err(CommandFailure::usage(
            "--interval requires --format hdr: csv and jsonl have every row",
        ));
    }
    let seconds = interval.ns() / NS_PER_S;
    let whole = seconds > 0 && interval.ns().is_multiple_of(NS_PER_S);
    whole.then_some(seconds).ok_or_else(|| {
        CommandFailure::usage(format!(
            "invalid interval {interval}: expected whole seconds, such as 1s, 10s or 1m"
        ))
    })
}

/// Writes the export, and returns a sentence about it.
async fn write(
    args: &ExportArgs,
    store: &dyn Store,
    job: &JobInfo,
    interval_s: u64,
    out: &mut Destination,
) -> Result<String, Error> {
    let raw = args.relation.raw();
    let look = if args.output.is_none() && io::stdout().is_terminal() {
        rows::Look::Harmless
    } else {
        rows::Look::Exact
    };
    let said = match args.format {
        ExportFormat::Hdr => hdr::write(store, job, interval_s, out).await?,
        ExportFormat::Csv => {
            let mut sink = rows::CsvRows::begin(out, raw.fields(), look).map_err(Error::Output)?;
            let count = store.export(job.id, raw, &mut sink).await?;
            of_rows(store, job, raw, count).await?
        }
        ExportFormat::Jsonl => {
            let mut sink = rows::JsonLines::begin(out, raw.fields(), look);
            let count = store.export(job.id, raw, &mut sink).await?;
            of_rows(store, job, raw, count).await?
        }
    };
    out.flush().map_err(Error::Output)?;
    let unfinished = if job.state.is_final() {
        ""
    } else {
        "; the job is still running, so more rows will follow"
    };
    Ok(format!("exported {said} of job {}{unfinished}", job.id))
}

/// How many rows were written, of how many.
async fn of_rows(store: &dyn Store, job: &JobInfo, raw: ExportRelation, count: u64) -> Result<String, Error> {
    let name = raw.name();
    let counted = store.summary(job.id).await?.map(|summary| match raw {
        ExportRelation::Requests => summary.requests.duration.count,
        // Those that were lost or still ran have no row.
        ExportRelation::Iterations => {
            summary.iterations.ok + summary.iterations.failed + summary.iterations.interrupted
        }
        ExportRelation::Metrics => count,
    });
    Ok(match counted {
        Some(counted) if counted > count => {
            let why = match job.spec.samples {
                Samples::All => "the others were discarded or have not arrived yet".to_owned(),
                samples => format!("the job kept only some: --samples {samples}"),
            };
            format!("{count} of {counted} {name} ({why})")
        }
        _ => format!("{count} {name}"),
    })
}
