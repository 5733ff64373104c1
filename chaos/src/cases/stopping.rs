//! Load is stopped, paused or reduced while the database is away.

use std::time::Duration;

use heavy_testkit::{ProxyFault, Signal};
use rustix::process::{Pid, kill_process};

use super::{CaseOptions, CaseReport, last_after_ms, let_pass, monotonic_ns};
use crate::arena::Arena;
use crate::job::{OracleJob, SubmittedJob};
use crate::schedule::{FaultKind, FaultLink, FaultPart, StoreKind};
use crate::service::{command, end_of};

/// How soon the target must be silent.
const SILENT_MS: u64 = 1_000;

/// Iterations a second, and requests.
const RATE: u64 = 300;

/// How the database is away.
#[derive(Clone, Copy)]
enum Away {
    Down,
    BlackHole,
}

pub(super) fn stop_while_down(options: &CaseOptions, report: &mut CaseReport) -> anyhow::Result<()> {
    let (mut arena, mut job, id) = running(options, Away::Down)?;
    silent_after(report, &arena, &["stop", &id])?;
    finish(report, &mut arena, &mut job, true)
}

pub(super) fn stop_in_black_hole(options: &CaseOptions, report: &mut CaseReport) -> anyhow::Result<()> {
    let (mut arena, mut job, id) = running(options, Away::BlackHole)?;
    silent_after(report, &arena, &["stop", &id])?;
    finish(report, &mut arena, &mut job, true)
}

pub(super) fn pause_while_down(options: &CaseOptions, report: &mut CaseReport) -> anyhow::Result<()> {
    let (mut arena, mut job, id) = running(options, Away::Down)?;
    silent_after(report, &arena, &["pause", &id])?;
    arena.heal()?;
    client(&arena, &["stop", &id])?;
    finish(report, &mut arena, &mut job, true)
}

pub(super) fn rate_while_down(options: &CaseOptions, report: &mut CaseReport) -> anyhow::Result<()> {
    let (mut arena, mut job, id) = running(options, Away::Down)?;
    let (code, said) = client(&arena, &["rate", &id, "30"])?;
    report.expect(
        "`rate` succeeds",
        code == Some(0),
        format_args!("{code:?} {said}"),
    );
    let_pass(1.0);
    let before = arena.received();
    let_pass(3.0);
    let rate = (arena.received() - before) / 3;
    report.expect(
        "30/s after 1 s",
        (20..=45).contains(&rate),
        format_args!("{rate}/s of {RATE}/s"),
    );
    arena.heal()?;
    client(&arena, &["stop", &id])?;
    finish(report, &mut arena, &mut job, true)
}

pub(super) fn interrupt_while_down(options: &CaseOptions, report: &mut CaseReport) -> anyhow::Result<()> {
    let (mut arena, mut job, _) = running(options, Away::Down)?;
    let from_ns = monotonic_ns();
    kill_process(Pid::from_child(&job.child), Signal::INT)?;
    expect_silence(report, &arena, from_ns);
    // Results are awaited as long as their database is away: the second one gives them up, the third leaves.
    for _ in 0..2 {
        kill_process(Pid::from_child(&job.child), Signal::INT)?;
        let_pass(1.0);
    }
    let code = job.exit_code(Duration::from_secs(60))?;
    report.expect("exit code 130", code == Some(130), format_args!("{code:?}"));
    finish(report, &mut arena, &mut job, false)
}

/// A job under load whose database is away.
fn running(options: &CaseOptions, away: Away) -> anyhow::Result<(Arena, SubmittedJob, String)> {
    let mut arena = options.arena(StoreKind::Postgres, 2)?;
    let job = OracleJob::new("stopped", &format!("--rate {RATE} -d 25s --allow-invalid"));
    let mut job = job.submit(&arena)?;
    job.wait_for_load(&arena)?;
    let_pass(2.0);
    let id = job.id(&arena)?.to_string();
    match away {
        Away::Down => {
            arena.begin(FaultKind::Kill(FaultPart::Database))?;
        }
        Away::BlackHole => {
            for link in [FaultLink::SchedulerDatabase, FaultLink::CollectorDatabase] {
                arena.begin(FaultKind::Link(link, ProxyFault::BlackHole))?;
            }
        }
    }
    let_pass(2.0);
    Ok((arena, job, id))
}

fn silent_after(report: &mut CaseReport, arena: &Arena, verb: &[&str]) -> anyhow::Result<()> {
    let from_ns = monotonic_ns();
    let (code, said) = client(arena, verb)?;
    let said = said.lines().last().unwrap_or_default();
    report.expect(
        &format!("`{}` succeeds", verb[0]),
        code == Some(0) || code == Some(130),
        format_args!("{code:?} {said}"),
    );
    expect_silence(report, arena, from_ns);
    Ok(())
}

fn expect_silence(report: &mut CaseReport, arena: &Arena, from_ns: u64) {
    let_pass(4.0);
    let last_ms = last_after_ms(&arena.arrivals_ns(), from_ns);
    report.expect(
        "no request later than 1 s after it",
        last_ms <= SILENT_MS,
        format_args!("the last one after {last_ms} ms, looked for 4 s"),
    );
}

/// The database comes back, and nothing is missing.
fn finish(
    report: &mut CaseReport,
    arena: &mut Arena,
    job: &mut SubmittedJob,
    ends: bool,
) -> anyhow::Result<()> {
    arena.heal()?;
    if ends {
        let code = job.exit_code(Duration::from_secs(90))?;
        report.expect(
            "`submit` ends with 130",
            code == Some(130),
            format_args!("{code:?}"),
        );
    }
    report.expect_right(&job.judge(arena)?);
    Ok(())
}

/// Runs a client command; returns its exit code and what it printed.
fn client(arena: &Arena, args: &[&str]) -> anyhow::Result<(Option<i32>, String)> {
    let log = arena.log("client");
    let output = std::fs::File::create(&log)?;
    let mut child = command(&arena.program("heavy-sched"), &arena.dir().join("home"))
        .args(["--scheduler", &arena.scheduler_url()])
        .args(args)
        .stdin(std::process::Stdio::null())
        .stdout(output.try_clone()?)
        .stderr(output)
        .spawn()?;
    let code = end_of(&mut child, Duration::from_secs(60))?;
    Ok((code, std::fs::read_to_string(log)?))
}
