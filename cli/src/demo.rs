//! `heavy demo`: services, a target, a load test and its report in one command.

use std::process::ExitCode;

use clap::builder::FalseyValueParser;
use heavy_client::{LoadFlags, Plan, Program, report, stdout_style};
use heavy_load::exit_code::COULD_NOT_RUN;
use heavy_load::rate::Rate;
use heavy_load::span::Span;
use heavy_process::signals::Interrupts;
use heavy_results::job::WorkflowSpec;
use serde_json::{Map, Value};

use crate::builtin::SHOP;
use crate::client::carry_out;
use crate::data_location::DataLocation;
use crate::exit::{CommandFailure, CommandResult};
use crate::local::{Local, start_shop};
use crate::output;
use crate::run::itself;

const RATE_PER_SECOND: u64 = 100;
const DURATION: Span = Span::from_s(10);

#[derive(Debug, clap::Args)]
pub(crate) struct DemoArgs {
    /// Keep the services and the shop running until Ctrl-C
    #[arg(long)]
    keep: bool,
    /// Show every figure instead of a summary of one screen
    #[arg(long, env = "HEAVY_FULL", value_parser = FalseyValueParser::new())]
    full: bool,
    #[command(flatten)]
    load: LoadFlags,
}

pub(crate) async fn run(mut args: DemoArgs, data: &DataLocation) -> CommandResult {
    if !args.load.has_own_length() {
        args.load.load_spec.0.duration.get_or_insert(DURATION);
    }
    let program = itself()?;
    let mut interrupts = Interrupts::take()?;
    let shop = start_shop()?;
    let shop_url = format!("http://{}", shop.addr());
    let plan = plan(&args, &program, &shop_url)?;
    let local = interrupts.race(Local::start(data, "heavy demo")).await??;
    output::note(&format!(
        "the demo shop is at {shop_url}; scheduler, collector and agent run in this process\n"
    ));
    let ended = carry_out(&local.scheduler_url(), &program, &plan, &mut interrupts).await;
    let mut code = COULD_NOT_RUN;
    if let Ok(view) = &ended {
        // Before the report, whose last line is the verdict.
        if view.summary.is_some() {
            output::note(&next(&view.job.id.to_string(), data));
        }
        let style = stdout_style(args.full, data.full_report(None));
        code = report(view, &args.load.report, &style);
    }
    if args.keep && ended.is_ok() {
        output::note(&format!(
            "The scheduler is at {}, the shop at {shop_url}; press Ctrl-C to stop them.",
            local.scheduler_url()
        ));
        interrupts.next().await;
    }
    local.stop_or_leave(&mut interrupts).await;
    shop.stop();
    ended.map(|_| ExitCode::from(code))
}

fn plan(args: &DemoArgs, program: &Program, shop_url: &str) -> Result<Plan, CommandFailure> {
    let rate = Rate::per_second(RATE_PER_SECOND).map_err(|error| CommandFailure::new(error.to_string()))?;
    let mut plan = args.load.to_plan(program, Some(rate))?;
    if args.load.name.is_none() {
        plan.spec.name = "demo".to_owned();
    }
    plan.spec.workflows = vec![WorkflowSpec::new(SHOP)];
    if plan.spec.params.is_null() {
        plan.spec.params = Value::Object(Map::new());
    }
    let Some(params) = plan.spec.params.as_object_mut() else {
        return Err(CommandFailure::usage(
            "the params of the demo must be an object, such as --param url=http://...",
        ));
    };
    params.entry("url").or_insert_with(|| Value::from(shop_url));
    Ok(plan)
}

fn next(job: &str, data: &DataLocation) -> String {
    let data = data.flags();
    format!(
        "
Every request is stored. Query the results:
  heavy sql{data} 'SELECT step, name, count, failed, p50_ms, p99_ms FROM request_stats WHERE job_id = :job'
  heavy sql{data} 'SELECT second, planned, started, ok, dropped, p99_ms FROM seconds WHERE job_id = :job'
  heavy report{data} {job} --full
Load a target of your own, without code or with a compiled load test:
  heavy run http://127.0.0.1:8080/ --rate 50 --duration 10s
  heavy run target/release/http_get --rate 50 --duration 10s --param url=http://127.0.0.1:8080/
Keep the services running and submit to them:
  heavy up
  heavy submit target/release/http_get --rate 50 --param url=http://127.0.0.1:8080/
"
    )
}
