//! Report files that cannot be written: the summary and the verdict's exit code stay.

use heavy_testkit::TempDir;

use super::{heavy, target};

/// Runs a job whose first report is a directory, which no file can replace.
fn with_a_bad_report(threshold: &str) -> (TempDir, heavy_testkit::Finished) {
    let (target, data) = (target(), TempDir::new("written"));
    let url = format!("http://{}/", target.addr());
    let (bad, good) = (data.path().join("bad.html"), data.path().join("good.json"));
    std::fs::create_dir(&bad).unwrap();
    let reports = [
        format!("html={}", bad.display()),
        format!("json={}", good.display()),
    ];
    let mut args = vec![
        "run",
        &url,
        "--rate",
        "20",
        "--duration",
        "500ms",
        "--allow-invalid",
    ];
    args.extend([
        "--threshold",
        threshold,
        "--report",
        &reports[0],
        "--report",
        &reports[1],
    ]);
    let ran = heavy(&data, &args);
    let error = format!("error: cannot write {}", bad.display());
    assert!(ran.stderr.contains(&error), "{ran:?}");
    assert!(ran.stdout.contains("10 started"), "{ran:?}");
    let written = std::fs::read_to_string(&good).unwrap();
    assert!(written.starts_with('{'), "the other report is written");
    (data, ran)
}

#[test]
fn a_fail_stays_a_fail() {
    let (_, ran) = with_a_bad_report("http_reqs: count>1000");
    assert_eq!(ran.code, Some(99), "{ran:?}");
    let last = ran.stdout.lines().last().unwrap();
    assert!(ran.stdout.contains("\nFAIL  threshold http_reqs"), "{last}");
}

#[test]
fn a_pass_becomes_1() {
    let (data, ran) = with_a_bad_report("http_reqs: count==10");
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.stdout.contains("\nPASS  "), "{ran:?}");

    let bad = format!("csv={}", data.path().join("bad.html").display());
    let again = heavy(&data, &["report", "last", "--report", &bad]).expect_code(1);
    assert!(again.stdout.contains("\nPASS  "), "{again:?}");
    assert!(again.stderr.contains("cannot write"), "{again:?}");
}
