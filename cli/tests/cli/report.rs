//! `heavy report` of stored jobs.

use heavy_model::summary::Summary;
use heavy_testkit::TempDir;

use crate::stored::Stored;

#[test]
fn a_report_begins_with_the_verdict_and_its_reason() {
    let stored = Stored::new();
    let report = stored.heavy(&["report", "last"]).finish().expect_code(0).stdout;
    assert!(report.starts_with("PASS  all well\n"), "{report}");
    assert!(report.contains(&stored.last.to_string()), "{report}");
    assert!(!report.contains('\u{1b}'), "colour on no terminal: {report}");
    let first = stored.first.to_string();
    let report = stored
        .heavy(&["report", &first, "--full"])
        .finish()
        .expect_code(0)
        .stdout;
    assert!(report.contains("GET /products"), "{report}");
}

#[test]
fn json_is_the_summary_and_its_accounting_balances() {
    let stored = Stored::new();
    let folder = TempDir::new("report");
    let file = folder.path().join("report.json");
    let finished = stored
        .heavy(&["report", "last", "--format", "json", "--output"])
        .arg(&file)
        .finish();
    assert_eq!(finished.expect_code(0).stdout, "");
    let summary: Summary = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    assert_eq!(summary.job.id, stored.last);
    assert!(summary.iterations.balances());
}

#[test]
fn a_file_that_cannot_be_written_is_named() {
    let stored = Stored::new();
    let finished = stored
        .heavy(&["report", "last", "--output", "/no/such/folder/report"])
        .finish()
        .expect_code(1);
    assert!(
        finished.stderr.contains("cannot write /no/such/folder/report"),
        "{}",
        finished.stderr
    );
}
