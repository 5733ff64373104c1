//! `heavy run`: one load test, here or on a cluster, from its start to its report.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::builder::FalseyValueParser;
use heavy_model::job::WorkflowSpec;
use heavy_model::rate::Rate;
use heavy_sched::client::follow::Interrupts;
use heavy_sched::client::{LoadFlags, Plan, Program, report, workflow};
use serde_json::Value;
use url::Url;

use crate::builtin::{HTTP, HttpParams};
use crate::carry_out::carry_out;
use crate::exit::{Ended, Failure};
use crate::local::{EPHEMERAL, Local};
use crate::output;
use crate::place::Place;
use crate::services::{Home, Ready, Service, Wish, prepare};
use crate::test_name::Test;

/// What a URL is loaded with if nobody says: little enough for anything that answers at all.
const MODEST_RATE_PER_SECOND: u64 = 10;

const EXAMPLES: &str = "\
Examples:
  heavy run shop --profile smoke
  heavy run shop/buy --rate 50 --duration 1m
  heavy run http://127.0.0.1:8080/ --rate 500 --duration 30s
  heavy run http://127.0.0.1:8080/login --method POST --header content-type:application/json --body '{\"user\":\"ann\"}'
  heavy run target/release/http_get --rate 100 --param url=http://127.0.0.1:8080/

A service is a folder in services/ of this folder or of one above (`heavy list` shows them); its load is in its heavy.toml, and
flags go before that. Without --scheduler, scheduler, collector and agent run inside of this command.
Exit codes: 0 PASS, 99 FAIL, 98 INVALID, 1 it could not run, 2 wrong usage, 130 interrupted.";

/// What to run, and how.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// A URL to request, the path of a compiled load test, or SERVICE or SERVICE/WORKFLOW of a services directory
    #[arg(value_name = "TEST")]
    test: String,
    /// A workflow to run; may be given more than once [default: all of a service, else the load test's only one]
    #[arg(long = "workflow", value_name = "NAME[=WEIGHT]", env = "HEAVY_WORKFLOW", value_parser = workflow)]
    workflows: Vec<WorkflowSpec>,
    /// In the report: bars, phases and unfailed durations of every step and request
    #[arg(long, env = "HEAVY_FULL", value_parser = FalseyValueParser::new())]
    full: bool,
    #[command(flatten)]
    service: ServiceFlags,
    #[command(flatten)]
    request: RequestFlags,
    #[command(flatten)]
    load: LoadFlags,
}

/// How to run a service.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Service")]
struct ServiceFlags {
    /// A named load of its heavy.toml [default: its default load]
    #[arg(long, value_name = "NAME", env = "HEAVY_PROFILE")]
    profile: Option<String>,
    /// Where the services are [default: services/ of this folder or of one above]
    #[arg(long, value_name = "DIR", env = "HEAVY_SERVICES")]
    services: Option<PathBuf>,
    /// What cargo builds it with: release, dev, or a profile of its Cargo.toml [default: release]
    #[arg(long, value_name = "NAME", env = "HEAVY_CARGO_PROFILE")]
    cargo_profile: Option<String>,
}

/// What to send to a URL.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Request (of a URL)")]
struct RequestFlags {
    /// Method [default: GET]
    #[arg(long, value_name = "METHOD", env = "HEAVY_METHOD")]
    method: Option<String>,
    /// A header; may be given more than once
    #[arg(long = "header", value_name = "NAME:VALUE", env = "HEAVY_HEADER", hide_env_values = true, value_parser = header)]
    headers: Vec<(String, String)>,
    /// Body; @FILE sends the text of a file
    #[arg(long, value_name = "TEXT", env = "HEAVY_BODY", hide_env_values = true)]
    body: Option<String>,
}

fn header(text: &str) -> Result<(String, String), String> {
    match text.split_once(':') {
        Some((name, value)) if !name.trim().is_empty() => {
            Ok((name.trim().to_owned(), value.trim().to_owned()))
        }
        _ => Err("write it as NAME:VALUE".to_owned()),
    }
}

impl RequestFlags {
    const fn is_given(&self) -> bool {
        self.method.is_some() || !self.headers.is_empty() || self.body.is_some()
    }

    fn params(&self, url: &str) -> Result<HttpParams, Failure> {
        let body = match self.body.as_deref().map(|body| (body, body.strip_prefix('@'))) {
            None => String::new(),
            Some((_, Some(file))) => std::fs::read_to_string(file)
                .map_err(|error| Failure::usage(format!("cannot read the body from {file}: {error}")))?,
            Some((body, None)) => body.to_owned(),
        };
        let params = HttpParams {
            url: url.to_owned(),
            method: self.method.clone().unwrap_or_else(|| "GET".to_owned()),
            headers: self.headers.iter().cloned().collect::<BTreeMap<_, _>>(),
            body,
        };
        params.check().map_err(Failure::usage)?;
        Ok(params)
    }
}

pub(crate) async fn run(args: Args, scheduler: Option<String>, place: &Place) -> Ended {
    for report in &args.load.report {
        report.check()?;
    }
    // Taken before there is a job, so that there is no moment in which Ctrl-C would leave one behind.
    let mut interrupts = Interrupts::take()?;
    let Ready { program, plan, shop } = interrupts.race(ready(&args)).await??;
    let outcome = match scheduler {
        Some(scheduler) => carry_out(&scheduler, &program, &plan, &mut interrupts).await?,
        None => {
            let local = interrupts.race(Local::start(place, EPHEMERAL)).await??;
            let outcome = carry_out(&local.scheduler_url(), &program, &plan, &mut interrupts).await;
            local.stop().await;
            outcome?
        }
    };
    drop(shop);
    report(&outcome.view, &args.load.report, &output::style(args.full))?;
    Ok(outcome.code)
}

async fn ready(args: &Args) -> Result<Ready, Failure> {
    let home = Home::find(args.service.services.as_deref())?;
    let (program, mut plan) = match Test::of(&args.test, home.as_ref())? {
        Test::Service(service, workflow) => return of_service(args, &service, workflow.as_deref()).await,
        Test::Url(url) => {
            refuse_profiles(args, "a URL")?;
            plan_of_url(args, &url)?
        }
        Test::Binary(path) => {
            refuse_profiles(args, "a file")?;
            refuse_request(args)?;
            let program = Program::open(&path)?;
            let plan = args.load.to_plan(&program, None)?;
            (program, plan)
        }
    };
    if !args.workflows.is_empty() {
        plan.spec.workflows.clone_from(&args.workflows);
    }
    Ok(Ready {
        program,
        plan,
        shop: None,
    })
}

async fn of_service(args: &Args, service: &Service, workflow: Option<&str>) -> Result<Ready, Failure> {
    refuse_request(args)?;
    if args.load.file.is_some() {
        return Err(Failure::usage(
            "--file is for a compiled load test: a service has its loads as profiles in heavy.toml, chosen with --profile",
        ));
    }
    if let Some(workflow) = workflow
        && !args.workflows.is_empty()
    {
        return Err(Failure::usage(format!(
            "{} names the workflow {workflow} already: leave --workflow out, or write {} alone",
            args.test, service.name
        )));
    }
    let wish = Wish {
        service,
        workflow,
        workflows: &args.workflows,
        profile: args.service.profile.as_deref(),
        load: &args.load,
        cargo_profile: args.service.cargo_profile.as_deref().unwrap_or("release"),
    };
    prepare(&wish).await
}

fn refuse_profiles(args: &Args, what: &str) -> Result<(), Failure> {
    if args.service.profile.is_some() || args.service.cargo_profile.is_some() {
        return Err(Failure::usage(format!(
            "--profile and --cargo-profile belong to a service, and {:?} is {what}",
            args.test
        )));
    }
    Ok(())
}

fn refuse_request(args: &Args) -> Result<(), Failure> {
    if args.request.is_given() {
        return Err(Failure::usage(
            "--method, --header and --body belong to a URL; a compiled load test has --param",
        ));
    }
    Ok(())
}

fn plan_of_url(args: &Args, url: &str) -> Result<(Program, Plan), Failure> {
    if !args.workflows.is_empty() || !args.load.param.is_empty() || args.load.params.is_some() {
        return Err(Failure::usage(
            "--workflow, --param and --params belong to a compiled load test; a URL has --method, --header and --body",
        ));
    }
    let params = args.request.params(url)?;
    let program = itself()?;
    let modest = Rate::per_second(MODEST_RATE_PER_SECOND).map_err(|error| Failure::new(error.to_string()))?;
    let mut plan = args.load.to_plan(&program, Some(modest))?;
    if args.load.rate.is_none() && plan.spec.rate == Some(modest) {
        plan.notes.push(format!("no --rate was given: starting {modest}"));
    }
    if args.load.name.is_none() {
        plan.spec.name = format!("{} {}", params.method, without_secrets(url));
    }
    if !plan.spec.workflows.is_empty() {
        return Err(Failure::usage(
            "the job file names workflows, and a URL has none: leave them out, or run the load test that has them",
        ));
    }
    plan.spec.workflows = vec![WorkflowSpec::new(HTTP)];
    plan.spec.params = serde_json::to_value(params).unwrap_or(Value::Null);
    Ok((program, plan))
}

/// The load test that this executable is.
pub(crate) fn itself() -> Result<Program, Failure> {
    let executable = std::env::current_exe()
        .map_err(|error| Failure::new(format!("cannot find the executable of heavy itself: {error}")))?;
    Ok(Program::open(&executable)?)
}

/// The URL without user, password and query.
fn without_secrets(url: &str) -> String {
    Url::parse(url).map_or_else(
        |_| String::new(),
        |url| format!("{}{}", url.origin().ascii_serialization(), url.path()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_jobs_hold_no_secrets() {
        assert_eq!(without_secrets("http://me:secret@x:81/a?key=1"), "http://x:81/a");
    }

    #[test]
    fn headers_are_names_and_values() {
        assert_eq!(header("a: b:c"), Ok(("a".to_owned(), "b:c".to_owned())));
        assert!(header("novalue").is_err());
        assert!(header(":x").is_err());
    }
}
