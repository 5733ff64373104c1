//! The command line: what can be asked for, and in which words.

use heavy_load::exit_code;
use std::fs::File;
use std::io::{self, BufReader};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{CommandFactory as _, FromArgMatches as _};

use heavy_client::Verb;

use crate::data_location::DataLocation;
use crate::exit::CommandResult;
use crate::{completions, demo, diff, export, history, lint, report, run, services, sql, up};

/// Load tests as compiled programs, run at an exact rate, their results kept in SQL
#[derive(Debug, clap::Parser)]
#[command(name = "heavy", version, disable_help_subcommand = true)]
pub(crate) struct Heavy {
    /// The scheduler to talk to [default: http://127.0.0.1:7700; to read, the local data dir if nobody answers there]
    #[arg(long, value_name = "URL", env = "HEAVY_SCHEDULER", global = true)]
    pub(crate) scheduler: Option<String>,
    #[command(flatten)]
    pub(crate) data: DataLocation,
    /// Whether the command line itself says whose jobs are meant.
    #[arg(skip)]
    pub(crate) names_place: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

impl Heavy {
    /// Reads the command line. Ends the process where clap does: for help, and for wrong usage.
    pub(crate) fn from_command_line() -> Self {
        let mut command = Self::command();
        let matches = command.get_matches_mut();
        let mut heavy = Self::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
        let typed = |flag| matches.value_source(flag) == Some(ValueSource::CommandLine);
        let named = typed("scheduler");
        heavy.names_place = named || typed("database") || typed("data_dir");
        if named && !heavy.command.takes_scheduler() {
            let text = "this command talks to no scheduler: leave --scheduler out (`heavy run` and the commands that look at \
                        jobs take it)";
            command.error(ErrorKind::ArgumentConflict, text).exit();
        }
        heavy
    }
}

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// See it work: services, a small shop, a load test and its report in one command
    Demo(Box<demo::DemoArgs>),
    /// Run a load test (or request a URL) here, and print what came out
    Run(Box<run::RunArgs>),
    /// Serve scheduler, collector and an agent in one process
    Up(up::UpArgs),
    /// Show what came out of a job
    Report(report::ReportArgs),
    /// Say what has changed from one job to another, and what is noise
    Diff(diff::DiffArgs),
    /// Show the jobs of a service over time, and which of them broke the trend
    History(history::HistoryArgs),
    /// Ask the results database, in a shell or by the statement
    Sql(sql::SqlArgs),
    /// Write a job's raw rows, or histograms of its durations, for other tools
    Export(export::ExportArgs),
    /// Check output lines of a load test against the protocol
    LintLines(LintArgs),
    /// Print what a shell needs to complete command lines
    Completions(completions::CompletionArgs),
    /// Write manual pages
    Man(completions::ManArgs),
    /// Write a service or a workflow that compiles and runs at once
    New(services::NewArgs),
    /// List services with their workflows and profiles; or jobs, where there is no services directory
    List(services::ListArgs),
    #[command(flatten)]
    Client(Verb),
}

impl Command {
    /// Whether there is a scheduler to talk to, rather than one in this process or none.
    const fn takes_scheduler(&self) -> bool {
        match self {
            Self::Run(_) | Self::Report(_) | Self::List(_) | Self::Client(_) => true,
            Self::Demo(_)
            | Self::Up(_)
            | Self::Diff(_)
            | Self::History(_)
            | Self::Sql(_)
            | Self::Export(_)
            | Self::LintLines(_)
            | Self::Completions(_)
            | Self::Man(_)
            | Self::New(_) => false,
        }
    }
}

/// Which stream to check.
#[derive(Debug, clap::Args)]
pub(crate) struct LintArgs {
    /// A file of lines as a load test writes them to its stdout; - for stdin
    file: PathBuf,
}

/// `heavy lint-lines`: 0 if all lines are results, 1 if not.
pub(crate) fn lint_lines(args: &LintArgs) -> CommandResult {
    let mut stdout = io::BufWriter::new(io::stdout().lock());
    let checked = if args.file.as_os_str() == "-" {
        lint::check(io::stdin().lock(), &mut stdout)
    } else {
        let file = File::open(&args.file).with_context(|| format!("cannot read {}", args.file.display()))?;
        lint::check(BufReader::new(file), &mut stdout)
    };
    match checked {
        Ok(totals) if totals.all_results() => Ok(ExitCode::SUCCESS),
        Ok(_) => Ok(ExitCode::from(exit_code::COULD_NOT_RUN)),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
            Ok(ExitCode::from(exit_code::COULD_NOT_RUN))
        }
        Err(error) => Err(anyhow::Error::new(error)
            .context(format!("cannot check {}", args.file.display()))
            .into()),
    }
}
