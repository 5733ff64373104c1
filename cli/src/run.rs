//! `heavy run`: one load test, here or on a cluster, from its start to its report.

mod request;

use std::path::PathBuf;

use clap::builder::FalseyValueParser;
use heavy_client::{LoadFlags, Plan, Program, Remote, TeamFlags, for_one_agent, plan_of_config, report};
use heavy_load::rate::Rate;
use heavy_process::signals::Interrupts;
use heavy_results::job::WorkflowSpec;
use serde_json::Value;

use self::request::{RequestFlags, without_secrets};
use crate::builtin::HTTP;
use crate::carry_out::carry_out;
use crate::data_location::DataLocation;
use crate::exit::{CommandResult, Failure};
use crate::local::{EPHEMERAL, Local};
use crate::output;
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
pub(crate) struct RunArgs {
    /// A URL to request, the path of a compiled load test, or SERVICE or SERVICE/WORKFLOW of a services directory
    #[arg(value_name = "TEST")]
    test: String,
    /// Start a compiled load test from a configuration that the scheduler keeps; flags go before it
    #[arg(long, value_name = "NAME", env = "HEAVY_CONFIG", conflicts_with = "file")]
    config: Option<String>,
    /// In the report: bars, phases and unfailed durations of every step and request
    #[arg(long, env = "HEAVY_FULL", value_parser = FalseyValueParser::new())]
    full: bool,
    #[command(flatten)]
    team: TeamFlags,
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

pub(crate) async fn run(args: RunArgs, scheduler: Option<String>, data: &DataLocation) -> CommandResult {
    for report in &args.load.report {
        report.check()?;
    }
    // Taken before there is a job, so that there is no moment in which Ctrl-C would leave one behind.
    let mut interrupts = Interrupts::take()?;
    let ready = interrupts.race(ready(&args, scheduler.as_deref()));
    let Ready {
        program,
        mut plan,
        shop,
    } = ready.await??;
    args.team.choose_agents(&mut plan.spec);
    if scheduler.is_none() {
        stay_here(&mut plan);
    }
    let outcome = match scheduler {
        Some(scheduler) => carry_out(&scheduler, &program, &plan, &mut interrupts).await?,
        None => {
            let local = interrupts.race(Local::start(data, EPHEMERAL)).await??;
            let outcome = carry_out(&local.scheduler_url(), &program, &plan, &mut interrupts).await;
            local.stop().await;
            outcome?
        }
    };
    drop(shop);
    report(&outcome.view, &args.load.report, &output::style(args.full))?;
    Ok(outcome.code)
}

async fn ready(args: &RunArgs, scheduler: Option<&str>) -> Result<Ready, Failure> {
    if scheduler.is_none() {
        refuse_a_fleet(args)?;
    }
    let home = Home::find(args.service.services.as_deref())?;
    let (program, mut plan) = match Test::of(&args.test, home.as_ref())? {
        Test::Service(service, workflow) => return of_service(args, &service, workflow.as_deref()).await,
        Test::Url(url) => {
            refuse_profiles(args, "a URL")?;
            refuse_config(args, "a URL has its load in flags")?;
            plan_of_url(args, &url)?
        }
        Test::Binary(path) => {
            refuse_profiles(args, "a file")?;
            refuse_request(args)?;
            let program = Program::open(&path)?;
            let plan = match (&args.config, scheduler) {
                (Some(name), Some(scheduler)) => {
                    let remote = Remote::connect(scheduler).await?;
                    plan_of_config(&remote, name, &args.load, &program).await?
                }
                _ => args.load.to_plan(&program, None)?,
            };
            (program, plan)
        }
    };
    if !args.team.workflows.is_empty() {
        plan.spec.workflows.clone_from(&args.team.workflows);
    }
    Ok(Ready {
        program,
        plan,
        shop: None,
    })
}

async fn of_service(args: &RunArgs, service: &Service, workflow: Option<&str>) -> Result<Ready, Failure> {
    refuse_request(args)?;
    refuse_config(
        args,
        "a service has its loads as profiles in heavy.toml, chosen with --profile",
    )?;
    if args.load.file.is_some() {
        return Err(Failure::usage(
            "--file is for a compiled load test: a service has its loads as profiles in heavy.toml, chosen with --profile",
        ));
    }
    if let Some(workflow) = workflow
        && !args.team.workflows.is_empty()
    {
        return Err(Failure::usage(format!(
            "{} names the workflow {workflow} already: leave --workflow out, or write {} alone",
            args.test, service.name
        )));
    }
    let wish = Wish {
        service,
        workflow,
        workflows: &args.team.workflows,
        profile: args.service.profile.as_deref(),
        load: &args.load,
        cargo_profile: args.service.cargo_profile.as_deref().unwrap_or("release"),
    };
    prepare(&wish).await
}

fn refuse_profiles(args: &RunArgs, what: &str) -> Result<(), Failure> {
    if args.service.profile.is_some() || args.service.cargo_profile.is_some() {
        return Err(Failure::usage(format!(
            "--profile and --cargo-profile belong to a service, and {:?} is {what}",
            args.test
        )));
    }
    Ok(())
}

fn refuse_config(args: &RunArgs, instead: &str) -> Result<(), Failure> {
    if args.config.is_some() {
        return Err(Failure::usage(format!(
            "--config is for a compiled load test: {instead}"
        )));
    }
    Ok(())
}

/// What only a scheduler with a fleet can do.
fn refuse_a_fleet(args: &RunArgs) -> Result<(), Failure> {
    let mut flags = args.team.of_a_fleet();
    if args.config.is_some() {
        flags.insert(0, "--config");
    }
    if flags.is_empty() {
        return Ok(());
    }
    Err(Failure::usage(format!(
        "without --scheduler, one agent inside of this command runs the load: leave {} out, or say --scheduler URL",
        flags.join(" and ")
    )))
}

/// A profile or a job file may be for a fleet, too: here one agent runs its whole load.
fn stay_here(plan: &mut Plan) {
    let left_out = for_one_agent(&mut plan.spec);
    if !left_out.is_empty() {
        plan.notes.push(format!(
            "one agent inside of this command runs the load: {} left out, which {} for a fleet (--scheduler URL)",
            left_out.join(", "),
            if left_out.len() == 1 { "is" } else { "are" }
        ));
    }
}

fn refuse_request(args: &RunArgs) -> Result<(), Failure> {
    if args.request.is_given() {
        return Err(Failure::usage(
            "--method, --header and --body belong to a URL; a compiled load test has --param",
        ));
    }
    Ok(())
}

fn plan_of_url(args: &RunArgs, url: &str) -> Result<(Program, Plan), Failure> {
    if !args.team.workflows.is_empty() || !args.load.param.is_empty() || args.load.params.is_some() {
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
