//! Collector or store is away while a job ends, or for some time in its middle.

use std::time::{Duration, Instant};

use heavy_testkit::ProxyFault;

use super::{CaseOptions, CaseReport, let_pass};
use crate::arena::Arena;
use crate::job::OracleJob;
use crate::schedule::{FaultKind, FaultLink, FaultPart, StoreKind};
use crate::service::wait_for;

const LOAD_S: f64 = 10.0;
const AWAY_S: f64 = 75.0;

pub(super) fn collector_at_end(options: &CaseOptions, report: &mut CaseReport) -> anyhow::Result<()> {
    at_end(
        options,
        report,
        StoreKind::Sqlite,
        FaultKind::Stop(FaultPart::Collector),
    )
}

pub(super) fn store_at_end(options: &CaseOptions, report: &mut CaseReport) -> anyhow::Result<()> {
    at_end(
        options,
        report,
        StoreKind::Postgres,
        FaultKind::Kill(FaultPart::Database),
    )
}

fn at_end(
    options: &CaseOptions,
    report: &mut CaseReport,
    store: StoreKind,
    fault: FaultKind,
) -> anyhow::Result<()> {
    let mut arena = options.arena(store, 3)?;
    let mut job = OracleJob::new("away", "--rate 400 -d 10s --allow-invalid").submit(&arena)?;
    job.wait_for_load(&arena)?;
    let_pass(LOAD_S - 1.0);
    arena.begin(fault)?;
    let_pass(AWAY_S);
    arena.end(fault)?;
    let code = job.exit_code(Duration::from_secs(120))?;
    report.expect("exit code 0", code == Some(0), format_args!("{code:?}"));
    let judged = job.judge(&arena)?;
    report.expect(
        "PASS",
        judged.verdict == "PASS",
        format_args!("{} {}", judged.verdict, judged.reason),
    );
    let unstarted = judged.dropped + judged.lost_iterations + judged.unknown_iterations;
    report.expect("every iteration accounted for as run", unstarted == 0, unstarted);
    report.expect_right(&judged);
    Ok(())
}

pub(super) fn postgres_in_black_hole(options: &CaseOptions, report: &mut CaseReport) -> anyhow::Result<()> {
    let mut arena = options.arena(StoreKind::Postgres, 3)?;
    let mut job = OracleJob::new("black-hole", "--rate 400 -d 40s --allow-invalid").submit(&arena)?;
    job.wait_for_load(&arena)?;
    let_pass(3.0);
    let id = job.id(&arena)?;
    let links = [FaultLink::SchedulerDatabase, FaultLink::CollectorDatabase];
    for link in links {
        arena.begin(FaultKind::Link(link, ProxyFault::BlackHole))?;
    }
    let_pass(15.0);
    let before = rows(&arena, id);
    for link in links {
        arena.end(FaultKind::Link(link, ProxyFault::BlackHole))?;
    }
    let healed = Instant::now();
    let resumed = wait_for("ingest", Duration::from_secs(30), || {
        (rows(&arena, id) > before).then(|| healed.elapsed().as_millis())
    });
    report.expect(
        "ingest resumes within 10 s of healing",
        resumed.as_ref().is_ok_and(|ms| *ms <= 10_000),
        resumed.map_or_else(|error| error.to_string(), |ms| format!("{ms} ms")),
    );
    let code = job.exit_code(Duration::from_secs(120))?;
    report.expect("exit code 0", code == Some(0), format_args!("{code:?}"));
    report.expect_right(&job.judge(&arena)?);
    Ok(())
}

fn rows(arena: &Arena, job: uuid::Uuid) -> u64 {
    let sql = format!("SELECT count(*) FROM requests WHERE job_id = '{job}'");
    arena.number(&sql).unwrap_or(0)
}
