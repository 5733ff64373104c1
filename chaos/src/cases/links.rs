//! Connections that break without anybody being told, and a scheduler that is gone.

use std::time::{Duration, Instant};

use heavy_testkit::ProxyFault;

use super::{CaseOptions, CaseReport, LEASE_MS, last_after_ms, let_pass, monotonic_ns};
use crate::job::OracleJob;
use crate::schedule::{FaultKind, FaultLink, FaultPart, StoreKind};

/// The agent that it happens to.
const VICTIM: usize = 1;

pub(super) fn half_open(options: &CaseOptions, report: &mut CaseReport) -> anyhow::Result<()> {
    // New connections must pass: the fault ends at once, and what it broke stays broken.
    agent_link(options, report, ProxyFault::HalfOpen, 0.2)
}

pub(super) fn black_hole(options: &CaseOptions, report: &mut CaseReport) -> anyhow::Result<()> {
    agent_link(options, report, ProxyFault::BlackHole, 6.0)
}

/// The connection of an agent to the scheduler breaks for less than a lease: no load may be given up.
fn agent_link(
    options: &CaseOptions,
    report: &mut CaseReport,
    fault: ProxyFault,
    seconds: f64,
) -> anyhow::Result<()> {
    let mut arena = options.arena(StoreKind::Sqlite, 3)?;
    let mut job = OracleJob::new("link", "--rate 200 -d 30s --allow-invalid").submit(&arena)?;
    job.wait_for_load(&arena)?;
    let_pass(5.0);
    let fault = FaultKind::Link(FaultLink::AgentScheduler(VICTIM), fault);
    arena.begin(fault)?;
    let_pass(seconds);
    arena.end(fault)?;
    let code = job.exit_code(Duration::from_secs(120))?;
    report.expect("exit code 0", code == Some(0), format_args!("{code:?}"));
    let judged = job.judge(&arena)?;
    report.expect("no iteration dropped", judged.dropped == 0, judged.dropped);
    let due = judged.scheduled == judged.planned && judged.run_twice == 0;
    report.expect(
        "due = planned, none run twice",
        due,
        format_args!(
            "{} of {}, {} twice",
            judged.scheduled, judged.planned, judged.run_twice
        ),
    );
    report.expect_right(&judged);
    Ok(())
}

pub(super) fn scheduler_dead(options: &CaseOptions, report: &mut CaseReport) -> anyhow::Result<()> {
    let mut arena = options.arena(StoreKind::Sqlite, 3)?;
    let mut job = OracleJob::new("scheduler-dead", "--rate 200 -d 30s --allow-invalid").submit(&arena)?;
    job.wait_for_load(&arena)?;
    let_pass(4.0);
    let fault = FaultKind::Kill(FaultPart::Scheduler);
    let killed_ns = monotonic_ns();
    arena.begin(fault)?;
    let_pass(15.0);
    let last_ms = last_after_ms(&arena.arrivals_ns(), killed_ns);
    report.expect(
        "no request after the lease + 200 ms",
        last_ms <= LEASE_MS,
        format_args!("the last one after {last_ms} ms"),
    );
    arena.end(fault)?;
    let code = job.exit_code(Duration::from_secs(120))?;
    report.expect("exit code 1", code == Some(1), format_args!("{code:?}"));
    let judged = job.judge(&arena)?;
    report.expect("the job has failed", judged.state == "failed", &judged.state);
    report.expect_right(&judged);
    Ok(())
}

pub(super) fn load_test_frozen(options: &CaseOptions, report: &mut CaseReport) -> anyhow::Result<()> {
    let mut arena = options.arena(StoreKind::Sqlite, 2)?;
    let mut job = OracleJob::new("hung", "--rate 100 -d 40s --allow-invalid").submit(&arena)?;
    job.wait_for_load(&arena)?;
    let_pass(5.0);
    let frozen = Instant::now();
    for n in 0..2 {
        arena.begin(FaultKind::Stop(FaultPart::LoadTest(n)))?;
    }
    let code = job.exit_code(Duration::from_secs(120))?;
    report.expect(
        "an exit code other than 0",
        code.is_some_and(|code| code != 0),
        format_args!("{code:?}"),
    );
    let after = frozen.elapsed().as_secs_f64();
    report.expect(
        "the job ends within 15 s: a second until they are asked, five to answer, and what is written is delivered",
        after < 15.0,
        format_args!("after {after:.1} s"),
    );
    let said = job.output();
    let last = said.lines().last().unwrap_or_default();
    report.expect(
        "the client says that it does not answer",
        said.contains("answer"),
        last,
    );
    Ok(())
}

pub(super) fn collector_slow(options: &CaseOptions, report: &mut CaseReport) -> anyhow::Result<()> {
    let mut arena = options.arena(StoreKind::Sqlite, 2)?;
    let mut job = OracleJob::new("slow", "--rate 400 -d 60s --allow-invalid").submit(&arena)?;
    job.wait_for_load(&arena)?;
    let links = [FaultLink::AgentCollector(0), FaultLink::AgentCollector(1)];
    for (fault, seconds) in [(ProxyFault::BlackHole, 40.0), (ProxyFault::Throttle(1_000), 17.0)] {
        for link in links {
            arena.begin(FaultKind::Link(link, fault))?;
        }
        let_pass(seconds);
    }
    let most = arena
        .agents
        .iter()
        .filter_map(crate::service::FaultedService::rss_bytes)
        .max();
    let mib = most.unwrap_or(u64::MAX) >> 20;
    report.expect("agents stay below 96 MiB", mib <= 96, format_args!("{mib} MiB"));
    arena.heal()?;
    let code = job.exit_code(Duration::from_secs(120))?;
    report.expect("exit code 0", code == Some(0), format_args!("{code:?}"));
    let judged = job.judge(&arena)?;
    let started = judged.total_iterations;
    report.expect(
        "at least 99.9% of the plan started",
        started * 1_000 >= judged.planned * 999,
        format_args!("{started} of {}", judged.planned),
    );
    report.expect_right(&judged);
    Ok(())
}
