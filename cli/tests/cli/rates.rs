//! The rates of jobs of every load model against a computation of its own, from the raw rows and the job document.

mod computed;

use std::net::TcpListener;
use std::time::Duration;

use heavy_demo_target::{Behaviour, Handle, Latency, Options, Target};
use heavy_results::summary::Summary;
use heavy_store::QueryResult;
use heavy_testkit::{Run, ServiceProcess, Signal, TempDir, binary, eventually};

use computed::Computed;

const PATIENCE: Duration = Duration::from_secs(60);

/// How far a rate may be off.
const TOLERANCE: f64 = 0.001;

/// Thresholds on rates per second; they are met, whatever the rates are.
const THRESHOLDS: [&str; 4] = [
    "iterations: rate>=0",
    "http_reqs: rate>=0",
    "data_received: rate>=0",
    "dropped_iterations: rate>=0",
];

/// A shop whose answers take some time, so that the last iterations end after the load.
fn target() -> Handle {
    let options = Options {
        latency: Latency::Lifelike,
        behaviour: Behaviour {
            slow: Duration::from_millis(30),
            ..Behaviour::default()
        },
        ..Options::default()
    };
    Target::start(TcpListener::bind("127.0.0.1:0").unwrap(), options).unwrap()
}

/// A data directory, whose newest job is looked at.
struct Recorded {
    data: TempDir,
}

impl Recorded {
    fn new(name: &str) -> Self {
        Self {
            data: TempDir::new(name),
        }
    }

    fn heavy(&self) -> Run {
        Run::binary("heavy").env("HEAVY_DATA_DIR", self.data.path())
    }

    /// `heavy run` of the shop, with thresholds on rates.
    fn run(&self, target: &Handle, args: &[&str]) -> Run {
        let run = self.heavy().arg("run").arg(binary("shop"));
        let run = run.args(["--param", &format!("url=http://{}/", target.addr())]);
        let run = run.args(["--allow-invalid", "--allow-drops", "100%"]).args(args);
        THRESHOLDS
            .iter()
            .fold(run, |run, threshold| run.args(["--threshold", threshold]))
    }

    fn summary(&self) -> Summary {
        let report = self.heavy().args(["report", "last", "--format", "json"]);
        serde_json::from_str(&report.finish().expect_code(0).stdout).unwrap()
    }

    fn ask(&self, sql: &str) -> QueryResult {
        let url = format!("sqlite://{}", self.data.path().join("heavy.db").display());
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let store = heavy_store::open(&url).await.unwrap();
            store.query(sql, 1_000_000).await.unwrap()
        })
    }

    /// Every rate that is stored or reported of the job is that of its rows.
    fn compare(&self, what: &str) -> Computed {
        let computed = Computed::new(self);
        let summary = self.summary();
        let equal = |of: &str, said: f64, is: f64| {
            assert!(
                (said - is).abs() <= is * TOLERANCE,
                "{what}: {of} is {is}, not {said}: {computed:?}"
            );
        };
        let started = computed.started_per_second("");
        equal("the rate of starts", summary.job.achieved_rate.unwrap(), started);
        equal("the load", summary.job.load_s.unwrap(), computed.load_s);
        equal(
            "the rate of iterations",
            summary.iteration_rate.unwrap(),
            computed.completed_per_second(""),
        );
        let requests = computed.requests_per_second(|_| true);
        equal("the rate of requests", summary.requests.rate, requests);
        for workflow in &summary.workflows {
            let name = workflow.name.as_str();
            let started = computed.started_per_second(name);
            equal(name, workflow.achieved_rate.unwrap(), started);
            equal(name, workflow.rate, computed.completed_per_second(name));
        }
        let sum_of = |rates: &dyn Fn(&heavy_results::summary::WorkflowSummary) -> f64| {
            summary.workflows.iter().map(rates).sum::<f64>()
        };
        equal(
            "the sum of starts",
            sum_of(&|of| of.achieved_rate.unwrap()),
            started,
        );
        let completed = computed.completed_per_second("");
        equal("the sum of iterations", sum_of(&|of| of.rate), completed);
        self.compare_relations(&computed, &equal);
        for (threshold, is) in summary.thresholds.iter().zip([
            completed,
            requests,
            summary.requests.bytes as f64 / computed.run_s,
            summary.iterations.dropped.total() as f64 / computed.load_s,
        ]) {
            equal(&threshold.expression, threshold.value.unwrap(), is);
        }
        computed
    }

    fn compare_relations(&self, computed: &Computed, equal: &dyn Fn(&str, f64, f64)) {
        let rows = |sql: &str| -> Vec<Vec<String>> {
            let rows = self.ask(sql).rows.into_iter();
            rows.map(|row| row.into_iter().map(Option::unwrap_or_default).collect())
                .collect()
        };
        let number = |text: &String| text.parse::<f64>().unwrap();
        let job = rows("select achieved_rate, load_s from jobs").remove(0);
        equal(
            "jobs.achieved_rate",
            number(&job[0]),
            computed.started_per_second(""),
        );
        equal("jobs.load_s", number(&job[1]), computed.load_s);
        for row in rows("select workflow, achieved_rate, rate from workflow_stats") {
            let started = computed.started_per_second(&row[0]);
            equal("workflow_stats.achieved_rate", number(&row[1]), started);
            let completed = computed.completed_per_second(&row[0]);
            equal("workflow_stats.rate", number(&row[2]), completed);
        }
        let stats = rows("select workflow, step, name, rate from request_stats");
        assert!(!stats.is_empty());
        for row in stats {
            let own = computed.requests_per_second(|request| request[..] == row[..3]);
            equal("request_stats.rate", number(&row[3]), own);
        }
        for row in rows("select count, rate from step_stats") {
            equal(
                "step_stats.rate",
                number(&row[1]),
                number(&row[0]) / computed.run_s,
            );
        }
        let csv = self.heavy().args(["report", "last", "--format", "csv"]);
        let csv = csv.finish().expect_code(0).stdout;
        let mut lines = csv.lines().map(|line| line.split(',').collect::<Vec<_>>());
        let heads = lines.next().unwrap();
        let place = heads.iter().position(|head| *head == "rate_per_s").unwrap();
        let rates = lines.filter_map(|line| line.get(place)?.parse::<f64>().ok());
        let rates: Vec<f64> = rates.collect();
        for rate in [
            computed.started_per_second(""),
            computed.requests_per_second(|_| true),
        ] {
            let near = |said: &f64| (said - rate).abs() <= rate * TOLERANCE;
            assert!(rates.iter().any(near), "{rate} is not among {rates:?}");
        }
    }
}

/// Runs jobs at the same time, and compares each.
fn compare_all(jobs: &[(&str, &[&str])]) {
    let target = target();
    std::thread::scope(|scope| {
        for (what, args) in jobs {
            let target = &target;
            scope.spawn(move || {
                let recorded = Recorded::new("rates");
                let ran = recorded.run(target, args).finish();
                assert!(ran.stdout.contains("iterations "), "{what}: {ran:?}");
                recorded.compare(what);
            });
        }
    });
}

#[test]
fn rates_of_open_loads_are_those_of_their_rows() {
    compare_all(&[
        ("a rate", &["--workflow", "buy", "--rate", "20", "-d", "2s"]),
        (
            "stages",
            &[
                "--workflow",
                "buy",
                "--stages",
                "1s:30,1s:10,500ms:0",
                "--rate",
                "10",
                "--warm-up",
                "500ms",
            ],
        ),
        (
            "random arrivals",
            &[
                "--workflow",
                "browse",
                "--rate",
                "20",
                "--arrivals",
                "poisson",
                "-d",
                "2s",
            ],
        ),
        (
            "two workflows",
            &[
                "--workflow",
                "browse=2",
                "--workflow",
                "buy",
                "--rate",
                "15",
                "-d",
                "2500ms",
            ],
        ),
    ]);
}

#[test]
fn rates_of_users_are_those_of_their_rows() {
    compare_all(&[
        ("users", &["--workflow", "buy", "--users", "3", "-d", "2s"]),
        (
            "users with pacing",
            &["--workflow", "buy", "--users", "10", "--pacing", "1s", "-d", "3s"],
        ),
        (
            "stages of users",
            &["--workflow", "buy", "--users", "1s:4,500ms:4,1s:0"],
        ),
        (
            "shared iterations",
            &["--workflow", "buy", "--iterations", "25", "--users", "4"],
        ),
        (
            "iterations of each user",
            &["--workflow", "buy", "--iterations-per-user", "6", "--users", "4"],
        ),
    ]);
}

#[test]
fn paced_users_have_the_rate_of_the_plan() {
    let target = target();
    let recorded = Recorded::new("paced");
    let args = ["--workflow", "buy", "--users", "10", "--pacing", "1s", "-d", "3s"];
    let strict = ["--threshold", "iterations: rate<12"];
    let run = recorded.run(&target, &args).args(strict);
    let ran = run.finish();
    assert!([Some(0), Some(98)].contains(&ran.code), "{ran:?}");
    let summary = recorded.summary();
    assert_eq!(summary.iterations.started, 30);
    assert_eq!(summary.job.achieved_rate, Some(10.0));
    assert!(summary.thresholds.iter().all(|threshold| threshold.passed()));
}

#[test]
fn rates_of_a_stopped_job_end_with_the_stop() {
    let target = target();
    let recorded = Recorded::new("stopped");
    let args = ["--workflow", "buy", "--rate", "20", "-d", "60s"];
    let mut run = recorded.run(&target, &args).start();
    eventually("a second of requests", PATIENCE, || {
        (target.stats().requests > 40).then_some(())
    });
    run.signal(Signal::INT);
    run.finish().expect_code(130);
    let computed = recorded.compare("stopped");
    assert!(computed.load_s < 50.0, "{computed:?}");
}

/// A job in `heavy up`, with what is done to it while it runs.
fn compare_changed(what: &str, change: impl FnOnce(&dyn Fn(&[&str]))) -> Computed {
    let target = target();
    let recorded = Recorded::new("changed");
    let up = recorded.heavy().args(["up", "--listen", "127.0.0.1:0"]);
    let up = ServiceProcess::start("heavy up", up);
    let url = up.url();
    let run = recorded.run(&target, &["--workflow", "buy", "--rate", "20", "-d", "3s"]);
    let run = run.args(["--scheduler", &url]).start();
    eventually("some requests", PATIENCE, || {
        (target.stats().requests > 10).then_some(())
    });
    change(&|args| {
        let command = recorded.heavy().args(args).args(["--scheduler", &url]);
        command.finish().expect_code(0);
    });
    run.finish();
    up.stop().expect_code(0);
    recorded.compare(what)
}

#[test]
fn rates_of_a_paused_job_are_over_its_pause_too() {
    let computed = compare_changed("paused", |order| {
        order(&["pause", "last"]);
        order(&["resume", "last"]);
    });
    assert!(computed.load_s > 3.0, "{computed:?}");
}

#[test]
fn rates_after_a_change_of_rate_are_those_of_the_rows() {
    let computed = compare_changed("changed", |order| order(&["rate", "last", "40"]));
    assert!(computed.started_per_second("") > 20.5, "{computed:?}");
}
