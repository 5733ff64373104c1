//! The command line: what can be asked for, and in which words.

use std::fs::File;
use std::io::{self, BufReader};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;

use crate::exit::{Ended, FAILED};
use crate::{lint, report, sql};

/// Load tests as compiled programs, run at an exact rate, their results kept in SQL
#[derive(Debug, clap::Parser)]
#[command(name = "heavy", version, disable_help_subcommand = true)]
pub(crate) struct Heavy {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Show what came out of a job
    Report(report::Args),
    /// Ask the results database
    Sql(sql::Args),
    /// Check output lines of a load test against the protocol
    LintLines(LintArgs),
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
        Ok(_) => Ok(ExitCode::from(FAILED)),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(ExitCode::from(FAILED)),
        Err(error) => Err(anyhow::Error::new(error)
            .context(format!("cannot check {}", args.file.display()))
            .into()),
    }
}
