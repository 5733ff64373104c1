//! The command line: what can be asked for, and in which words.

use std::fs::File;
use std::io::{self, BufReader};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;

use heavy_sched::client::{Verb, exit};

use crate::exit::Ended;
use crate::place::Place;
use crate::{demo, lint, report, run, sql, up};

/// Load tests as compiled programs, run at an exact rate, their results kept in SQL
#[derive(Debug, clap::Parser)]
#[command(name = "heavy", version, disable_help_subcommand = true)]
pub(crate) struct Heavy {
    /// The scheduler to talk to [default: http://127.0.0.1:7700; to read, the local data dir if nobody answers there]
    #[arg(long, value_name = "URL", env = "HEAVY_SCHEDULER", global = true)]
    pub(crate) scheduler: Option<String>,
    #[command(flatten)]
    pub(crate) place: Place,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// See it work: services, a small shop, a load test and its report in one command
    Demo(Box<demo::Args>),
    /// Run a load test (or request a URL) here, and print what came out
    Run(Box<run::Args>),
    /// Serve scheduler, collector and an agent in one process
    Up(up::Args),
    /// Show what came out of a job
    Report(report::Args),
    /// Ask the results database
    Sql(sql::Args),
    /// Check output lines of a load test against the protocol
    LintLines(LintArgs),
    #[command(flatten)]
    Client(Verb),
}

/// Which stream to check.
#[derive(Debug, clap::Args)]
pub(crate) struct LintArgs {
    /// A file of lines as a load test writes them to its stdout; - for stdin
    file: PathBuf,
}

/// `heavy lint-lines`: 0 if all lines are results, 1 if not.
pub(crate) fn lint_lines(args: &LintArgs) -> Ended {
    let mut stdout = io::BufWriter::new(io::stdout().lock());
    let checked = if args.file.as_os_str() == "-" {
        lint::check(io::stdin().lock(), &mut stdout)
    } else {
        let file = File::open(&args.file).with_context(|| format!("cannot read {}", args.file.display()))?;
        lint::check(BufReader::new(file), &mut stdout)
    };
    match checked {
        Ok(totals) if totals.all_results() => Ok(ExitCode::SUCCESS),
        Ok(_) => Ok(ExitCode::from(exit::COULD_NOT_RUN)),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(ExitCode::from(exit::COULD_NOT_RUN)),
        Err(error) => Err(anyhow::Error::new(error)
            .context(format!("cannot check {}", args.file.display()))
            .into()),
    }
}
