//! The figures of jobs that are stopped, overlap their end, fail, or have a generator that is late.

use std::net::TcpListener;
use std::time::Duration;

use heavy_demo_target::{Behaviour, Handle, Options, Target};
use heavy_results::summary::Summary;
use heavy_results::verdict::Verdict;
use heavy_testkit::{Run, Signal, TempDir, binary, example};

fn target(behaviour: Behaviour) -> Handle {
    let options = Options {
        behaviour,
        ..Options::default()
    };
    Target::start(TcpListener::bind("127.0.0.1:0").unwrap(), options).unwrap()
}

fn slow(ms: u64) -> Behaviour {
    Behaviour {
        slow: Duration::from_millis(ms),
        ..Behaviour::default()
    }
}

fn heavy(data: &TempDir, args: &[&str]) -> Run {
    Run::binary("heavy").args(args).env("HEAVY_DATA_DIR", data.path())
}

fn report(data: &TempDir, format: &str) -> String {
    let report = heavy(data, &["report", "last", "--format", format]);
    report.finish().expect_code(0).stdout
}

fn summary(data: &TempDir) -> Summary {
    serde_json::from_str(&report(data, "json")).unwrap()
}

/// The answer to a statement that has one row and one column.
fn ask(data: &TempDir, sql: &str) -> String {
    let asked = heavy(data, &["sql", "--format", "csv", sql]);
    let answer = asked.finish().expect_code(0).stdout;
    answer.lines().nth(1).unwrap().to_owned()
}

/// A run of the customers of the shop.
fn buy(data: &TempDir, target: &Handle, args: &[&str]) -> Run {
    let url = format!("url=http://{}/", target.addr());
    let run = heavy(data, &["run"]).arg(binary("shop"));
    run.args(["--workflow", "buy", "--param", &url]).args(args)
}

#[test]
fn what_a_stop_before_the_start_leaves_unstarted_is_withdrawn() {
    let (data, target) = (TempDir::new("withdrawn"), target(Behaviour::default()));
    let url = format!("http://{}/", target.addr());
    let mut run = heavy(&data, &["run", &url, "--rate", "100", "-d", "10s"]).start();
    run.wait_line(|line| line.starts_with("running"));
    run.signal(Signal::INT);
    run.finish().expect_code(130);
    let summary = summary(&data);
    let iterations = summary.iterations;
    assert!(iterations.balances(), "{iterations:?}");
    assert_eq!(iterations.dropped.total(), 0, "{iterations:?}");
    assert!(iterations.scheduled < 500, "{iterations:?}");
    assert_ne!(
        summary.job.verdict,
        Some(Verdict::Invalid),
        "{}",
        summary.job.reason
    );
}

#[test]
fn requests_after_the_end_of_the_load_are_no_ramp_down() {
    let (data, target) = (TempDir::new("no-ramp"), target(slow(150)));
    let ran = buy(&data, &target, &["--rate", "10", "-d", "1s"]).finish();
    assert!(ran.stdout.contains("iterations "), "{ran:?}");
    let summary = summary(&data);
    let names: Vec<&str> = summary
        .windows
        .iter()
        .map(|window| window.name.as_str())
        .collect();
    assert_eq!(names, ["steady"]);
    assert!(summary.run_time_s > 1.0, "some requests ended after the load");
    let steady = ask(
        &data,
        "select count(*) from requests where job_id = :job and time_window = 'steady'",
    );
    assert_eq!(steady, summary.requests.duration.count.to_string());
}

#[test]
fn nothing_is_planned_after_a_stop() {
    let (data, target) = (TempDir::new("stopped-plan"), target(slow(100)));
    let mut run = buy(&data, &target, &["--rate", "30", "-d", "60s"]).start();
    heavy_testkit::eventually("a second of requests", Duration::from_secs(60), || {
        (target.stats().requests > 100).then_some(())
    });
    run.signal(Signal::INT);
    run.finish().expect_code(130);
    let summary = summary(&data);
    let load_s = summary.job.load_s.unwrap();
    let due = (30.0 * load_s).ceil() as u64;
    let planned: u64 = summary.timeline.points.iter().map(|point| point.planned).sum();
    assert!(planned.abs_diff(due) <= 1, "{planned} planned in {load_s} s");
    let rows = ask(&data, "select sum(planned) from seconds where job_id = :job");
    assert_eq!(rows, planned.to_string());
    for point in &summary.timeline.points {
        let most = (30.0 * point.load_s.unwrap()).ceil() as u64 + 1;
        assert!(point.planned <= most, "{point:?}");
    }
}

#[test]
fn the_failure_of_an_iteration_does_not_count_its_requests_error_again() {
    let behaviour = Behaviour {
        fail_share: 0.3,
        ..Behaviour::default()
    };
    let (data, target) = (TempDir::new("errors-once"), target(behaviour));
    buy(&data, &target, &["--rate", "40", "-d", "1s"]).finish();
    let summary = summary(&data);
    assert!(summary.iterations.failed > 0 && summary.requests.failed > 0);
    let of_iterations = summary.errors.iter().filter(|error| error.name.is_empty());
    let (failed, repeats) = of_iterations.fold((0, 0), |(failed, repeats), error| {
        (failed + error.count, repeats + error.repeats)
    });
    assert_eq!(
        (failed, repeats),
        (summary.iterations.failed, summary.iterations.failed),
        "iterations of this load test fail only by their requests: {:?}",
        summary.errors
    );
    assert_eq!(summary.error_count(), summary.requests.failed);
    let rows = ask(
        &data,
        "select sum(count - repeats) from errors where job_id = :job",
    );
    assert_eq!(rows, summary.requests.failed.to_string());
    let title = format!("{} errors by kind", summary.requests.failed);
    assert!(report(&data, "markdown").contains(&title));
}

#[test]
fn names_of_jobs_are_bounded() {
    let (data, target) = (TempDir::new("long-names"), target(Behaviour::default()));
    let url = format!("http://{}/", target.addr());
    let long = "x".repeat(5_000);
    for (flag, text) in [
        ("--name", long.clone()),
        ("--label", format!("k={long}")),
        ("--description", long.clone()),
    ] {
        let run = heavy(&data, &["run", &url, "--rate", "5", "-d", "1s", flag, &text]);
        let refused = run.finish().expect_code(2);
        assert!(
            refused.stderr.contains("5000 characters: expected at most"),
            "{}",
            refused.stderr
        );
        assert!(refused.stderr.len() < 1_000, "{}", refused.stderr);
    }
    let run = heavy(
        &data,
        &["run", &format!("{url}{long}"), "--rate", "5", "-d", "1s"],
    );
    run.finish();
    let name = ask(&data, "select length(name) from jobs where id = :job");
    assert_eq!(name, "200", "a long URL becomes a name that is shortened");
}

#[test]
fn a_load_test_that_does_not_answer_leaves_no_stray_errors_in_the_log() {
    let data = TempDir::new("stuck");
    let run = heavy(&data, &["run"]).arg(example("fixture"));
    let run = run.args([
        "--workflow",
        "one",
        "--param",
        "mode=stuck",
        "--rate",
        "10",
        "-d",
        "500ms",
        "--graceful-stop",
        "0s",
    ]);
    let ran = run.finish().expect_code(1);
    assert!(ran.stdout.contains("did not stop"), "{}", ran.stdout);
    assert!(!ran.stderr.contains("DeadlineExceeded"), "{}", ran.stderr);
}

/// Whether a summary warns of lag exactly if the lag is a notable share of what is reported.
fn warns_by_rule(summary: &Summary) {
    let lag_ms = summary.generator_lag.p99_ms;
    let reported = match &summary.response_time {
        Some(response) => response,
        None => &summary.iteration_duration,
    };
    let notable =
        lag_ms > 1.0 && lag_ms > 0.05 * reported.p99_ms && summary.job.verdict != Some(Verdict::Invalid);
    let warnings = summary.warnings.iter();
    let warned = warnings.filter(|warning| warning.starts_with("generator lag P99"));
    assert_eq!(
        warned.count(),
        usize::from(notable),
        "lag {lag_ms} of {}: {:?}",
        reported.p99_ms,
        summary.warnings
    );
}

#[test]
fn the_generator_warns_where_its_lag_is_a_notable_part_of_the_times() {
    let (fast, slow) = (target(Behaviour::default()), target(slow(400)));
    for (target, args) in [
        (&fast, ["--rate", "200", "-d", "1s"]),
        (&slow, ["--rate", "50", "-d", "1s"]),
        (&slow, ["--users", "20", "-d", "1s"]),
    ] {
        let data = TempDir::new("warned");
        let url = format!("http://{}/", target.addr());
        let ran = heavy(&data, &["run", &url]).args(args).finish();
        assert!(ran.stdout.contains("iterations "), "{ran:?}");
        warns_by_rule(&summary(&data));
    }
}
