//! `heavy run` of URLs and of compiled load tests.

use std::net::TcpListener;
use std::time::Duration;

use heavy_demo_target::{Handle, Options, Target};
use heavy_results::summary::Summary;
use heavy_testkit::{Finished, Run, Signal, TempDir, binary, eventually, free_port};

/// PASS, or INVALID where the machine is too busy to start iterations in time; a test asserts no times.
const RAN: [Option<i32>; 2] = [Some(0), Some(98)];

/// FAIL, or INVALID for the same reason: INVALID takes precedence.
const FAILED: [Option<i32>; 2] = [Some(99), Some(98)];

fn target() -> Handle {
    Target::start(TcpListener::bind("127.0.0.1:0").unwrap(), Options::default()).unwrap()
}

/// Runs `test` in a folder of its own and returns how it ended and its summary.
fn run(test: &str, args: &[&str]) -> (Finished, Summary) {
    let folder = TempDir::new("run");
    let run = Run::binary("heavy").args([
        "run",
        test,
        "--rate",
        "50",
        "--duration",
        "1s",
        "--report",
        "json=-",
    ]);
    let finished = run.args(args).env("HEAVY_DATA_DIR", folder.path()).finish();
    let summary = serde_json::from_str(&finished.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}\n{}", finished.stdout, finished.stderr));
    (finished, summary)
}

#[test]
fn rows_know_the_peer_of_their_connection() {
    let target = target();
    let folder = TempDir::new("peer");
    let heavy = |args: &[&str]| {
        Run::binary("heavy")
            .args(args)
            .env("HEAVY_DATA_DIR", folder.path())
    };
    let url = format!("http://localhost:{}/", target.addr().port());
    let ran = heavy(&["run", &url, "--rate", "20", "--duration", "500ms"]).finish();
    assert!(RAN.contains(&ran.code), "{ran:?}");
    let sql = "select distinct remote_addr from requests where job_id = :job";
    let peers = heavy(&["sql", "--format", "csv", sql])
        .finish()
        .expect_code(0)
        .stdout;
    assert_eq!(peers, format!("remote_addr\r\n{}\r\n", target.addr()));
}

#[test]
fn a_url_is_requested_as_often_as_planned() {
    let target = target();
    let (finished, summary) = run(&format!("http://{}/items/7?key=secret", target.addr()), &[]);
    assert!(RAN.contains(&finished.code), "{finished:?}");
    assert!(summary.iterations.balances());
    assert_eq!(summary.iterations.scheduled, 50);
    assert_eq!(summary.requests.duration.count, summary.iterations.started);
    assert_eq!(target.stats().requests, summary.iterations.started);
    let request = &summary.workflows[0].requests[0];
    assert_eq!(request.name, "GET /items/{id}");
    assert_eq!(
        summary.job.spec.name,
        format!("GET http://{}/items/7", target.addr())
    );
    assert!(
        finished.stderr.contains("50/s for 1s"),
        "the plan comes first: {}",
        finished.stderr
    );
}

#[test]
fn method_headers_and_body_are_sent() {
    let target = target();
    let (finished, summary) = run(
        &format!("http://{}/login", target.addr()),
        &[
            "--method",
            "POST",
            "--header",
            "content-type: application/json",
            "--body",
            r#"{"user":"ann"}"#,
        ],
    );
    assert!(RAN.contains(&finished.code), "{finished:?}");
    assert_eq!(summary.requests.status_counts.keys().collect::<Vec<_>>(), [&200]);
}

#[test]
fn a_target_that_only_fails_is_a_failed_job() {
    let target = target();
    let (finished, summary) = run(&format!("http://{}/status/503", target.addr()), &[]);
    assert!(FAILED.contains(&finished.code), "{finished:?}");
    assert_eq!(
        (summary.iterations.ok, summary.requests.failed),
        (0, summary.requests.duration.count)
    );
}

#[test]
fn a_target_that_is_not_there_is_a_failed_job_with_its_errors() {
    let (finished, summary) = run(&format!("http://127.0.0.1:{}/", free_port()), &[]);
    assert!(FAILED.contains(&finished.code), "{finished:?}");
    assert!(
        summary.errors.iter().any(|error| &*error.kind == "refused"),
        "{:?}",
        summary.errors
    );
}

#[test]
fn a_compiled_load_test_runs_the_same_way() {
    let target = target();
    let test = binary("http_get");
    let param = format!("url=http://{}/", target.addr());
    let (finished, summary) = run(test.to_str().unwrap(), &["--param", &param]);
    assert!(RAN.contains(&finished.code), "{finished:?}");
    assert_eq!(target.stats().requests, summary.iterations.started);
    assert_eq!(summary.job.spec.name, "http_get");
}

#[test]
fn ctrl_c_stops_the_run_and_reports_what_ran() {
    let (folder, target) = (TempDir::new("interrupted"), target());
    let mut run = Run::binary("heavy")
        .args(["run", &format!("http://{}/", target.addr())])
        .args(["--rate", "20", "--duration", "60s", "--full"])
        .env("HEAVY_DATA_DIR", folder.path())
        .timeout(Duration::from_secs(120))
        .start();
    run.wait_line(|line| line.starts_with("running"));
    eventually("a request", Duration::from_secs(30), || {
        (target.stats().requests > 0).then_some(())
    });
    run.signal(Signal::INT);
    let ended = run.finish().expect_code(130);
    assert!(ended.stdout.contains("\nSTOPPED "), "{}", ended.stdout);
    let started = of_iterations(&ended.stdout, "started");
    assert!((1..1200).contains(&started), "{}", ended.stdout);
}

/// A count in the report's section of iterations.
fn of_iterations(report: &str, what: &str) -> u64 {
    let (_, section) = report.split_once("\nIterations\n").expect(report);
    let mut counts = section.lines().filter_map(|line| line.trim().strip_prefix(what));
    let count = counts.next().and_then(|rest| rest.split_whitespace().next());
    count.expect(report).replace(',', "").parse().expect(report)
}

/// How a job ends that cannot be prepared: what is said, and that nothing ran.
fn refused(args: &[&str]) -> String {
    let folder = TempDir::new("refused");
    let run = Run::binary("heavy")
        .arg("run")
        .args(args)
        .args(["--rate", "5", "--duration", "1s"]);
    let finished = run.env("HEAVY_DATA_DIR", folder.path()).finish().expect_code(1);
    assert_eq!(finished.stdout, "");
    finished.stderr
}

#[test]
fn a_program_that_is_no_load_test_is_told_from_one() {
    let stderr = refused(&["/bin/true"]);
    assert!(stderr.contains("did not say hello"), "{stderr}");
}

#[test]
fn a_program_that_is_no_load_test_is_quoted() {
    let stderr = refused(&["/bin/cp"]);
    assert!(
        stderr.contains("exited with status 1 and did not say hello"),
        "{stderr}"
    );
    let (_, quoted) = stderr.split_once("the end of its stderr: ").expect(&stderr);
    assert!(quoted.contains("missing file operand"), "{stderr}");
}

#[test]
fn an_unknown_workflow_is_answered_with_the_known_ones() {
    let stderr = refused(&[binary("http_get").to_str().unwrap(), "--workflow", "nope"]);
    assert!(
        stderr.contains("unknown workflow `nope`: this load test has default"),
        "{stderr}"
    );
}

#[test]
fn a_load_test_that_wants_a_param_says_which() {
    let stderr = refused(&[binary("http_get").to_str().unwrap()]);
    assert!(stderr.contains("--param url="), "{stderr}");
}
