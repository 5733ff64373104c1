//! A standalone run: the same pacing and admission as under an agent, with the summary of one process.

use std::io::{self, Write as _};
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use heavy_load::exit_code;
use heavy_load::load::{Load, LoadModel, Quota};
use heavy_load::schedule::{MemberSchedule, WorkflowSchedule};
use heavy_load::split::Split;
use heavy_plugin::rpc::{Anchor, ClosedSetup, Failure, Release, Setup, WorkflowSetup};
use tokio::runtime::{Builder, LocalOptions};

use super::args::StandaloneArgs;
use super::tally::Tally;
use crate::harness::ahead::{LEAD_NS, RELEASE_EVERY, take_before};
use crate::harness::failure::failure;
use crate::harness::job::anchor_now;
use crate::harness::panics;
use crate::harness::process::Process;
use crate::harness::shared::HarnessOptions;
use crate::harness::workflow::Workflow;
use crate::harness::writer::Writer;
use crate::http::monotonic_ns;

/// Runs a workflow and prints the summary; an error says why it could not run.
pub(crate) fn run(
    workflows: Vec<Workflow>,
    options: HarnessOptions,
    args: &StandaloneArgs,
) -> Result<ExitCode, String> {
    let workflow = chosen(&workflows, args.workflow.as_deref())?;
    let (words, load) = args.load(&workflow)?;
    announce(&workflow, &words, load.planned(), args.execution.max_in_flight());
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
        .block_on(drive(&process, &workflow, args, &load))
        .map_err(|failure| failure.message)?;
    let tally = tally.lock().expect("nobody panics while tallying");
    let summary = tally.summary(&workflow, &load);
    io::stdout()
        .lock()
        .write_all(summary.as_bytes())
        .map_err(|error| format!("cannot print the summary: {error}"))?;
    Ok(if tally.is_failed() {
        ExitCode::from(exit_code::FAIL)
    } else {
        ExitCode::SUCCESS
    })
}

fn chosen(workflows: &[Workflow], asked: Option<&str>) -> Result<String, String> {
    let known: Vec<_> = workflows.iter().map(|workflow| &*workflow.name).collect();
    match (asked, &*known) {
        (None, [only]) => Ok((*only).to_owned()),
        (None, _) => Err(format!("missing workflow: expected one of {}", known.join(", "))),
        (Some(asked), known) if known.contains(&asked) => Ok(asked.to_owned()),
        (Some(asked), _) => Err(format!(
            "unknown workflow `{}`; this load test has: {}",
            asked.escape_debug(),
            known.join(", ")
        )),
    }
}

fn announce(workflow: &str, words: &str, planned: u64, most: u32) {
    let line = if planned > 0 {
        format!("{workflow}: {words}, {planned} iterations, at most {most} at once")
    } else {
        format!("{workflow}: {words}")
    };
    // Without a stderr the line is lost.
    let _ = writeln!(io::stderr(), "{line}");
}

async fn drive(process: &Process, workflow: &str, args: &StandaloneArgs, load: &Load) -> Result<(), Failure> {
    let anchor = anchor_now();
    let planned = load.workflows.first().ok_or_else(nothing)?;
    let model = planned.model.clone();
    process.prepare(setup(workflow, args, &model, anchor)).await?;
    let start_ns = monotonic_ns() - anchor.monotonic_ns + LEAD_NS;
    let end_ns = anchor.monotonic_ns + start_ns + load.duration_ns();
    match model {
        LoadModel::Open(schedule) => {
            release(process, workflow, schedule, anchor, start_ns).await?;
            tokio::time::sleep(Duration::from_nanos(end_ns.saturating_sub(monotonic_ns()))).await;
        }
        LoadModel::Closed(closed) => {
            let users = (0..closed.users.most()).flat_map(|user| {
                let presence = closed.users.presence(user, closed.duration_ns);
                presence
                    .into_iter()
                    .map(move |(came, left)| (u64::from(user), start_ns + came, start_ns + left))
            });
            process
                .run(Release {
                    workflow: workflow.to_owned(),
                    due: Vec::new(),
                    users: users.collect(),
                    lease_ns: None,
                })
                .await?;
            wait_for_users(process, closed.quota != Quota::Unlimited, end_ns).await;
        }
    }
    process.stop(args.execution.graceful_stop().to_std()).await;
    process.cleanup().await
}

/// Releases what is due a little ahead, until nothing more will be.
async fn release(
    process: &Process,
    workflow: &str,
    schedule: WorkflowSchedule,
    anchor: Anchor,
    start_ns: u64,
) -> Result<(), Failure> {
    let share = Split::new(0, &[1]).map_err(|_| nothing())?.share(0);
    let mut dealt = MemberSchedule::new(schedule, share, 0, [0; 3]);
    while dealt.peek().is_some() {
        let until_ns = (monotonic_ns() - anchor.monotonic_ns + LEAD_NS).saturating_sub(start_ns);
        let due = take_before(&mut dealt, until_ns, usize::MAX);
        let due = due
            .into_iter()
            .map(|(n, due_ns)| (n, start_ns + due_ns))
            .collect();
        process
            .run(Release {
                workflow: workflow.to_owned(),
                due,
                users: Vec::new(),
                lease_ns: None,
            })
            .await?;
        tokio::time::sleep(RELEASE_EVERY).await;
    }
    Ok(())
}

/// Waits for the end of the load; with a quota until no user runs any more, as they have used it up.
async fn wait_for_users(process: &Process, quota: bool, end_ns: u64) {
    tokio::time::sleep(Duration::from_nanos(2 * LEAD_NS)).await;
    while monotonic_ns() < end_ns && !(quota && process.is_idle()) {
        tokio::time::sleep(RELEASE_EVERY).await;
    }
}

fn setup(workflow: &str, args: &StandaloneArgs, model: &LoadModel, anchor: Anchor) -> Setup {
    let grace_ns = args.execution.graceful_stop().ns();
    let closed = match model {
        LoadModel::Open(_) => None,
        LoadModel::Closed(closed) => Some(ClosedSetup::new(closed, grace_ns)),
    };
    Setup {
        job: "standalone".to_owned(),
        agent: "this machine".to_owned(),
        agent_index: 0,
        agents: 1,
        workflows: vec![WorkflowSetup {
            name: workflow.to_owned(),
            params: args.inputs.params(),
            closed,
            identities: (0..args.execution.unique_users.map_or(0, u64::from)).collect(),
        }],
        env: args.inputs.env(),
        anchor,
        max_in_flight: args.execution.max_in_flight(),
        when_full: args.execution.when_full(),
        timeout_ns: args.execution.timeout.map(|timeout| timeout.ns()),
        connections: args.execution.connections(),
        traceparent: args.execution.traceparent(),
    }
}

fn nothing() -> Failure {
    failure("internal", "nothing to start".to_owned())
}
