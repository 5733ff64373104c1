//! Agents that die or freeze.

use std::time::Duration;

use anyhow::Context as _;
use uuid::Uuid;

use super::{CaseOptions, CaseReport, LEASE_MS, last_after_ms, let_pass, monotonic_ns};
use crate::arena::{Arena, agent_name};
use crate::job::{OracleJob, SubmittedJob};
use crate::processes;
use crate::schedule::{FaultKind, FaultPart, StoreKind};

/// The agent that it happens to.
const VICTIM: usize = 1;

const RATE: u64 = 300;

pub(super) fn users_without_an_agent(options: &CaseOptions, report: &mut CaseReport) -> anyhow::Result<()> {
    let mut arena = options.arena(StoreKind::Sqlite, 3)?;
    let job = OracleJob::new("users", "--users 30 -d 25s").param("wait_ms", 50);
    let mut job = job.submit(&arena)?;
    job.wait_for_load(&arena)?;
    let_pass(4.0);
    arena.begin(FaultKind::Kill(FaultPart::Agent(VICTIM)))?;
    let code = job.exit_code(Duration::from_secs(120))?;
    report.expect("exit code 98", code == Some(98), format_args!("{code:?}"));
    arena.heal()?;
    let judged = job.judge(&arena)?;
    report.expect(
        "INVALID",
        judged.verdict == "INVALID",
        format_args!("{} {}", judged.verdict, judged.reason),
    );
    report.expect_right(&judged);
    Ok(())
}

pub(super) fn stopped_for_13_s(options: &CaseOptions, report: &mut CaseReport) -> anyhow::Result<()> {
    stopped(options, report, 13.0)
}

pub(super) fn stopped_for_30_s(options: &CaseOptions, report: &mut CaseReport) -> anyhow::Result<()> {
    stopped(options, report, 30.0)
}

fn stopped(options: &CaseOptions, report: &mut CaseReport, seconds: f64) -> anyhow::Result<()> {
    let mut arena = options.arena(StoreKind::Sqlite, 3)?;
    let flags = format!("--rate {RATE} -d {}s --allow-invalid", seconds + 20.0);
    let mut job = OracleJob::new("frozen", &flags).submit(&arena)?;
    job.wait_for_load(&arena)?;
    let_pass(4.0);
    let (stopped_ns, thawed_ns) = freeze(&mut arena, seconds)?;
    let code = job.exit_code(Duration::from_secs(150))?;
    report.expect("an exit code", code.is_some(), format_args!("{code:?}"));
    expect_leash(report, &arena, stopped_ns, thawed_ns);
    let mut arrivals = arena.arrivals_ns();
    arrivals.retain(|at| *at > thawed_ns);
    let most = most_in_5_s(&arrivals);
    report.expect(
        "no 5 s window above 102% after SIGCONT",
        most <= RATE * 5 * 102 / 100,
        format_args!("{most} of {}", RATE * 5),
    );
    let judged = job.judge(&arena)?;
    report.expect(
        "due = planned",
        judged.scheduled == judged.planned,
        format_args!("{} of {}", judged.scheduled, judged.planned),
    );
    report.expect("no iteration run twice", judged.run_twice == 0, judged.run_twice);
    expect_share(report, &arena, thawed_ns);
    report.expect_right(&judged);
    Ok(())
}

pub(super) fn stopped_with_users(options: &CaseOptions, report: &mut CaseReport) -> anyhow::Result<()> {
    let mut arena = options.arena(StoreKind::Sqlite, 3)?;
    let job = OracleJob::new("frozen-users", "--users 30 -d 40s --allow-invalid").param("wait_ms", 50);
    let mut job = job.submit(&arena)?;
    job.wait_for_load(&arena)?;
    let_pass(4.0);
    let (stopped_ns, thawed_ns) = freeze(&mut arena, 20.0)?;
    job.exit_code(Duration::from_secs(150))?;
    expect_leash(report, &arena, stopped_ns, thawed_ns);
    expect_share(report, &arena, thawed_ns);
    let judged = job.judge(&arena)?;
    report.expect("no iteration run twice", judged.run_twice == 0, judged.run_twice);
    report.expect_right(&judged);
    Ok(())
}

fn freeze(arena: &mut Arena, seconds: f64) -> anyhow::Result<(u64, u64)> {
    let fault = FaultKind::Stop(FaultPart::Agent(VICTIM));
    let stopped_ns = monotonic_ns();
    arena.begin(fault)?;
    let_pass(seconds);
    let thawed_ns = monotonic_ns();
    arena.end(fault)?;
    Ok((stopped_ns, thawed_ns))
}

/// While the agent is frozen, nothing is sent beyond its lease.
fn expect_leash(report: &mut CaseReport, arena: &Arena, stopped_ns: u64, thawed_ns: u64) {
    let mut arrivals = arena.targets[VICTIM].arrivals_ns();
    arrivals.retain(|at| *at < thawed_ns);
    let last_ms = last_after_ms(&arrivals, stopped_ns);
    report.expect(
        "no request of the frozen agent after its lease + 200 ms",
        last_ms <= LEASE_MS,
        format_args!("the last one after {last_ms} ms"),
    );
}

/// After it was thawed, the agent takes part again.
fn expect_share(report: &mut CaseReport, arena: &Arena, from_ns: u64) {
    let arrivals = arena.targets[VICTIM].arrivals_ns();
    let again = arrivals
        .iter()
        .filter(|at| **at > from_ns + 1_000_000_000)
        .count();
    report.expect(
        "the agent gets its part of the job again",
        again > 100,
        format_args!("{again} requests"),
    );
}

fn most_in_5_s(arrivals: &[u64]) -> u64 {
    let mut first = 0;
    let mut most = 0;
    for (place, at) in arrivals.iter().enumerate() {
        while arrivals[first] + 5_000_000_000 <= *at {
            first += 1;
        }
        most = most.max(place - first + 1);
    }
    most as u64
}

pub(super) fn killed(options: &CaseOptions, report: &mut CaseReport) -> anyhow::Result<()> {
    let mut arena = options.arena(StoreKind::Sqlite, 3)?;
    let rate = options.rate.unwrap_or(1_000);
    let job = OracleJob::new("killed", &format!("--rate {rate} -d 20s")).param("results", 1);
    let mut job = job.submit(&arena)?;
    job.wait_for_load(&arena)?;
    let_pass(5.0);
    let fault = FaultKind::Kill(FaultPart::Agent(VICTIM));
    arena.begin(fault)?;
    expect_no_load_test(report, &arena);
    let_pass(1.0);
    arena.end(fault)?;
    let code = job.exit_code(Duration::from_secs(120))?;
    let judged = job.judge(&arena)?;
    // Nobody had the agent's share for some time, so that the job is INVALID, and nothing of it is forgotten.
    report.expect(
        "exit code 98, with all of the plan accounted for",
        code == Some(98) && judged.scheduled == judged.planned,
        format_args!(
            "{code:?}, {} of {} due: {} dropped, {} lost, {} unknown; {}",
            judged.scheduled,
            judged.planned,
            judged.dropped,
            judged.lost_iterations,
            judged.unknown_iterations,
            judged.reason
        ),
    );
    report.expect("no iteration run twice", judged.run_twice == 0, judged.run_twice);
    expect_share_again(report, &arena, job.id(&arena)?, rate)?;
    report.expect_right(&judged);
    Ok(())
}

/// The next process of a killed agent has a third of the rate again, soon after its load test was prepared.
fn expect_share_again(report: &mut CaseReport, arena: &Arena, job: Uuid, rate: u64) -> anyhow::Result<()> {
    let sql = format!("SELECT at_second FROM events WHERE job_id = '{job}' AND kind = 'agent-joined'");
    let joined_s: f64 = arena
        .value(&sql)?
        .context("the agent did not join again")?
        .parse()?;
    let first_ns = arena.arrivals_ns().first().copied().unwrap_or(0);
    let joined_ns = first_ns + (joined_s * 1e9) as u64;
    let arrivals = arena.targets[VICTIM].arrivals_ns();
    let first = arrivals.iter().find(|at| **at > joined_ns);
    let second = joined_ns + 2_000_000_000..joined_ns + 3_000_000_000;
    let share = arrivals.iter().filter(|at| second.contains(at)).count() as u64;
    report.expect(
        "its share is back within 2 s of being prepared",
        share * 3 * 100 >= rate * 95,
        format_args!(
            "prepared {joined_s:.1} s after the start, its first request {} ms later; {share} requests in the third second, \
             of {rate} of all agents",
            first.map_or(0, |at| (at - joined_ns) / 1_000_000)
        ),
    );
    Ok(())
}

/// A second after an agent was killed, its load test is gone.
fn expect_no_load_test(report: &mut CaseReport, arena: &Arena) {
    let_pass(1.0);
    let left = processes::load_tests(&arena.agent_dir(VICTIM)).len();
    report.expect(
        "its load test is gone after 1 s",
        left == 0,
        format_args!("{left} processes"),
    );
}

pub(super) fn orphans_of_a_killed_agent(
    options: &CaseOptions,
    report: &mut CaseReport,
) -> anyhow::Result<()> {
    let mut arena = options.arena(StoreKind::Sqlite, 3)?;
    let _job = with_children(&arena)?;
    let_pass(2.0);
    let mark = format!("oracle-child:orphans/{}", agent_name(VICTIM));
    let before = processes::with_argument(&mark).len();
    report.expect("the load test has three children", before >= 3, before);
    arena.begin(FaultKind::Kill(FaultPart::Agent(VICTIM)))?;
    let_pass(2.0);
    let left = processes::with_argument(&mark).len();
    report.expect("none is left 2 s after the agent was killed", left == 0, left);
    Ok(())
}

pub(super) fn orphans_at_the_end(options: &CaseOptions, report: &mut CaseReport) -> anyhow::Result<()> {
    let arena = options.arena(StoreKind::Sqlite, 3)?;
    let mut job = with_children(&arena)?;
    let code = job.exit_code(Duration::from_secs(120))?;
    report.expect("exit code 0", code == Some(0), format_args!("{code:?}"));
    let_pass(2.0);
    let left = processes::with_argument("oracle-child:").len();
    report.expect("no child is left 2 s after the end", left == 0, left);
    report.expect_right(&job.judge(&arena)?);
    Ok(())
}

fn with_children(arena: &Arena) -> anyhow::Result<SubmittedJob> {
    let job = OracleJob::new("orphans", "--rate 50 -d 8s --allow-invalid").param("children", 1);
    let mut job = job.submit(arena)?;
    job.wait_for_load(arena)?;
    Ok(job)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fullest_window_is_found() {
        let s = |seconds: f64| (seconds * 1e9) as u64;
        assert_eq!(most_in_5_s(&[]), 0);
        let arrivals = [0.0, 1.0, 4.9, 5.1, 5.2, 9.8, 20.0].map(s);
        assert_eq!(most_in_5_s(&arrivals), 4);
    }
}
