//! The chaos runner: see the library's documentation, and `scripts/chaos`.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::builder::PossibleValuesParser;
use clap::{Parser, Subcommand, ValueEnum};
use heavy_chaos::cases::{CASES, CaseOptions, ChaosCase};
use heavy_chaos::judge::judge;
use heavy_chaos::runner::{ChaosOptions, run};
use heavy_chaos::schedule::{PARTS, StoreKind};
use heavy_results::nearest::hint;

/// Run load tests while killing, stopping and cutting off parts of heavy, and check that no result is lost, doubled or
/// altered
#[derive(Debug, Parser)]
#[command(after_help = EXAMPLES)]
struct Args {
    /// How long to begin new jobs, in minutes
    #[arg(long, default_value_t = 2.0, value_parser = minutes, allow_negative_numbers = true)]
    minutes: f64,
    /// Seed of the schedule
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Results database
    #[arg(long, value_enum, default_value = "sqlite")]
    store: StoreName,
    /// Iterations per second, each with five results [default: 500; of a case: its own]
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    rate: Option<u64>,
    /// Part that faults happen to (can be repeated) [default: all that the store has]
    #[arg(long, value_name = "PART", value_parser = PossibleValuesParser::new(PARTS))]
    part: Vec<String>,
    /// Run a case instead (can be repeated)
    #[arg(long, value_name = "NAME", value_parser = case, conflicts_with_all = ["minutes", "seed", "store", "part"])]
    case: Vec<&'static ChaosCase>,
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

const EXAMPLES: &str = "\
Examples:
  scripts/chaos --minutes 20 --seed 7 --store postgres
  scripts/chaos --minutes 2 --part collector --part disk
  scripts/chaos --list
  scripts/chaos --case agent-killed

scripts/chaos builds the programs first; with --release, optimised ones. It needs root, or user namespaces.
HEAVY_KEEP_TMP=1 keeps logs, ledgers and databases.
Exit codes: 0 nothing was wrong, 1 something was, 2 wrong usage or a part did not start.";

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
        let rate = args.rate;
        return run_cases(&args.case, &CaseOptions { bin_dir, rate });
    }
    let store = match args.store {
        StoreName::Postgres => StoreKind::Postgres,
        StoreName::Sqlite => StoreKind::Sqlite,
    };
    if let Some(part) = args.part.iter().find(|part| !store.has(part)) {
        anyhow::bail!("no fault happens to the part `{part}` with this store: choose another with --store");
    }
    let figures = run(&ChaosOptions {
        time: Duration::from_secs_f64(args.minutes * 60.0),
        seed: args.seed,
        store,
        parts: args.part.clone(),
        rate: args.rate.unwrap_or(RATE),
        bin_dir,
    })?;
    Ok(figures.is_right())
}

fn run_cases(cases: &[&ChaosCase], options: &CaseOptions) -> anyhow::Result<bool> {
    let mut right = true;
    for case in cases {
        right &= case.run(options)?;
    }
    Ok(right)
}

fn minutes(text: &str) -> Result<f64, String> {
    let minutes = text
        .parse()
        .ok()
        .filter(|minutes| (0.01..=10_000.0).contains(minutes));
    minutes.ok_or_else(|| "expected a number of minutes, such as 20 or 0.5".to_owned())
}

fn case(name: &str) -> Result<&'static ChaosCase, String> {
    ChaosCase::find(name).ok_or_else(|| {
        let hint = hint(name, CASES.iter().map(|case| case.name));
        format!("unknown case{hint} (`--list` shows all)")
    })
}
