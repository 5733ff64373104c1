//! `heavy`, the workbench: runs load tests, keeps their results, and answers questions about them.
//!
//! Reads as a table of contents: which command is which module. A process that an agent has spawned is no command:
//! the executable is a load test too.

mod command;
mod exit;
mod job_name;
mod lint;
mod output;
mod place;
mod report;
mod sql;

use std::process::ExitCode;

use clap::Parser as _;

use command::{Command, Heavy};

fn main() -> ExitCode {
    let heavy = Heavy::parse();
    output::start_log();
    let ended = match heavy.command {
        Command::Report(args) => report::run(args),
        Command::Sql(args) => sql::run(args),
        Command::LintLines(args) => command::lint_lines(&args),
    };
    ended.unwrap_or_else(|failure| exit::report(&failure))
}
