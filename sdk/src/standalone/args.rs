//! The command line of a load test.

use std::collections::BTreeMap;
use std::ffi::OsString;

use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use heavy_load::arrivals::Arrivals;
use heavy_load::load::Load;
use heavy_load::profile::Stage;
use heavy_load::rate::Rate;
use heavy_load::shape::{Shape, ShapeError};
use heavy_load::span::Span;
use heavy_load::users::Users;
use heavy_load::vocabulary::{Connections, WhenFull};
use serde_json::Value;

/// How long a run lasts that says nothing of it.
const DEFAULT_DURATION: Span = Span::from_s(10);

const ABOUT: &str = "A load test for heavy. An agent runs it; by hand, it runs itself on this machine.";

const AFTER_HELP: &str = "\
To run it on a fleet and keep the results: heavy run PATH, or heavy-sched submit PATH.
Iterations run on one thread for each core; HEAVY_THREADS=N overrides that.";

/// What is to be done.
#[derive(Debug, Subcommand)]
pub(crate) enum Action {
    /// List the workflows
    List {
        /// As JSON, with the env file of each
        #[arg(long)]
        json: bool,
    },
    /// Run a workflow on this machine and print a short summary
    Run(Box<Plan>),
    /// Listen for an agent at 127.0.0.1:9999, or at HEAVY_RPC_ADDR
    Serve,
}

/// One standalone run.
#[derive(Debug, Args)]
pub(crate) struct Plan {
    /// The workflow; may be left out when there is only one
    pub(crate) workflow: Option<String>,
    /// Iterations to start: 50 or 50/s, 6000/m, 1000/h [default: 1/s, without users or stages]
    #[arg(long, allow_hyphen_values = true)]
    pub(crate) rate: Option<Rate>,
    /// For how long: 30s, 1m30s, 250ms [default: 10s]
    #[arg(short, long)]
    pub(crate) duration: Option<Span>,
    /// Rates over time: each stage is a duration and the rate that is reached at its end
    #[arg(long, value_name = "D:RATE,...", value_delimiter = ',')]
    pub(crate) stages: Vec<Stage>,
    /// How starts are spread around the rate
    #[arg(long, value_enum, default_value_t = Arrivals::Uniform)]
    pub(crate) arrivals: Arrivals,
    /// Users that start again when they are done, in place of a rate: a number, or stages of it
    #[arg(long, value_name = "N|D:N,...", allow_hyphen_values = true)]
    pub(crate) users: Option<Users>,
    /// How many iterations all users have together
    #[arg(short, long, value_name = "N")]
    pub(crate) iterations: Option<u64>,
    /// How many iterations each user has
    #[arg(long, value_name = "N")]
    pub(crate) iterations_per_user: Option<u64>,
    /// From one start of a user to its next
    #[arg(long, value_name = "D")]
    pub(crate) pacing: Option<Span>,
    /// So many identities take turns, made before the start
    #[arg(long, value_name = "N")]
    pub(crate) unique_users: Option<u32>,
    /// Who shares connections with whom
    #[arg(long, value_enum, default_value_t = Connections::Shared)]
    pub(crate) connections: Connections,
    /// Send the W3C header `traceparent`: the sequence ID is the trace, the request ID the span
    #[arg(long)]
    pub(crate) traceparent: bool,
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
    #[arg(long, value_enum, default_value_t = WhenFull::Drop)]
    pub(crate) when_full: WhenFull,
    /// After which an iteration is given up as failed
    #[arg(long)]
    pub(crate) timeout: Option<Span>,
    /// How long running iterations may go on at the end
    #[arg(long, default_value = "30s")]
    pub(crate) graceful_stop: Span,
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
    /// The load that the flags ask for, in words and as one lane.
    ///
    /// # Errors
    /// When they do not go together.
    pub(crate) fn load(&self, workflow: &str) -> Result<(String, Load), String> {
        let shape = self.shape()?;
        let load = Load {
            workflows: shape.workflow_loads(Span::ZERO, 0, &[workflow.to_owned()], &[1]),
            warm_up_ns: 0,
            pauses: Vec::new(),
        };
        Ok((shape.describe(), load))
    }

    fn shape(&self) -> Result<Shape, String> {
        let mut shape = Shape {
            rate: self.rate,
            stages: self.stages.clone(),
            arrivals: self.arrivals,
            users: self.users.clone(),
            iterations: self.iterations,
            iterations_per_user: self.iterations_per_user,
            pacing: self.pacing,
            duration: self.duration,
            warm_up: Span::ZERO,
        };
        if !shape.is_given() {
            shape.rate = Some(Rate::per_second(1).map_err(|error| error.to_string())?);
        }
        let staged_users = shape.users.as_ref().and_then(Users::duration).is_some();
        let counted = shape.iterations.or(shape.iterations_per_user).is_some();
        if shape.duration.is_none() && shape.stages.is_empty() && !staged_users && !counted {
            shape.duration = Some(DEFAULT_DURATION);
        }
        shape
            .check()
            .and_then(|()| shape.check_beside(self.unique_users, self.timeout))
            .map_err(|ShapeError { field, problem }| format!("--{}: {problem}", field.replace('_', "-")))?;
        Ok(shape)
    }

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
        assert_eq!(plan.rate, Some("5/s".parse().unwrap()));
        assert_eq!(plan.duration, Some(Span::from_s(60)));
        assert_eq!(plan.load("buy").unwrap().1.planned(), 300);
        assert_eq!(plan.params(), json!({"n": 7, "url": "http://h/"}));
        assert_eq!(plan.env()["A"], "b=c");
    }

    #[test]
    fn every_load_model_can_be_asked_for() {
        for (line, words) in [
            ("./shop run", "1/s for 10s"),
            (
                "./shop run --stages 5s:10,5s:0",
                "from 0/s to 10/s in 5s, to 0/s in 5s",
            ),
            ("./shop run --users 5 --pacing 1s", "5 users for 10s, paced at 1s"),
            ("./shop run -i 7", "1 user, 7 iterations in all, for at most 10m"),
            ("./shop run --rate 5 --arrivals poisson", "5/s at random for 10s"),
        ] {
            let Ok(Action::Run(plan)) = parsed(line) else {
                panic!("it is a run");
            };
            assert_eq!(plan.load("w").unwrap().0, words, "{line}");
        }
        for (line, part) in [
            ("./shop run --rate 5 --users 2", "--users: it belongs to users"),
            ("./shop run --timeout 0s", "--timeout: every iteration would"),
            ("./shop run --unique-users 0", "--unique-users: with no users"),
            (
                "./shop run --users 2 --unique-users 3",
                "--unique-users: users of a closed",
            ),
            ("./shop run --rate 1/h --duration 0s", "--duration: a job of 0s"),
        ] {
            let Ok(Action::Run(plan)) = parsed(line) else {
                panic!("it is a run");
            };
            let error = plan.load("w").unwrap_err();
            assert!(error.contains(part), "{line}: {error}");
        }
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
