//! Memory that grows with the length of a job.

use std::time::Duration;

use super::{CaseOptions, CaseReport, let_pass};
use crate::job::OracleJob;
use crate::schedule::StoreKind;

/// More than a debug build can do.
const RATE: u64 = 20_000;

/// From here on all that a job keeps of its newest seconds is there: what still grows, grows with the length of the job.
const EARLY_S: f64 = 100.0;
const LATE_S: f64 = 200.0;

/// How much more the scheduler may have at the later instant: the points of the timeline, whose number is bounded.
const GROWTH_BYTES: u64 = 6 << 20;

pub(super) fn of_the_scheduler(options: &CaseOptions, report: &mut CaseReport) -> anyhow::Result<()> {
    let arena = options.arena(StoreKind::Sqlite, 1)?;
    let rate = options.rate.unwrap_or(RATE);
    let flags = format!("--rate {rate} -d 205s --samples none --allow-invalid --allow-drops 100%");
    let mut job = OracleJob::new("memory", &flags)
        .param("results", 0)
        .submit(&arena)?;
    job.wait_for_load(&arena)?;
    let_pass(EARLY_S);
    let early = arena.scheduler.rss_bytes().unwrap_or(0);
    let_pass(LATE_S - EARLY_S);
    let late = arena.scheduler.rss_bytes().unwrap_or(0);
    let mb = |bytes: u64| bytes as f64 / 1e6;
    report.expect(
        "the scheduler's memory stays within 6 MiB of what it was after 100 s",
        late > 0 && late <= early + GROWTH_BYTES,
        format_args!("{:.1} MB after 100 s, {:.1} MB after 200 s", mb(early), mb(late)),
    );
    let code = job.exit_code(Duration::from_secs(120))?;
    report.expect("an exit code", code.is_some(), format_args!("{code:?}"));
    Ok(())
}
