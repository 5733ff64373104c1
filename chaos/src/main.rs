//! The chaos runner: see the library's documentation, and `scripts/chaos`.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand, ValueEnum};
use heavy_chaos::cases::{CASES, CaseOptions, ChaosCase};
use heavy_chaos::judge::judge;
use heavy_chaos::runner::{ChaosOptions, run};
use heavy_chaos::schedule::StoreKind;

/// Run load tests while killing, stopping and cutting off parts of heavy, and check that no result is lost, doubled or
/// altered
#[derive(Debug, Parser)]
struct Args {
    /// How long to begin new jobs, in minutes
    #[arg(long, default_value_t = 2.0)]
    minutes: f64,
    /// Seed of the schedule
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Results database
    #[arg(long, value_enum, default_value = "sqlite")]
    store: StoreName,
    /// Iterations per second, each with five results [default: 500; of a case: its own]
    #[arg(long)]
    rate: Option<u64>,
    /// Part that faults happen to: scheduler, collector, agent, load-test, database or disk (can be repeated) [default: all]
    #[arg(long, value_name = "PART")]
    part: Vec<String>,
    /// Run a case instead (can be repeated)
    #[arg(long, value_name = "NAME")]
    case: Vec<String>,
    /// List the cases
    #[arg(long)]
    list: bool,
    /// Directory of the programs [default: that of this one]
    #[arg(long, value_name = "DIR")]
    bin_dir: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Compare what a results database holds of a job with the ledgers of its load tests
    Judge {
        /// Results database
        #[arg(long, value_name = "URL")]
        database: String,
        /// The job's id
        #[arg(long, value_name = "ID")]
        job: uuid::Uuid,
        /// Directory of the job's ledgers
        #[arg(long, value_name = "DIR")]
        ledgers: PathBuf,
        /// Number of requests that the target has received
        #[arg(long, value_name = "N")]
        target: Option<u64>,
    },
}

/// Iterations per second of a run.
const RATE: u64 = 500;

#[derive(Debug, Clone, Copy, ValueEnum)]
enum StoreName {
    Postgres,
    Sqlite,
}

fn main() -> ExitCode {
    match carry_out(&Args::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "error: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn carry_out(args: &Args) -> anyhow::Result<bool> {
    let bin_dir = match &args.bin_dir {
        Some(dir) => std::path::absolute(dir)?,
        None => std::env::current_exe()?.with_file_name(""),
    };
    if let Some(Command::Judge {
        database,
        job,
        ledgers,
        target,
    }) = &args.command
    {
        let judged = tokio::runtime::Runtime::new()?.block_on(async {
            let store = heavy_store::open_to_read(database).await?;
            judge(&*store, *job, ledgers, *target).await
        })?;
        write!(std::io::stdout(), "{judged}")?;
        return Ok(judged.is_right());
    }
    if args.list {
        for case in CASES {
            writeln!(std::io::stdout(), "{:<32} {}", case.name, case.about)?;
        }
        return Ok(true);
    }
    if !args.case.is_empty() {
        return run_cases(
            &args.case,
            &CaseOptions {
                bin_dir,
                rate: args.rate,
            },
        );
    }
    let figures = run(&ChaosOptions {
        time: Duration::from_secs_f64(args.minutes * 60.0),
        seed: args.seed,
        store: match args.store {
            StoreName::Postgres => StoreKind::Postgres,
            StoreName::Sqlite => StoreKind::Sqlite,
        },
        parts: args.part.clone(),
        rate: args.rate.unwrap_or(RATE),
        bin_dir,
    })?;
    Ok(figures.is_right())
}

fn run_cases(names: &[String], options: &CaseOptions) -> anyhow::Result<bool> {
    let mut right = true;
    for name in names {
        let case = ChaosCase::find(name)
            .ok_or_else(|| anyhow::anyhow!("unknown case `{name}`: `--list` shows all"))?;
        right &= case.run(options)?;
    }
    Ok(right)
}
