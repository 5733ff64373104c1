//! `heavy report` of stored jobs.

use heavy_results::summary::Summary;
use heavy_testkit::TempDir;

use crate::stored::Stored;

#[test]
fn a_report_ends_with_the_verdict_and_its_reason() {
    let stored = Stored::new();
    let report = stored.heavy(&["report", "last"]).finish().expect_code(0).stdout;
    assert!(report.ends_with("\nPASS  all well\n"), "{report}");
    assert!(report.contains(&stored.last.to_string()), "{report}");
    assert!(!report.contains('\u{1b}'), "colour on no terminal: {report}");
    let first = stored.first.to_string();
    let report = stored
        .heavy(&["report", &first, "--full"])
        .finish()
        .expect_code(0)
        .stdout;
    assert!(report.contains("GET /products"), "{report}");
    assert!(
        report.starts_with("PASS  all well\n") && report.ends_with("\nPASS  all well\n"),
        "{report}"
    );
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

#[test]
fn reports_are_written_in_every_format_at_once() {
    let stored = Stored::new();
    let folder = TempDir::new("reports");
    let mut heavy = stored.heavy(&["report", "last"]);
    let formats = [
        ("text", "PASS  all well"),
        ("json", "\"version\": 2"),
        ("csv", "level,measure"),
        ("junit", "<testsuites"),
        ("md", "### ✅ PASS"),
        ("html", "<!DOCTYPE html>"),
    ];
    for (format, _) in formats {
        let file = folder.path().join(format);
        heavy = heavy.arg("--report").arg(format!("{format}={}", file.display()));
    }
    let stdout = heavy.finish().expect_code(0).stdout;
    assert!(
        stdout.ends_with("\nPASS  all well\n"),
        "the text is shown as well: {stdout}"
    );
    for (format, part) in formats {
        let report = std::fs::read_to_string(folder.path().join(format)).unwrap();
        assert!(report.contains(part), "{format}: {report}");
    }
    let csv = stored
        .heavy(&["report", "last", "--report", "csv=-"])
        .finish()
        .expect_code(0)
        .stdout;
    assert!(csv.starts_with("level,measure"), "{csv}");
}

#[test]
fn wrong_reports_are_named_before_anything_is_done() {
    let stored = Stored::new();
    for (report, part) in [
        ("pdf=x", "unknown report format `pdf`"),
        ("html", "FORMAT=FILE"),
        ("html=/no/such/folder/x.html", "its directory does not exist"),
    ] {
        let finished = stored
            .heavy(&["report", "last", "--report", report])
            .finish()
            .expect_code(2);
        assert!(finished.stderr.contains(part), "{}", finished.stderr);
    }
}
