//! `heavy run`: runs one load test, here or on a cluster, and prints its report.

pub(crate) mod request;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::builder::FalseyValueParser;
use heavy_client::{
    FileFlags, LoadFlags, Plan, Program, Remote, TeamFlags, for_one_agent, plan_of_config, report,
    stdout_style,
};
use heavy_load::rate::Rate;
use heavy_process::signals::Interrupts;
use heavy_results::job::{WorkflowSpec, shortened_name};
use serde_json::Value;

use self::request::{RequestFlags, UrlRequest, without_secrets};
use crate::builtin::HTTP;
use crate::client::carry_out;
use crate::data_location::DataLocation;
use crate::exit::{CommandFailure, CommandResult};
use crate::local::Local;
use crate::services::{Home, Ready, Service, Wish, prepare};
use crate::test_name::Test;

/// The default rate for a URL: low enough for any target.
const MODEST_RATE_PER_SECOND: u64 = 10;

const EXAMPLES: &str = "\
Examples:
  heavy run shop --profile smoke
  heavy run shop/buy --rate 50 --duration 1m
  heavy run http://127.0.0.1:8080/ --rate 500 --duration 30s
  heavy run http://127.0.0.1:8080/login -H content-type:application/json --data '{\"user\":\"ann\"}'
  heavy run target/release/http_get --rate 100 --param url=http://127.0.0.1:8080/

A service is a directory in services/, here or in a parent directory (`heavy list` shows them). Its heavy.toml defines the load;
flags override it. A URL is requested 10 times a second for 30s unless flags say otherwise. Without --scheduler, the
scheduler, the collector and an agent run inside this command.
Exit codes: 0 PASS, 99 FAIL, 98 INVALID, 1 could not run, 2 wrong usage, 130 interrupted.";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct RunArgs {
    /// URL to request (by default 10/s for 30s), compiled load test, or SERVICE[/WORKFLOW]
    #[arg(value_name = "TEST")]
    test: String,
    /// Named configuration on the scheduler to run a compiled load test with; flags override it
    #[arg(long, value_name = "NAME", env = "HEAVY_CONFIG", conflicts_with = "file")]
    config: Option<String>,
    /// Show every figure instead of a summary of one screen
    #[arg(long, env = "HEAVY_FULL", value_parser = FalseyValueParser::new())]
    full: bool,
    #[command(flatten)]
    team: TeamFlags,
    #[command(flatten)]
    service: ServiceFlags,
    #[command(flatten)]
    request: RequestFlags,
    #[command(flatten)]
    files: FileFlags,
    #[command(flatten)]
    load: LoadFlags,
}

/// Flags of services.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Service")]
pub(crate) struct ServiceFlags {
    /// Profile in the service's heavy.toml [default: its default load]
    #[arg(long, value_name = "NAME", env = "HEAVY_PROFILE")]
    pub(crate) profile: Option<String>,
    /// Services directory [default: services/ here or in a parent directory]
    #[arg(long, value_name = "DIR", env = "HEAVY_SERVICES")]
    pub(crate) services: Option<PathBuf>,
    /// Cargo profile to build the service with [default: release]
    #[arg(long, value_name = "NAME", env = "HEAVY_CARGO_PROFILE")]
    pub(crate) cargo_profile: Option<String>,
}

impl ServiceFlags {
    /// Refuses flags that require a service where `test` is `what`, such as a URL.
    pub(crate) fn refuse(&self, test: &str, what: &str) -> Result<(), CommandFailure> {
        if self.profile.is_some() || self.cargo_profile.is_some() {
            return Err(CommandFailure::usage(format!(
                "--profile and --cargo-profile require a service, and `{test}` is {what}"
            )));
        }
        Ok(())
    }
}

pub(crate) async fn run(args: RunArgs, scheduler: Option<String>, data: &DataLocation) -> CommandResult {
    for report in &args.load.report {
        report.check()?;
    }
    // Handled before the job is submitted, so that Ctrl-C never leaves a job behind.
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
    let full_report = data.full_report(scheduler.as_deref());
    let view = match scheduler {
        Some(scheduler) => carry_out(&scheduler, &program, &plan, &mut interrupts).await?,
        None => {
            let local = interrupts.race(Local::start(data, "heavy run")).await??;
            let ended = carry_out(&local.scheduler_url(), &program, &plan, &mut interrupts).await;
            local.stop_or_leave(&mut interrupts).await;
            ended?
        }
    };
    drop(shop);
    let style = stdout_style(args.full, full_report);
    Ok(ExitCode::from(report(&view, &args.load.report, &style)))
}

async fn ready(args: &RunArgs, scheduler: Option<&str>) -> Result<Ready, CommandFailure> {
    if scheduler.is_none() {
        refuse_a_fleet(args)?;
    }
    let home = Home::find(args.service.services.as_deref())?;
    let test = Test::resolve(&args.test, home.as_ref())?;
    if matches!(test, Test::Url(_)) {
        refuse_files(args)?;
    }
    let files = args.files.gather()?;
    let (program, mut plan) = match test {
        Test::Service(service, workflow) => {
            let mut ready = of_service(args, &service, workflow.as_deref()).await?;
            ready.plan.take_along(files)?;
            return Ok(ready);
        }
        Test::Url(url) => {
            args.service.refuse(&args.test, "a URL")?;
            refuse_config(args, "for a URL, set the load with flags")?;
            plan_of_url(args, &url)?
        }
        Test::Binary(path) => {
            args.service.refuse(&args.test, "a file")?;
            args.request.refuse()?;
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
    plan.take_along(files)?;
    Ok(Ready {
        program,
        plan,
        shop: None,
    })
}

async fn of_service(
    args: &RunArgs,
    service: &Service,
    workflow: Option<&str>,
) -> Result<Ready, CommandFailure> {
    args.request.refuse()?;
    refuse_config(
        args,
        "the loads of a service are profiles in its heavy.toml; choose one with --profile",
    )?;
    if args.load.file.is_some() {
        return Err(CommandFailure::usage(
            "--file requires a compiled load test: the loads of a service are profiles in its heavy.toml; choose one with --profile",
        ));
    }
    if let Some(workflow) = workflow
        && !args.team.workflows.is_empty()
    {
        return Err(CommandFailure::usage(format!(
            "--workflow conflicts with the workflow in {} ({workflow}): leave --workflow out, or write only {}",
            args.test, service.name
        )));
    }
    let wish = Wish {
        service,
        workflow,
        workflows: &args.team.workflows,
        profile: args.service.profile.as_deref(),
        load: &args.load,
        rate: None,
        cargo_profile: args.service.cargo_profile.as_deref().unwrap_or("release"),
    };
    prepare(&wish).await
}

fn refuse_files(args: &RunArgs) -> Result<(), CommandFailure> {
    if args.files.with.is_empty() {
        return Ok(());
    }
    Err(CommandFailure::usage(
        "--with requires a service or a compiled load test: a URL is requested without files",
    ))
}

fn refuse_config(args: &RunArgs, instead: &str) -> Result<(), CommandFailure> {
    if args.config.is_some() {
        return Err(CommandFailure::usage(format!(
            "--config requires a compiled load test: {instead}"
        )));
    }
    Ok(())
}

/// Refuses the flags that require a fleet of agents.
fn refuse_a_fleet(args: &RunArgs) -> Result<(), CommandFailure> {
    let mut flags = args.team.of_a_fleet();
    if args.config.is_some() {
        flags.insert(0, "--config");
    }
    if flags.is_empty() {
        return Ok(());
    }
    Err(CommandFailure::usage(format!(
        "without --scheduler, a single agent inside this command runs the load: leave {} out, or add --scheduler URL",
        flags.join(" and ")
    )))
}

/// Drops what a profile or a job file says about a fleet: here one agent runs the whole load.
fn stay_here(plan: &mut Plan) {
    let left_out = for_one_agent(&mut plan.spec);
    if !left_out.is_empty() {
        plan.notes.push(format!(
            "a single agent inside this command runs the load: ignored {}, which {} a fleet (--scheduler URL)",
            left_out.join(", "),
            if left_out.len() == 1 { "requires" } else { "require" }
        ));
    }
}

fn plan_of_url(args: &RunArgs, url: &str) -> Result<(Program, Plan), CommandFailure> {
    if !args.team.workflows.is_empty() || !args.load.param.is_empty() || args.load.params.is_some() {
        return Err(CommandFailure::usage(
            "--workflow, --param and --params require a compiled load test; for a URL use -X, -H and --data",
        ));
    }
    let UrlRequest { params, variables } = args.request.request(url)?;
    let program = itself()?;
    let modest =
        Rate::per_second(MODEST_RATE_PER_SECOND).map_err(|error| CommandFailure::new(error.to_string()))?;
    let mut plan = args.load.to_plan(&program, Some(modest))?;
    if args.load.load_spec.rate.is_none() && plan.spec.load_spec.rate == Some(modest) {
        plan.notes.push(format!("no --rate given: using {modest}"));
    }
    if args.load.name.is_none() {
        plan.spec.name = shortened_name(&format!("{} {}", params.method, without_secrets(url)));
    }
    if !plan.spec.workflows.is_empty() {
        return Err(CommandFailure::usage(
            "the job file names workflows, which a URL does not have: remove them, or run the load test that has them",
        ));
    }
    plan.spec.workflows = vec![WorkflowSpec::new(HTTP)];
    plan.spec.params = serde_json::to_value(params).unwrap_or(Value::Null);
    plan.spec.env.extend(variables);
    Ok((program, plan))
}

/// The load test built into this executable.
pub(crate) fn itself() -> Result<Program, CommandFailure> {
    let executable = std::env::current_exe().map_err(|error| {
        CommandFailure::new(format!("cannot find the executable of heavy itself: {error}"))
    })?;
    Ok(Program::open(&executable)?)
}
