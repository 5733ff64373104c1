//! Load tests whose output breaks.

use std::time::Duration;

use super::{CaseOptions, CaseReport};
use crate::job::OracleJob;
use crate::schedule::StoreKind;

pub(super) fn stdout_closed(options: &CaseOptions, report: &mut CaseReport) -> anyhow::Result<()> {
    let arena = options.arena(StoreKind::Sqlite, 2)?;
    let job = OracleJob::new("closed", "--rate 200 -d 15s --allow-invalid").param("close_after", 500_000);
    let mut job = job.submit(&arena)?;
    let code = job.exit_code(Duration::from_secs(120))?;
    report.expect(
        "an exit code other than 0",
        code.is_some_and(|code| code != 0),
        format_args!("{code:?}"),
    );
    let output = job.output();
    let named = output.contains("stdout");
    report.expect(
        "the client names stdout",
        named,
        output.lines().last().unwrap_or_default(),
    );
    let judged = job.judge(&arena)?;
    let received = job.received(&arena);
    let unmeasured = received.saturating_sub(judged.total_real_requests);
    report.expect(
        "less than half a second of load unmeasured",
        unmeasured < 100,
        format_args!("{unmeasured} of {received} requests"),
    );
    let faults: Vec<&String> = judged
        .faults
        .iter()
        .filter(|fault| !fault.contains("target"))
        .collect();
    report.expect(
        "nothing lost, doubled or altered",
        faults.is_empty(),
        format_args!("{faults:?}\n{judged}"),
    );
    Ok(())
}

pub(super) fn binary_noise(options: &CaseOptions, report: &mut CaseReport) -> anyhow::Result<()> {
    let arena = options.arena(StoreKind::Sqlite, 2)?;
    let job = OracleJob::new("noise", "--rate 200 -d 10s --allow-invalid").param("noise", 1);
    let mut job = job.submit(&arena)?;
    job.wait_for_load(&arena)?;
    let code = job.exit_code(Duration::from_secs(120))?;
    report.expect("exit code 0", code == Some(0), format_args!("{code:?}"));
    let judged = job.judge(&arena)?;
    let id = job.id(&arena)?;
    let summary = arena.value(&format!("SELECT document FROM summaries WHERE job_id = '{id}'"))?;
    let summary: serde_json::Value = serde_json::from_str(&summary.unwrap_or_default())?;
    let warnings = summary["warnings"].to_string();
    report.expect(
        "a warning of unreadable lines",
        warnings.contains("line"),
        warnings,
    );
    report.expect_right(&judged);
    Ok(())
}
