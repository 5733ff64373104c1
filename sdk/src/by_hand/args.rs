//! The command line of a load test.

use std::collections::BTreeMap;
use std::ffi::OsString;

use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueEnum};
use heavy_model::rate::Rate;
use heavy_model::span::Span;
use heavy_plugin::rpc::WhenFull;
use serde_json::Value;

const ABOUT: &str = "A load test for heavy. An agent runs it; by hand, it runs itself on this machine.";

const AFTER_HELP: &str = "\
To run it on a fleet and keep the results: heavy run PATH, or heavy-sched submit PATH.
Iterations run on one thread for each core; HEAVY_THREADS=N overrides that.";

/// What is to be done.
#[derive(Debug, Subcommand)]
pub(crate) enum Action {
    /// List the workflows
    List,
    /// Run a workflow on this machine and print a short summary
    Run(Plan),
    /// Listen for an agent at 127.0.0.1:9999, or at HEAVY_RPC_ADDR
    Serve,
}

/// One run by hand.
#[derive(Debug, Args)]
pub(crate) struct Plan {
    /// The workflow; may be left out when there is only one
    pub(crate) workflow: Option<String>,
    /// Iterations to start: 50 or 50/s, 6000/m, 1000/h
    #[arg(long, default_value = "1/s", allow_hyphen_values = true)]
    pub(crate) rate: Rate,
    /// For how long: 30s, 1m30s, 250ms
    #[arg(short, long, default_value = "10s")]
    pub(crate) duration: Span,
    /// A param of the workflow, as KEY=VALUE; a VALUE that is JSON is taken as such
    #[arg(long = "param", value_name = "KEY=VALUE", value_parser = assignment)]
    pub(crate) params: Vec<(String, String)>,
    /// A variable of the workflow, as KEY=VALUE
    #[arg(short, long, value_name = "KEY=VALUE", value_parser = assignment)]
    pub(crate) env: Vec<(String, String)>,
    /// How many iterations may run at once
    #[arg(long, default_value_t = 4096, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) max_in_flight: u32,
    /// What becomes of an iteration that is due when that many run
    #[arg(long, value_enum, default_value_t = Full::Drop)]
    pub(crate) when_full: Full,
    /// After which an iteration is given up as failed
    #[arg(long)]
    pub(crate) timeout: Option<Span>,
    /// How long running iterations may go on at the end
    #[arg(long, default_value = "30s")]
    pub(crate) graceful_stop: Span,
}

/// [`WhenFull`] on the command line.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Full {
    /// It is dropped and counted
    Drop,
    /// It waits for a slot
    Queue,
}

#[derive(Debug, Parser)]
struct CommandLine {
    #[command(subcommand)]
    action: Action,
}

/// What the arguments ask for.
pub(crate) fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Action, clap::Error> {
    let command = CommandLine::command()
        .about(ABOUT)
        .after_help(AFTER_HELP)
        .arg_required_else_help(true)
        .disable_help_subcommand(true);
    let matches = command.try_get_matches_from(args)?;
    Ok(CommandLine::from_arg_matches(&matches)?.action)
}

impl Plan {
    /// The params as a JSON object; null when none are given.
    pub(crate) fn params(&self) -> Value {
        if self.params.is_empty() {
            return Value::Null;
        }
        let members = self.params.iter().map(|(key, text)| {
            let value = serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.clone()));
            (key.clone(), value)
        });
        Value::Object(members.collect())
    }

    /// The variables by name.
    pub(crate) fn env(&self) -> BTreeMap<String, String> {
        self.env.iter().cloned().collect()
    }
}

impl From<Full> for WhenFull {
    fn from(full: Full) -> Self {
        match full {
            Full::Drop => Self::Drop,
            Full::Queue => Self::Queue,
        }
    }
}

fn assignment(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("write KEY=VALUE".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn parsed(line: &str) -> Result<Action, clap::Error> {
        parse(line.split(' ').map(OsString::from))
    }

    #[test]
    fn a_run_is_planned() {
        let line = "./shop run buy --rate 300/m -d 1m --param n=7 --param url=http://h/ -e A=b=c";
        let Ok(Action::Run(plan)) = parsed(line) else {
            panic!("it is a run");
        };
        assert_eq!(plan.workflow.as_deref(), Some("buy"));
        assert_eq!(plan.rate, "5/s".parse().unwrap());
        assert_eq!(plan.duration, Span::from_s(60));
        assert_eq!(plan.params(), json!({"n": 7, "url": "http://h/"}));
        assert_eq!(plan.env()["A"], "b=c");
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (line, part) in [
            ("./shop run --rate 0", "above 0"),
            ("./shop run --duration 10", "30s"),
            ("./shop run --param url", "KEY=VALUE"),
            ("./shop run --max-in-flight 0", "0"),
            ("./shop walk", "unrecognized subcommand"),
        ] {
            let error = parsed(line).unwrap_err();
            assert_eq!(error.exit_code(), 2, "{line}");
            assert!(error.to_string().contains(part), "{error}");
        }
    }

    #[test]
    fn help_says_what_the_program_is() {
        for line in ["./shop --help", "./shop"] {
            let help = parsed(line).unwrap_err().to_string();
            assert!(
                help.contains("A load test for heavy") && help.contains("Usage: shop"),
                "{help}"
            );
        }
    }
}
