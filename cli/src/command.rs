//! The command line of `heavy`.

use heavy_load::exit_code;
use std::fs::File;
use std::io::{self, BufReader};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{CommandFactory as _, FromArgMatches as _};

use heavy_client::{CalledAs, Verb, with_short_help};
use heavy_process::variables;

use crate::data_location::DataLocation;
use crate::exit::CommandResult;
use crate::inapplicable::without_variables;
use crate::{completions, demo, diff, export, history, lint, report, run, services, sql, trial, up};

/// The one rule by which commands find jobs.
const PLACES: &str = "\
Where commands find jobs:
  --scheduler              that scheduler
  --database, --data-dir   that database, and the commands that use the data
                           directory now
  neither                  the default data directory in the same way, and the
                           scheduler at http://127.0.0.1:7700 if it answers
Flags override variables. `report`, `sql`, `diff`, `history` and `export` say
on stderr what they read. The last four read rows, which no scheduler sends:
they always read a database, and `last` is its last job.";

/// Run compiled load tests at an exact rate and keep every result in SQL
#[derive(Debug, clap::Parser)]
#[command(name = "heavy", version, disable_help_subcommand = true, after_help = PLACES)]
pub(crate) struct Heavy {
    /// Scheduler to use instead of everything on this machine
    #[arg(long, value_name = "URL", env = "HEAVY_SCHEDULER", global = true)]
    pub(crate) scheduler: Option<String>,
    #[command(flatten)]
    pub(crate) data: DataLocation,
    /// Whether the command line, rather than the environment, has a flag of jobs: a place where they are, or a limit.
    #[arg(skip)]
    pub(crate) asks_for_jobs: bool,
    #[command(subcommand)]
    pub(crate) command: HeavyCommand,
}

impl Heavy {
    /// The command line, whose help names this program.
    pub(crate) fn full_command() -> clap::Command {
        with_short_help(CalledAs::Heavy.name_in_examples(Self::command()))
    }

    /// Reads the command line. Ends the process where clap does: for help, and for wrong usage.
    pub(crate) fn from_command_line() -> Self {
        let mut command = without_variables(Self::full_command());
        let matches = variables::matches(&mut command);
        let mut heavy = Self::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
        let typed = |flag| matches.value_source(flag) == Some(ValueSource::CommandLine);
        let (named, named_data) = (typed("scheduler"), typed("database") || typed("data_dir"));
        let list = matches.subcommand_matches("list");
        let limited = list.is_some_and(|list| list.value_source("limit") == Some(ValueSource::CommandLine));
        heavy.asks_for_jobs = named || named_data || limited;
        if named && !heavy.command.takes_scheduler() {
            let text = "--scheduler does not apply to this command: leave it out (`heavy run` and the commands that read \
                        jobs accept it)";
            command.error(ErrorKind::ArgumentConflict, text).exit();
        }
        if named && named_data {
            let text = "--scheduler conflicts with --database and --data-dir: the scheduler has its own";
            command.error(ErrorKind::ArgumentConflict, text).exit();
        }
        if named_data {
            // What is typed overrides the environment.
            heavy.scheduler = None;
        }
        if !heavy.command.takes_scheduler() {
            heavy.data.unused_scheduler = heavy.scheduler.take();
        }
        heavy
    }
}

#[derive(Debug, clap::Subcommand)]
pub(crate) enum HeavyCommand {
    /// Run a demo: a small shop, a load test against it and the report
    Demo(Box<demo::DemoArgs>),
    /// Run a load test, or request a URL, and print the report
    Run(Box<run::RunArgs>),
    /// Run one iteration of a load test, and show everything that it does
    Try(Box<trial::TrialArgs>),
    /// Start a scheduler, a collector and an agent in one process
    Up(up::UpArgs),
    /// Print the report of a job
    Report(report::ReportArgs),
    /// Compare jobs and tell changes from noise
    Diff(diff::DiffArgs),
    /// Show the jobs of a service over time and where the trend broke
    History(history::HistoryArgs),
    /// Query the results database, interactively or with one statement
    Sql(sql::SqlArgs),
    /// Export a job's raw rows or latency histograms
    Export(export::ExportArgs),
    /// Check output lines of a load test against the protocol
    LintLines(LintArgs),
    /// Print a shell completion script
    Completions(completions::CompletionArgs),
    /// Write manual pages
    Man(completions::ManArgs),
    /// Create a service or a workflow
    New(services::NewArgs),
    /// List services with their workflows and profiles, or jobs where there is no services directory
    List(services::ListArgs),
    #[command(flatten)]
    Client(Verb),
}

impl HeavyCommand {
    /// Whether the command can use a remote scheduler.
    const fn takes_scheduler(&self) -> bool {
        matches!(
            self,
            Self::Run(_) | Self::Report(_) | Self::List(_) | Self::Client(_)
        )
    }
}

#[derive(Debug, clap::Args)]
pub(crate) struct LintArgs {
    /// File with the output lines of a load test; `-` reads stdin
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

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    /// The flags of a command and of those below it by their variables, and whether they take a value.
    fn collect(command: &clap::Command, flags: &mut BTreeMap<String, BTreeSet<(String, bool)>>) {
        for flag in command.get_arguments() {
            if let (Some(variable), Some(long)) = (flag.get_env(), flag.get_long()) {
                let takes_value = flag.get_action().takes_values();
                let known = flags.entry(variable.to_string_lossy().into_owned()).or_default();
                known.insert((long.to_owned(), takes_value));
            }
        }
        command
            .get_subcommands()
            .for_each(|command| collect(command, flags));
    }

    #[test]
    fn a_variable_means_the_same_to_all_commands() {
        let mut flags = BTreeMap::new();
        collect(&Heavy::command(), &mut flags);
        assert!(flags.contains_key("HEAVY_RATE") && flags.contains_key("HEAVY_FOLLOW"));
        for (variable, meanings) in flags {
            assert_eq!(meanings.len(), 1, "{variable}: {meanings:?}");
        }
    }
}
