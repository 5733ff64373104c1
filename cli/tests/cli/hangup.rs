//! A terminal that closes: the run stops and reports, unless it was started to outlive its terminal.

use std::net::TcpListener;
use std::time::Duration;

use heavy_demo_target::{Handle, Options, Target};
use heavy_results::job::JobState;
use heavy_results::summary::Summary;
use heavy_testkit::{Run, Running, Signal, TempDir, binary, eventually};
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(60);

fn target() -> Handle {
    Target::start(TcpListener::bind("127.0.0.1:0").unwrap(), Options::default()).unwrap()
}

fn started(run: Run, target: &Handle, folder: &TempDir) -> Running {
    let run = run
        .args(["run", &format!("http://{}/", target.addr())])
        .args(["--rate", "20", "--duration", "10m"])
        .arg("--report")
        .arg(format!("json={}", folder.join("report.json").display()))
        .env("HEAVY_DATA_DIR", folder.path())
        .timeout(Duration::from_secs(120))
        .start();
    run.wait_line(|line| line.starts_with("running"));
    more_requests(target);
    run
}

fn more_requests(target: &Handle) {
    let before = target.stats().requests;
    eventually("more requests", LIMIT, || {
        (target.stats().requests > before + 5).then_some(())
    });
}

#[test]
fn a_run_whose_terminal_closes_stops_and_reports() {
    let (folder, target) = (TempDir::new("hangup"), target());
    // The tests themselves may run under nohup.
    let heeding = Run::new("/usr/bin/env")
        .arg("--default-signal=HUP")
        .arg(binary("heavy"));
    let mut run = started(heeding, &target, &folder);
    run.signal(Signal::HUP);
    let ended = run.finish().expect_code(130);
    assert!(ended.stdout.contains("\nSTOPPED "), "{}", ended.stdout);
    let report = std::fs::read_to_string(folder.join("report.json")).unwrap();
    let summary: Summary = serde_json::from_str(&report).unwrap();
    assert_eq!(summary.job.state, JobState::Stopped);
    assert!(summary.iterations.started > 5);
}

#[test]
fn a_terminal_that_is_gone_takes_neither_the_report_nor_the_exit_code() {
    let (folder, target) = (TempDir::new("closed"), target());
    let report = folder.join("report.json");
    let run = Run::new("python3")
        .args(["-c", include_str!("terminal.py")])
        .arg(binary("heavy"))
        .args(["run", &format!("http://{}/", target.addr())])
        .args(["--rate", "20", "--duration", "10m"])
        .arg("--report")
        .arg(format!("json={}", report.display()))
        .env("HEAVY_DATA_DIR", folder.path())
        .env("TERM", "xterm");
    let close = json!([{"expect": ["20/s for 10m"], "send": null}]);
    let ended = run.stdin(close.to_string()).finish().expect_code(0);
    let ended: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(ended["code"], 130, "{ended}");
    let summary: Summary = serde_json::from_str(&std::fs::read_to_string(report).unwrap()).unwrap();
    assert_eq!(summary.job.state, JobState::Stopped);
}

#[test]
fn a_run_under_nohup_goes_on() {
    let (folder, target) = (TempDir::new("nohup"), target());
    let ignoring = Run::new("/bin/sh")
        .args(["-c", r#"trap "" HUP; exec "$0" "$@""#])
        .arg(binary("heavy"));
    let mut run = started(ignoring, &target, &folder);
    run.signal(Signal::HUP);
    more_requests(&target);
    assert!(run.is_alive());
    run.signal(Signal::INT);
    let ended = run.finish().expect_code(130);
    assert!(ended.stdout.contains("\nSTOPPED "), "{}", ended.stdout);
}
