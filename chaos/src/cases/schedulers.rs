//! Two schedulers on one database.

use std::time::Duration;

use super::{CaseOptions, CaseReport, let_pass};
use crate::job::OracleJob;
use crate::schedule::StoreKind;
use crate::service::wait_for;

pub(super) fn two(options: &CaseOptions, report: &mut CaseReport) -> anyhow::Result<()> {
    let arena = options.arena(StoreKind::Postgres, 3)?;
    let mut running = OracleJob::new("running", "--rate 200 -d 20s --allow-invalid").submit(&arena)?;
    running.wait_for_load(&arena)?;
    let mut queued = OracleJob::new("queued", "--rate 200 -d 5s --allow-invalid").submit(&arena)?;
    let_pass(2.0);
    let mut second = arena.second_scheduler();
    second.spawn()?;
    let ended = wait_for("its end", Duration::from_secs(10), || {
        (!second.is_alive()).then_some(())
    });
    let said = second.log();
    let said = said.lines().last().unwrap_or_default().to_owned();
    report.expect("the second scheduler refuses to start", ended.is_ok(), &said);
    let first = arena.scheduler_url();
    let named = said.contains(first.trim_start_matches("http://"));
    report.expect("it names the first", named, &said);
    let code = running.exit_code(Duration::from_secs(120))?;
    report.expect(
        "the running job ends with 0",
        code == Some(0),
        format_args!("{code:?}"),
    );
    let code = queued.exit_code(Duration::from_secs(120))?;
    report.expect(
        "the queued job ends with 0",
        code == Some(0),
        format_args!("{code:?}"),
    );
    (running.has_targets_alone, queued.has_targets_alone) = (false, false);
    let judged = [running.judge(&arena)?, queued.judge(&arena)?];
    // The targets cannot tell which job a request belongs to: both together.
    let received = arena.received();
    let asked = 200 * 20 + 200 * 5;
    report.expect("5,000 requests for 5,000 asked", received == asked, received);
    for job in &judged {
        let whole = job.total_iterations == job.planned;
        report.expect(
            "each job is whole",
            whole,
            format_args!("{} of {}", job.total_iterations, job.planned),
        );
        report.expect_right(job);
    }
    Ok(())
}
