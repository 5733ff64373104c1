//! The end of a job when its results are late or never come, with real processes.

use std::net::TcpListener;
use std::time::Duration;

use heavy_demo_target::{Handle, Options, Target};
use heavy_testkit::{Run, Running, ServiceProcess, Signal, TempDir, binary, eventually, free_port};

/// The waits of these tests are for conditions; the limit only ends a test that hangs.
const LIMIT: Duration = Duration::from_secs(180);

/// A scheduler, a target, and agents of a collector that can be stopped and started again.
struct Bench {
    home: TempDir,
    scheduler: ServiceProcess,
    collector_port: u16,
    target: Handle,
}

impl Bench {
    fn start(name: &str) -> Self {
        let home = TempDir::new(name);
        let database = format!("sqlite://{}", home.join("heavy.db").display());
        let serve = Run::binary("heavy-sched").args(["serve", "--listen", "127.0.0.1:0"]);
        let serve = serve.args(["--database", &database]).arg("--data-dir");
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        Self {
            scheduler: ServiceProcess::start("scheduler", serve.arg(home.join("scheduler"))),
            home,
            collector_port: free_port(),
            target: Target::start(listener, Options::default()).unwrap(),
        }
    }

    fn collector(&self) -> ServiceProcess {
        let database = format!("sqlite://{}", self.home.join("heavy.db").display());
        let listen = format!("127.0.0.1:{}", self.collector_port);
        let run = Run::binary("heavy-collector").args(["--listen", &listen, "--database", &database]);
        let run = run.arg("--data-dir").arg(self.home.join("collector"));
        ServiceProcess::start("collector", run)
    }

    fn agent(&self, name: &str) -> Running {
        let collector = format!("http://127.0.0.1:{}", self.collector_port);
        let run = Run::binary("heavy-agent").args(["--name", name, "--scheduler", &self.scheduler.url()]);
        let run = run.args(["--collector", &collector, "--data-dir"]);
        let agent = run.arg(self.home.join(name)).timeout(LIMIT).start();
        agent.wait_line(|line| line.contains("connected to"));
        agent
    }

    fn heavy(&self, args: &[&str]) -> Run {
        let run = Run::binary("heavy").args(args).timeout(LIMIT);
        // A busy machine may start iterations late; what is missing is not excused.
        run.env("HEAVY_SCHEDULER", self.scheduler.url())
            .env("HEAVY_ALLOW_INVALID", "1")
    }

    fn submit(&self, load: &[&str]) -> Running {
        let param = format!("url=http://{}/", self.target.addr());
        let test = binary("http_get");
        let submit = ["submit", test.to_str().unwrap(), "--param", &param];
        self.heavy(&[&submit[..], load].concat()).start()
    }

    /// Until the target has got some requests.
    fn wait_for_load(&self) {
        eventually("requests", LIMIT, || {
            (self.target.stats().requests > 100).then_some(())
        });
    }

    fn csv(&self, sql: &str) -> String {
        let database = format!("sqlite://{}", self.home.join("heavy.db").display());
        let query = ["sql", "--database", &database, "--format", "csv", sql];
        self.heavy(&query).finish().expect_code(0).stdout
    }
}

/// What the summary counts less the rows that are there.
const MORE_THAN_ROWS: &str = "\
SELECT (SELECT sum(count) FROM request_stats) - (SELECT count(*) FROM requests) AS requests,
    (SELECT sum(started) FROM assignments) - (SELECT count(*) FROM iterations) AS iterations,
    (SELECT count(*) FROM iterations) AS rows, (SELECT sum(planned) FROM assignments) AS planned,
    (SELECT count(*) FROM summary_revisions) AS revisions FROM jobs";

#[test]
fn a_job_waits_for_its_collector_and_then_counts_all_of_its_rows() {
    let bench = Bench::start("delivering-collector");
    let collector = bench.collector();
    let _agent = bench.agent("a");
    let submit = bench.submit(&["--rate", "200", "--duration", "5s"]);
    bench.wait_for_load();
    collector.stop().expect_code(0);
    let line = submit.wait_line(|line| line.contains("delivering: waiting for results: agent a has "));
    assert!(line.contains(" batches ("), "{line}");
    let shown = bench.heavy(&["status", "last"]).finish().expect_code(0).stdout;
    assert!(shown.contains("waiting for results: agent a has "), "{shown}");
    let _collector = bench.collector();
    let ended = submit.finish().expect_code(0);
    assert!(ended.stdout.contains("PASS"), "{ended:?}");
    assert_eq!(
        bench.csv(MORE_THAN_ROWS),
        "requests,iterations,rows,planned,revisions\r\n0,0,1000,1000,1\r\n"
    );
}

#[test]
fn an_agent_that_is_killed_for_good_makes_its_job_invalid_and_what_it_may_have_run_is_no_gap() {
    let bench = Bench::start("delivering-killed");
    let _collector = bench.collector();
    let (_a, mut b) = (bench.agent("a"), bench.agent("b"));
    let submit = bench.submit(&["--agents", "2", "--rate", "200", "--duration", "20s"]);
    bench.wait_for_load();
    b.signal(Signal::KILL);
    let ended = submit.finish().expect_code(98);
    assert!(
        ended
            .stdout
            .contains("results are missing: agent b did not deliver"),
        "{ended:?}"
    );
    let counts = "SELECT agent, unknown + lost > 500 AS unknown, dropped_gap > 0 AS gap, dropped_gap < 100 AS short, \
                  scheduled - started - dropped - unknown AS rest FROM assignments ORDER BY agent";
    assert_eq!(
        bench.csv(counts),
        "agent,unknown,gap,short,rest\r\na,0,0,1,0\r\nb,1,1,1,0\r\n",
        "most of its lease is unknown, and only what came between its end and the others' new share was never started"
    );
}

#[test]
fn users_of_an_agent_that_is_gone_are_missed() {
    let bench = Bench::start("delivering-users");
    let _collector = bench.collector();
    let (_a, _b, mut c) = (bench.agent("a"), bench.agent("b"), bench.agent("c"));
    let submit = bench.submit(&[
        "--agents",
        "3",
        "--users",
        "30",
        "--pacing",
        "100ms",
        "--duration",
        "20s",
    ]);
    bench.wait_for_load();
    c.signal(Signal::KILL);
    submit.finish().expect_code(98);
    let summary = bench.heavy(&["report", "last", "--format", "json"]);
    let summary = summary.finish().expect_code(0).stdout;
    let summary: serde_json::Value = serde_json::from_str(&summary).unwrap();
    let of = |name: &str| summary["users"][name].as_f64().unwrap();
    assert!((of("planned_s") - 600.0).abs() < 0.001, "{}", summary["users"]);
    // Ten users, from the end of the lease, which is 10 s, to the end of the load.
    assert!((20.0..150.0).contains(&of("missing_s")), "{}", summary["users"]);
}
