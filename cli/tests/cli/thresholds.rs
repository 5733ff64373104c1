//! Thresholds through the real programs: what they say, with which code they end, and that they stop the load everywhere.

use std::net::TcpListener;
use std::time::Duration;

use heavy_demo_target::{Handle, Options, Target};
use heavy_results::job::{Checked, JobState, JobView};
use heavy_results::summary::Summary;
use heavy_results::threshold::ThresholdOutcome;
use heavy_results::verdict::Verdict;
use heavy_testkit::{Finished, Run, ServiceProcess, TempDir, binary, eventually, http};

const LIMIT: Duration = Duration::from_secs(60);

fn target() -> Handle {
    Target::start(TcpListener::bind("127.0.0.1:0").unwrap(), Options::default()).unwrap()
}

fn heavy(data: &TempDir, args: &[&str]) -> Finished {
    Run::binary("heavy")
        .args(args)
        .env("HEAVY_DATA_DIR", data.path())
        .finish()
}

/// What `heavy check` says as JSON, and with which code it ends.
fn check(data: &TempDir, code: i32, thresholds: &[&str]) -> Checked {
    let mut args = vec!["check", "last", "--json"];
    thresholds
        .iter()
        .for_each(|threshold| args.extend(["--threshold", threshold]));
    let finished = heavy(data, &args).expect_code(code);
    serde_json::from_str(&finished.stdout).unwrap()
}

#[test]
fn a_broken_threshold_is_99_and_the_job_can_be_judged_again() {
    let (data, target) = (TempDir::new("thresholds"), target());
    let url = format!("http://{}/", target.addr());
    let broken = "http_req_duration: max<1ns";
    let run = |report: &str| {
        let args = [
            "run",
            &url,
            "--rate",
            "50",
            "--duration",
            "2s",
            "--allow-invalid",
            "--threshold",
        ];
        let args = [
            &args[..],
            &[broken, "--threshold", "http_reqs: count==100", "--report", report],
        ]
        .concat();
        heavy(&data, &args).expect_code(99)
    };
    let finished = run("text=-");
    let reason = format!("FAIL  threshold {broken} was broken: ");
    assert!(finished.stdout.starts_with(&reason), "{}", finished.stdout);
    assert!(
        finished.stderr.contains(&format!("threshold  {broken}")),
        "{}",
        finished.stderr
    );
    let thresholds = finished.stdout.find("\nThresholds\n").unwrap();
    assert!(
        thresholds < finished.stdout.find("Test ID").unwrap(),
        "{}",
        finished.stdout
    );

    let summary: Summary = serde_json::from_str(&run("json=-").stdout).unwrap();
    assert_eq!(summary.job.verdict, Some(Verdict::Fail));
    let outcomes: Vec<_> = summary
        .thresholds
        .iter()
        .map(|threshold| threshold.outcome)
        .collect();
    assert_eq!(outcomes, [ThresholdOutcome::Broken, ThresholdOutcome::Met]);
    assert_eq!(
        summary.thresholds[0].value,
        Some(summary.requests.duration.max_ms)
    );

    let rows = "SELECT expression, passed FROM thresholds WHERE job_id = :job ORDER BY expression";
    let rows = heavy(&data, &["sql", "--format", "csv", rows])
        .expect_code(0)
        .stdout;
    assert_eq!(
        rows,
        format!("expression,passed\r\n{broken},0\r\nhttp_reqs: count==100,1\r\n")
    );

    judged_again(&data, broken, &summary);
}

fn judged_again(data: &TempDir, broken: &str, summary: &Summary) {
    let again = check(data, 99, &[]);
    assert_eq!((&again.thresholds, again.passed), (&summary.thresholds, false));
    let others = check(
        data,
        0,
        &[
            "http_reqs: rate>=50",
            "http_reqs: rate>=1 over 1s",
            "http_req_failed: rate<1%",
        ],
    );
    assert!(
        others.passed && others.thresholds[0].value == Some(50.0),
        "{others:?}"
    );
    let none = check(data, 99, &["checks: rate>0.5"]);
    assert_eq!(none.thresholds[0].outcome, ThresholdOutcome::NoSamples);
    let text = heavy(data, &["check", "last"]).expect_code(99).stdout;
    assert!(text.starts_with(&format!("broken      {broken}\n")), "{text}");
}

#[test]
fn what_cannot_be_understood_is_2_and_starts_nothing() {
    let (data, target) = (TempDir::new("thresholds"), target());
    let url = format!("http://{}/", target.addr());
    let file = data.join("job.toml");
    std::fs::write(
        &file,
        "rate = \"5\"\nthresholds = [\"http_req_failed: rate<5\"]\n",
    )
    .unwrap();
    let file = file.to_str().unwrap();
    for (args, part) in [
        (
            &["--threshold", "http_req_duraton: p(95)<500"][..],
            "did you mean `http_req_duration`?",
        ),
        (
            &["--threshold", "p(95)<500"],
            "the metric is missing: write http_req_duration: ",
        ),
        (
            &["--threshold", "http_req_duration{tenant:acme}: p(95)<500"],
            "no tags",
        ),
        (
            &[
                "--threshold",
                "http_reqs: count>1",
                "--threshold",
                "http_reqs: count > 1",
            ],
            "duplicate threshold",
        ),
        (
            &["--threshold", "http_req_duration{workflow:buy}: p(95)<500"],
            "selects a workflow that the job does not run: expected one of http",
        ),
        (&["--file", file], "a share is 0 to 1"),
    ] {
        let args = [&["run", &url, "--rate", "5", "--duration", "1s"], args].concat();
        let finished = heavy(&data, &args).expect_code(2);
        assert!(finished.stderr.contains(part), "{args:?}: {}", finished.stderr);
        assert_eq!(finished.stdout, "", "{args:?}");
    }
    assert_eq!(target.stats().requests, 0);
    let args = ["run", &url, "--rate", "5", "--duration", "1s", "--allow-invalid"];
    heavy(&data, &args).expect_code(0);
    let finished = heavy(&data, &["check", "last"]).expect_code(2);
    assert!(
        finished.stderr.contains("the job has no thresholds"),
        "{}",
        finished.stderr
    );
    let finished = heavy(&data, &["check", "last", "--threshold", "chekcs: rate>1"]).expect_code(2);
    assert!(
        finished.stderr.contains("did you mean `checks`?"),
        "{}",
        finished.stderr
    );
}

/// A scheduler, a collector and two agents, in this order.
fn cluster(data: &TempDir) -> [ServiceProcess; 4] {
    let run = |name: &str| Run::binary(name).env("XDG_DATA_HOME", data.path());
    let database = format!("sqlite://{}", data.join("heavy.db").display());
    let served = |name: &str, verb: &[&str]| {
        let run = run(name)
            .args(verb)
            .args(["--listen", "127.0.0.1:0", "--database", &database]);
        ServiceProcess::start(name, run)
    };
    let (scheduler, collector) = (served("heavy-sched", &["serve"]), served("heavy-collector", &[]));
    let agent = |name: &str| {
        let run = run("heavy-agent").args(["--name", name, "--data-dir", data.join(name).to_str().unwrap()]);
        let run = run.args(["--scheduler", &scheduler.url(), "--collector", &collector.url()]);
        ServiceProcess::start_when(name, run, |line| line.contains("connected to"))
    };
    let (a, b) = (agent("a"), agent("b"));
    [scheduler, collector, a, b]
}

#[test]
fn abort_stops_the_load_on_two_agents_long_before_its_end() {
    let (data, target) = (TempDir::new("abort"), target());
    let [scheduler, collector, a, b] = cluster(&data);
    let abort = "http_req_failed: rate<0.5 over 2s abort";
    let url = format!("url=http://{}/", target.addr());
    let submit = Run::binary("heavy-sched")
        .args([
            "submit",
            binary("http_get").to_str().unwrap(),
            "--scheduler",
            &scheduler.url(),
        ])
        .args([
            "--rate",
            "100",
            "--duration",
            "10m",
            "--agents",
            "2",
            "--allow-invalid",
            "--json",
        ])
        .args([
            "--threshold",
            abort,
            "--threshold",
            "http_reqs: count>10 over 1s",
            "--param",
            &url,
        ])
        .timeout(LIMIT)
        .start();
    eventually("requests", LIMIT, || {
        (target.stats().requests > 200).then_some(())
    });
    http::send(target.addr(), "POST", "/_control", r#"{"fail_share":1}"#).unwrap();
    let finished = submit.finish().expect_code(99);
    let summary: Summary = serde_json::from_str(&finished.stdout).unwrap();
    was_stopped(&summary, abort);
    assert!(target.stats().requests <= summary.iterations.started);

    let events = "SELECT kind, who FROM events WHERE job_id = :job AND kind = 'abort'";
    let database = format!("sqlite://{}", data.join("heavy.db").display());
    let events = heavy(
        &data,
        &["sql", "--database", &database, "--format", "csv", events],
    );
    assert_eq!(events.expect_code(0).stdout, "kind,who\r\nabort,threshold\r\n");

    asked_of(&scheduler, &summary);
    for service in [a, b, collector, scheduler] {
        service.stop().expect_code(0);
    }
}

/// Judges the job again through its scheduler.
fn asked_of(scheduler: &ServiceProcess, summary: &Summary) {
    let check = |threshold: &[&str]| {
        let run =
            Run::binary("heavy-sched").args(["--scheduler", &scheduler.url(), "check", "last", "--json"]);
        run.args(threshold).finish()
    };
    let again: Checked = serde_json::from_str(&check(&[]).expect_code(99).stdout).unwrap();
    assert_eq!(again.thresholds[0].value, summary.thresholds[0].value);
    let rate: Checked = serde_json::from_str(
        &check(&["--threshold", "http_reqs: rate<1"])
            .expect_code(99)
            .stdout,
    )
    .unwrap();
    let achieved = rate.thresholds[0].value.unwrap();
    assert!(
        (achieved - summary.requests.rate).abs() < 0.01,
        "{achieved} and {}",
        summary.requests.rate
    );
    check(&["--threshold", "nonsense"]).expect_code(2);
    let status =
        Run::binary("heavy-sched").args(["--scheduler", &scheduler.url(), "status", "last", "--json"]);
    let view: JobView = serde_json::from_str(&status.finish().expect_code(0).stdout).unwrap();
    assert_eq!(view.summary.as_ref(), Some(summary));
}

/// What is known of a job that a threshold has stopped.
fn was_stopped(summary: &Summary, abort: &str) {
    let job = &summary.job;
    assert_eq!(
        (job.state, job.verdict),
        (JobState::Finished, Some(Verdict::Fail))
    );
    let said = format!("threshold {abort} was broken: ");
    assert!(
        job.reason.starts_with(&said) && job.reason.contains("it stopped the load"),
        "{}",
        job.reason
    );
    assert!(
        summary.thresholds[0].aborted_at_second.is_some(),
        "{:?}",
        summary.thresholds
    );
    assert!(summary.iterations.balances());
    assert!(summary.iterations.scheduled < 6_000, "{:?}", summary.iterations);
    for agent in &summary.agents {
        assert!(agent.iterations.started > 0, "{agent:?}");
    }
    assert_eq!(summary.agents.len(), 2);
}
