//! The command line of a load test.

use std::ffi::OsString;

use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use heavy_load::arrivals::Arrivals;
use heavy_load::execution::ExecutionSpec;
use heavy_load::load::Load;
use heavy_load::rate::Rate;
use heavy_load::span::Span;
use heavy_load::spec::{LoadSpec, LoadSpecError};

use super::inputs::WorkflowInputs;
use super::trial::TryArgs;

/// How long iterations are started by default.
const DEFAULT_DURATION: Span = Span::from_s(10);

const RATE_HELP: &str =
    "Iterations to start: 50 or 50/s, 6000/m, 1000/h [default: 1/s, without users or stages]";
const DURATION_HELP: &str = "How long to start iterations: 30s, 1m30s, 250ms [default: 10s]";

const ABOUT: &str = "A load test for heavy, run by an agent or by itself on this machine.";

const AFTER_HELP: &str = "\
To run it on a fleet and keep the results: heavy run PATH, or heavy-sched submit PATH.
Iterations run on one thread for each core; HEAVY_THREADS=N overrides that.";

#[derive(Debug, Subcommand)]
pub(crate) enum Action {
    /// List the workflows
    List {
        /// Print JSON, with the env file of each workflow
        #[arg(long)]
        json: bool,
    },
    /// Run a workflow on this machine and print a short summary
    Run(Box<StandaloneArgs>),
    /// Run one iteration of each workflow, and show every request, answer, check and error as it happens
    Try(Box<TryArgs>),
    /// Listen for an agent at 127.0.0.1:9999, or at HEAVY_RPC_ADDR
    Serve,
}

/// One standalone run.
#[derive(Debug, Args)]
pub(crate) struct StandaloneArgs {
    /// Workflow to run [default: the only one]
    pub(crate) workflow: Option<String>,
    #[command(flatten)]
    pub(crate) load_spec: LoadSpec,
    #[command(flatten)]
    pub(crate) execution: ExecutionSpec,
    #[command(flatten)]
    pub(crate) inputs: WorkflowInputs,
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
        .disable_help_subcommand(true)
        .mut_subcommand("run", |run| {
            // On a fleet these have other defaults.
            run.mut_arg("rate", |rate| rate.help(RATE_HELP))
                .mut_arg("duration", |duration| duration.help(DURATION_HELP))
        });
    let matches = command.try_get_matches_from(args)?;
    Ok(CommandLine::from_arg_matches(&matches)?.action)
}

impl StandaloneArgs {
    /// The load that the flags ask for, in words and as that of one workflow.
    pub(crate) fn load(&self, workflow: &str) -> Result<(String, Load), String> {
        let mut spec = self.load_spec.clone();
        if !spec.is_given() {
            spec.rate = Some(Rate::per_second(1).map_err(|error| error.to_string())?);
        }
        if !spec.is_staged() && !spec.is_counted() {
            spec.duration.get_or_insert(DEFAULT_DURATION);
        }
        let random = spec.arrivals() == Arrivals::Poisson;
        spec.check()
            .and_then(|()| self.execution.check(&spec, random))
            .map_err(|LoadSpecError { field, problem }| {
                format!("--{}: {problem}", field.replace('_', "-"))
            })?;
        let (seed, names) = (self.execution.seed.unwrap_or(0), [workflow.to_owned()]);
        let load = Load {
            workflows: spec.workflow_loads(Span::ZERO, seed, &names, &[1]),
            warm_up_ns: spec.warm_up().ns(),
            pauses: Vec::new(),
        };
        Ok((spec.describe(), load))
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
        assert_eq!(plan.load_spec.rate, Some("5/s".parse().unwrap()));
        assert_eq!(plan.load_spec.duration, Some(Span::from_s(60)));
        assert_eq!(plan.load("buy").unwrap().1.planned(), 300);
        assert_eq!(plan.inputs.params(), json!({"n": 7, "url": "http://h/"}));
        assert_eq!(plan.inputs.env()["A"], "b=c");
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
            ("./shop run --rate 5 --users 2", "--users: conflicts with a rate"),
            ("./shop run --timeout 0s", "--timeout: every iteration would"),
            (
                "./shop run --unique-users 0",
                "--unique-users: expected at least 1 user",
            ),
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
