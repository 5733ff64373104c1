//! Death at chosen system calls: the n-th write or sync of a thread kills the process, for one n after the other.

use std::time::{Duration, Instant};

use super::{CaseOptions, CaseReport, let_pass};
use crate::job::OracleJob;
use crate::schedule::{FaultKind, FaultPart, StoreKind};
use crate::service::wait_for;

/// What the collector does to a SQLite file.
const COLLECTOR_CALLS: &str = "pwrite64,fdatasync,fsync,ftruncate,unlink";

/// What an agent does to its spool and journal. Its output and wake-ups are writes too.
const AGENT_CALLS: &str = "write,pwrite64,fdatasync,fsync,rename,ftruncate,unlink,rmdir";

/// How long a process may take to come to its n-th call.
const CALL_LIMIT: Duration = Duration::from_secs(15);

/// The agent that dies.
const VICTIM: usize = 1;

pub(super) fn of_the_collector(options: &CaseOptions, report: &mut CaseReport) -> anyhow::Result<()> {
    let mut arena = options.arena(StoreKind::Sqlite, 2)?;
    let mut job = OracleJob::new("points", "--rate 200 -d 60s --allow-invalid").submit(&arena)?;
    let begun = job.wait_for_load(&arena)?;
    let fault = FaultKind::Kill(FaultPart::Collector);
    arena.begin(fault)?;
    let mut deaths = 0;
    for n in 1.. {
        if begun.elapsed() > Duration::from_secs(55) {
            break;
        }
        arena.collector.spawn_dying_at(COLLECTOR_CALLS, n)?;
        let died = wait_for("death", CALL_LIMIT, || {
            (!arena.collector.is_alive()).then_some(())
        });
        deaths += u64::from(arena.collector.was_killed());
        arena.collector.kill_group();
        if died.is_err() {
            break;
        }
    }
    arena.end(fault)?;
    report.expect("at least 10 deaths", deaths >= 10, deaths);
    let code = job.exit_code(Duration::from_secs(120))?;
    report.expect("exit code 0", code == Some(0), format_args!("{code:?}"));
    report.expect_right(&job.judge(&arena)?);
    Ok(())
}

pub(super) fn of_an_agent(options: &CaseOptions, report: &mut CaseReport) -> anyhow::Result<()> {
    let mut arena = options.arena(StoreKind::Sqlite, 2)?;
    let fault = FaultKind::Kill(FaultPart::Agent(VICTIM));
    let (mut deaths, mut points) = (0, 0);
    let begin = Instant::now();
    // Calls before the job are the same in every round, so that points are spread over those of the job.
    for n in (40_u64..).step_by(17) {
        if begin.elapsed() > Duration::from_secs(150) {
            break;
        }
        points += 1;
        arena.begin(fault)?;
        arena.agents[VICTIM].spawn_dying_at(AGENT_CALLS, n)?;
        let_pass(1.0);
        let job = OracleJob::new(
            format!("point-{n}"),
            "--rate 200 -d 2s --allow-invalid --wait-for-agents 5s",
        );
        let mut job = job.submit(&arena)?;
        // Calls may run out: the job has ended then.
        let _ = wait_for("death", CALL_LIMIT, || {
            (!arena.agents[VICTIM].is_alive()).then_some(())
        });
        deaths += u64::from(arena.agents[VICTIM].was_killed());
        arena.agents[VICTIM].kill_group();
        arena.end(fault)?;
        job.exit_code(Duration::from_secs(60))?;
        let judged = job.judge(&arena)?;
        let lost = judged.lost() + judged.doubled + judged.altered + judged.spurious;
        if lost > 0 || !judged.is_right() {
            report.expect(
                &format!("nothing wrong with death at call {n}"),
                false,
                format_args!("\n{judged}"),
            );
        }
    }
    report.expect(
        "the agent died at most points",
        deaths * 2 >= points,
        format_args!("{deaths} of {points}"),
    );
    Ok(())
}
