//! The command line of a load test that no agent started.

mod args;
mod inputs;
mod run;
mod tally;
mod trial;

use std::io::{self, Write as _};
use std::process::ExitCode;

use args::{Action, parse};
use heavy_load::exit_code;
use serde_json::json;
use trial::TrialError;

use crate::harness::shared::HarnessOptions;
use crate::harness::stdio::complain;
use crate::harness::workflow::Workflow;
use crate::listen::listen;

pub(crate) fn main(workflows: Vec<Workflow>, options: HarnessOptions) -> ExitCode {
    match parse(std::env::args_os()) {
        Ok(Action::List { json }) => list(&workflows, json),
        Ok(Action::Serve) => listen(workflows, options),
        Ok(Action::Run(args)) => match run::run(workflows, options, &args) {
            Ok(code) => code,
            Err(message) => {
                complain(message);
                ExitCode::FAILURE
            }
        },
        Ok(Action::Try(args)) => match trial::run(workflows, options, &args) {
            Ok(code) => code,
            Err(TrialError::Usage(message)) => {
                complain(message);
                ExitCode::from(exit_code::WRONG_USAGE)
            }
            Err(TrialError::CouldNotRun(message)) => {
                complain(message);
                ExitCode::FAILURE
            }
        },
        Err(error) => {
            // Without a stdout or stderr the text is lost.
            let _ = error.print();
            ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(exit_code::WRONG_USAGE))
        }
    }
}

fn list(workflows: &[Workflow], json: bool) -> ExitCode {
    let lines = workflows.iter().map(|workflow| {
        if json {
            let env_file = workflow.runner.declared_env_file();
            let env_file = env_file.map(|path| path.to_string_lossy().into_owned());
            format!("{}\n", json!({ "name": workflow.name, "env_file": env_file }))
        } else {
            format!("{}\n", workflow.name)
        }
    });
    let text: String = lines.collect();
    match io::stdout().lock().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}
