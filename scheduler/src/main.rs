//! `heavy-sched`: the server (`serve`), and the verbs of its clients.

mod server;

use std::io::Write;
use std::process::ExitCode;

use clap::{CommandFactory as _, FromArgMatches as _};
use heavy_client::{CalledAs, Verb, with_short_help};
use heavy_load::exit_code;
use heavy_process::variables;
use heavy_sched::command_line::{Cli, Command};

fn main() -> ExitCode {
    let matches = variables::matches(&mut with_short_help(Cli::command()));
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let serves = matches!(cli.command, Command::Serve(_));
    heavy_process::log::start(if serves { "info" } else { "warn" });
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&format!("cannot start: {error}"), exit_code::COULD_NOT_RUN),
    };
    let code = runtime.block_on(async {
        let verb = match cli.command {
            Command::Serve(args) => {
                return server::run(&args)
                    .await
                    .map_err(|failure| (format!("{:#}", failure.error), failure.code));
            }
            Command::List(args) => Verb::Jobs(args),
            Command::Client(verb) => verb,
        };
        let scheduler = &cli.scheduler.scheduler;
        let full_report = CalledAs::HeavySched.full_report(scheduler);
        heavy_client::run(&verb, CalledAs::HeavySched, scheduler, &full_report)
            .await
            .map_err(|error| (error.message_for(CalledAs::HeavySched), error.exit_code()))
    });
    // A blocked read of stdin or of a disk must not keep the process.
    runtime.shutdown_background();
    match code {
        Ok(code) => ExitCode::from(code),
        Err((message, code)) => fail(&message, code),
    }
}

fn fail(message: &str, code: u8) -> ExitCode {
    let _ = writeln!(std::io::stderr().lock(), "error: {message}");
    ExitCode::from(code)
}
