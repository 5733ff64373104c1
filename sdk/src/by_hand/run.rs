//! A run by hand: the same pacing and admission as under an agent, with the summary of one process.

use std::io::{self, Write as _};
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use heavy_model::profile::Profile;
use heavy_plugin::rpc::{Connections, Failure, Release, Setup, WorkflowSetup};
use tokio::runtime::{Builder, LocalOptions};

use super::args::Plan;
use super::tally::Tally;
use crate::harness::job::anchor_now;
use crate::harness::panics;
use crate::harness::process::Process;
use crate::harness::shared::Options;
use crate::harness::workflow::Workflow;
use crate::harness::writer::Writer;
use crate::http::monotonic_ns;

/// Iterations are released this long before they are due, as an agent does.
const LEAD_NS: u64 = 50_000_000;

/// How often they are.
const RELEASE_EVERY: Duration = Duration::from_millis(20);

/// What failed: no iteration was ok, or the system did not take what was asked.
const EXIT_FAIL: u8 = 99;

/// Runs a workflow and prints the summary; an error says why it could not run.
pub(crate) fn run(workflows: Vec<Workflow>, options: Options, plan: &Plan) -> Result<ExitCode, String> {
    let workflow = chosen(&workflows, plan.workflow.as_deref())?;
    let profile = Profile::constant(plan.rate, plan.duration);
    if profile.planned() == 0 {
        return Err("nothing is to be started: the duration is 0".to_owned());
    }
    announce(&workflow, plan, profile.planned());
    panics::shorten_reports();
    let tally = Arc::new(Mutex::new(Tally::default()));
    let of_writer = Arc::clone(&tally);
    let writer = Writer::start(Box::new(move |lines| {
        of_writer
            .lock()
            .expect("nobody panics while tallying")
            .take(lines);
        Ok(())
    }));
    let writer = writer.map_err(|error| format!("cannot start the thread of the results: {error}"))?;
    let process = Process::new(workflows, options, writer);
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build_local(LocalOptions::default())
        .map_err(|error| format!("cannot start: {error}"))?;
    runtime
        .block_on(drive(&process, &workflow, plan, &profile))
        .map_err(|failure| failure.message)?;
    let tally = tally.lock().expect("nobody panics while tallying");
    let summary = tally.summary(&workflow, &profile);
    io::stdout()
        .lock()
        .write_all(summary.as_bytes())
        .map_err(|error| format!("cannot print the summary: {error}"))?;
    Ok(if tally.is_failed() {
        ExitCode::from(EXIT_FAIL)
    } else {
        ExitCode::SUCCESS
    })
}

fn chosen(workflows: &[Workflow], asked: Option<&str>) -> Result<String, String> {
    let known: Vec<_> = workflows.iter().map(|workflow| &*workflow.name).collect();
    match (asked, &*known) {
        (None, [only]) => Ok((*only).to_owned()),
        (None, _) => Err(format!("say which workflow to run: {}", known.join(", "))),
        (Some(asked), known) if known.contains(&asked) => Ok(asked.to_owned()),
        (Some(asked), _) => Err(format!(
            "no workflow is named {asked:?}; this load test has: {}",
            known.join(", ")
        )),
    }
}

fn announce(workflow: &str, plan: &Plan, planned: u64) {
    let (rate, duration, most) = (plan.rate, plan.duration, plan.max_in_flight);
    let line = format!("{workflow}: {planned} iterations at {rate} for {duration}, at most {most} at once");
    // Without a stderr there is nobody to tell.
    let _ = writeln!(io::stderr(), "{line}");
}

async fn drive(process: &Process, workflow: &str, plan: &Plan, profile: &Profile) -> Result<(), Failure> {
    let anchor = anchor_now();
    let params = plan.params();
    process
        .prepare(Setup {
            job: "by hand".to_owned(),
            agent: "this machine".to_owned(),
            agent_index: 0,
            agents: 1,
            workflows: vec![WorkflowSetup {
                name: workflow.to_owned(),
                params,
            }],
            env: plan.env(),
            anchor,
            max_in_flight: plan.max_in_flight,
            when_full: plan.when_full.into(),
            timeout_ns: plan.timeout.map(|timeout| timeout.ns()),
            connections: Connections::Shared,
        })
        .await?;
    let start_ns = monotonic_ns() - anchor.monotonic_ns + LEAD_NS;
    let mut released = 0;
    while released < profile.planned() {
        let elapsed_ns = (monotonic_ns() - anchor.monotonic_ns + LEAD_NS).saturating_sub(start_ns);
        let ahead = profile.count_before(elapsed_ns);
        let due = (released..ahead)
            .map(|n| (n, start_ns + profile.due_ns(n)))
            .collect();
        released = released.max(ahead);
        process
            .run(Release {
                workflow: workflow.to_owned(),
                due,
            })
            .await?;
        tokio::time::sleep(RELEASE_EVERY).await;
    }
    let end_ns = anchor.monotonic_ns + start_ns + profile.duration_ns();
    tokio::time::sleep(Duration::from_nanos(end_ns.saturating_sub(monotonic_ns()))).await;
    process.stop(plan.graceful_stop.to_std()).await;
    process.cleanup().await
}
