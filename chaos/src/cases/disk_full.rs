//! The disk of the database is full, and then it is not.

use std::time::{Duration, Instant};

use super::{CaseOptions, CaseReport, let_pass};
use crate::arena::{Arena, ArenaOptions};
use crate::job::OracleJob;
use crate::schedule::{FaultKind, StoreKind};
use crate::service::wait_for;

const DISK_BYTES: u64 = 256 << 20;
const ROUNDS: u32 = 5;
/// How soon after the disk was freed the collector must acknowledge again.
const RECOVERY: Duration = Duration::from_secs(5);

pub(super) fn sqlite(options: &CaseOptions, report: &mut CaseReport) -> anyhow::Result<()> {
    let mut arena = Arena::start(ArenaOptions {
        store: StoreKind::Sqlite,
        bin_dir: options.bin_dir.clone(),
        disk_bytes: Some(DISK_BYTES),
        agents: 3,
    })?;
    let mut job = OracleJob::new("disk-full", "--rate 400 -d 60s --allow-invalid").submit(&arena)?;
    let begun = job.wait_for_load(&arena)?;
    let_pass(2.0);
    let id = job.id(&arena)?;
    for round in 1..=ROUNDS {
        arena.begin(FaultKind::DiskFull)?;
        let_pass(3.0);
        // Nothing is committed on a full disk, so this is what there was.
        let before = committed(&arena, id);
        arena.end(FaultKind::DiskFull)?;
        let freed = Instant::now();
        let again = wait_for("a commit", Duration::from_secs(8), || {
            (committed(&arena, id) > before).then(|| freed.elapsed())
        });
        let recovered = again.as_ref().is_ok_and(|after| *after <= RECOVERY);
        report.expect(
            &format!("round {round}: the first commit within 5 s of the disk being freed"),
            recovered,
            again.map_or_else(
                |error| error.to_string(),
                |after| format!("{} ms", after.as_millis()),
            ),
        );
        if !recovered {
            return Ok(());
        }
        let_pass(1.0);
    }
    let alive = arena.collector.is_alive() && arena.scheduler.is_alive();
    report.expect("collector and scheduler go on", alive, alive);
    let left = Duration::from_secs(60).saturating_sub(begun.elapsed());
    let code = job.exit_code(left + Duration::from_secs(90))?;
    report.expect("exit code 0", code == Some(0), format_args!("{code:?}"));
    report.expect_right(&job.judge(&arena)?);
    let mut next = OracleJob::new("after-disk-full", "--rate 100 -d 3s --allow-invalid").submit(&arena)?;
    let code = next.exit_code(Duration::from_secs(90))?;
    let reported = next.report.is_file();
    report.expect(
        "the next job ends with exit code 0 and a report",
        code == Some(0) && reported,
        format_args!("{code:?}, report {reported}"),
    );
    report.expect_right(&next.judge(&arena)?);
    Ok(())
}

/// How many batches of a job are committed.
fn committed(arena: &Arena, job: uuid::Uuid) -> u64 {
    let marks = |store: std::sync::Arc<dyn heavy_store::Store>| arena.runtime.block_on(store.marks(job)).ok();
    let marks = arena.store().ok().and_then(marks).unwrap_or_default();
    marks.iter().map(|mark| mark.sequence).sum()
}
