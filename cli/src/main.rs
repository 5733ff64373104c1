//! `heavy`, the workbench: runs load tests, keeps their results, and answers questions about them.
//!
//! The executable is three things. Started by an agent with `launch`, it becomes a load test; started by that as a
//! load test, it is one; started by a person, it does what the command line says.

mod builtin;
mod client;
mod command;
mod completions;
mod data_location;
mod demo;
mod diff;
mod exit;
mod export;
mod history;
mod inapplicable;
mod lint;
mod local;
mod output;
mod places;
mod recovery;
mod report;
mod run;
mod services;
mod sql;
mod stored_job;
mod table;
mod test_name;
mod trial;
mod up;

use std::process::ExitCode;

use command::{Heavy, HeavyCommand};
use exit::{CommandFailure, CommandResult};
use heavy_client::{JobsArgs, Verb};

fn main() -> ExitCode {
    let mut args = std::env::args_os().skip(1);
    if args.next().is_some_and(|first| first == "launch") {
        return heavy_agent::launch::main(args);
    }
    if builtin::is_wanted() {
        return builtin::serve();
    }
    let heavy = Heavy::from_command_line();
    output::start_log();
    act(heavy).unwrap_or_else(|failure| {
        output::note(&format!("error: {failure}"));
        failure.code()
    })
}

fn act(heavy: Heavy) -> CommandResult {
    let (scheduler, data, asks_for_jobs) = (heavy.scheduler, &heavy.data, heavy.asks_for_jobs);
    match heavy.command {
        HeavyCommand::Demo(args) => wait_for(demo::run(*args, data)),
        HeavyCommand::Run(args) => wait_for(run::run(*args, scheduler, data)),
        HeavyCommand::Try(args) => wait_for(trial::run(*args)),
        HeavyCommand::Up(args) => wait_for(up::run(args, data)),
        HeavyCommand::Report(args) => wait_for(report::run(args, scheduler, data)),
        HeavyCommand::Diff(args) => wait_for(diff::run(args, data)),
        HeavyCommand::History(args) => wait_for(history::run(args, data)),
        HeavyCommand::Sql(args) => wait_for(sql::run(args, data)),
        HeavyCommand::Export(args) => wait_for(export::run(args, data)),
        HeavyCommand::Completions(args) => completions::completions(&args, Heavy::full_command()),
        HeavyCommand::Man(args) => completions::man(&args, Heavy::full_command()),
        HeavyCommand::LintLines(args) => command::lint_lines(&args),
        HeavyCommand::New(args) => services::new(&args),
        HeavyCommand::List(args) => list(&args, asks_for_jobs, scheduler, data),
        HeavyCommand::Client(verb) => wait_for(client::run(verb, scheduler, data)),
    }
}

/// Lists services, or jobs if the arguments ask for them.
fn list(
    args: &services::ListArgs,
    asks_for_jobs: bool,
    scheduler: Option<String>,
    data: &data_location::DataLocation,
) -> CommandResult {
    match services::list(args, asks_for_jobs)? {
        Some(code) => Ok(code),
        None => {
            let jobs = JobsArgs {
                limit: args.limit.unwrap_or(JobsArgs::LIMIT),
                json: args.json,
            };
            wait_for(client::run(Verb::Jobs(jobs), scheduler, data))
        }
    }
}

/// Runs a command to its end, and abandons background work such as a blocked read of stdin.
fn wait_for(command: impl Future<Output = CommandResult>) -> CommandResult {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| CommandFailure::new(format!("cannot start: {error}")))?;
    let ended = runtime.block_on(command);
    runtime.shutdown_background();
    ended
}
