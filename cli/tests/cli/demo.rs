//! `heavy demo` from its start to the answers afterwards.

use std::time::Duration;

use heavy_results::summary::Summary;
use heavy_testkit::{Postgres, Run, Signal, TempDir, eventually};
use serde_json::{Value, json};

/// PASS, or INVALID where the machine is too busy to start iterations in time; a test asserts no times.
const RAN: [Option<i32>; 2] = [Some(0), Some(98)];

/// `heavy` with its data in the folder.
fn heavy(folder: &TempDir, args: &[&str]) -> Run {
    Run::binary("heavy")
        .args(args)
        .env("HEAVY_DATA_DIR", folder.path())
}

fn asked(folder: &TempDir, sql: &str) -> Value {
    let answer = heavy(folder, &["sql", "--format", "json", sql])
        .finish()
        .expect_code(0);
    serde_json::from_str(&answer.stdout).unwrap()
}

/// Processes that run a program from the folder.
fn running_from(folder: &TempDir) -> usize {
    let of = |entry: std::fs::DirEntry| std::fs::read_link(entry.path().join("exe")).ok();
    let programs = std::fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| of(entry.unwrap()));
    programs
        .filter(|program| program.starts_with(folder.path()))
        .count()
}

#[test]
fn a_demo_ends_with_a_report_and_can_be_asked_about() {
    let folder = TempDir::new("demo");
    let demo = heavy(&folder, &["demo", "--rate", "50", "--duration", "2s", "--full"]).finish();
    assert!(RAN.contains(&demo.code), "{demo:?}");
    for part in [
        "Test ID",
        "Workflow shop",
        "Step browse",
        "GET /products/{id}",
        "P99.9",
        "the list has products",
    ] {
        assert!(demo.stdout.contains(part), "{part}: {}", demo.stdout);
    }
    assert!(demo.stderr.contains("heavy sql --data-dir"), "{}", demo.stderr);

    let report = heavy(&folder, &["report", "last", "--format", "json"])
        .finish()
        .expect_code(0);
    let summary: Summary = serde_json::from_str(&report.stdout).unwrap();
    assert!(
        summary.complete && summary.iterations.balances(),
        "{:?}",
        summary.iterations
    );
    assert!(summary.agents.iter().all(|agent| agent.iterations.balances()));
    assert_eq!(
        (summary.iterations.planned, summary.iterations.scheduled),
        (100, 100)
    );
    assert_eq!(summary.iterations.lost + summary.iterations.interrupted, 0);

    let count = |relation: &str| {
        asked(
            &folder,
            &format!("SELECT count(*) AS n FROM {relation} WHERE job_id = :job"),
        )
    };
    assert_eq!(count("requests"), json!([{"n": summary.requests.duration.count}]));
    assert_eq!(count("iterations"), json!([{"n": summary.iterations.started}]));
    let agents = "SELECT scheduled - started - dropped AS a, started - completed - interrupted - lost AS b \
                  FROM assignments WHERE job_id = :job";
    assert_eq!(asked(&folder, agents), json!([{"a": 0, "b": 0}]));

    let shown = heavy(&folder, &["report", "last", "--full"])
        .finish()
        .expect_code(0)
        .stdout;
    assert!(shown.contains("POST /checkout"), "{shown}");
}

#[test]
fn ctrl_c_stops_the_job_reports_what_ran_and_leaves_nothing() {
    let folder = TempDir::new("interrupted");
    let mut demo = heavy(&folder, &["demo", "--rate", "20", "--duration", "10m"])
        .timeout(Duration::from_secs(120))
        .start();
    demo.wait_line(|line| line.starts_with("running"));
    assert_eq!(running_from(&folder), 1, "the load test is one process");
    demo.signal(Signal::INT);
    let ended = demo.finish().expect_code(130);
    assert!(ended.stdout.contains("\nSTOPPED "), "{}", ended.stdout);
    eventually("the load test is gone", Duration::from_secs(10), || {
        (running_from(&folder) == 0).then_some(())
    });
    let state = asked(&folder, "SELECT state FROM jobs WHERE id = :job");
    assert_eq!(state, json!([{"state": "stopped"}]));
}

#[test]
fn two_at_once_in_one_folder_do_not_disturb_each_other() {
    let folder = TempDir::new("two");
    let mut first = heavy(&folder, &["demo", "--rate", "20", "--duration", "10m"])
        .timeout(Duration::from_secs(120))
        .start();
    first.wait_line(|line| line.starts_with("running"));
    let second = heavy(&folder, &["demo", "--duration", "1s"]).finish();
    assert!(RAN.contains(&second.code), "{second:?}");
    assert!(first.is_alive());
    first.signal(Signal::INT);
    let first = first.finish().expect_code(130);
    assert!(first.stdout.contains("\nSTOPPED "), "{}", first.stdout);
}

#[test]
fn a_demo_can_be_kept() {
    let folder = TempDir::new("kept");
    let demo = heavy(&folder, &["demo", "--keep", "--rate", "20", "--duration", "1s"]);
    let mut demo = demo.timeout(Duration::from_secs(120)).start();
    let line = demo.wait_line(|line| line.starts_with("The scheduler is at "));
    let scheduler = line.split_whitespace().nth(4).unwrap().trim_end_matches(',');
    let list = Run::binary("heavy")
        .args(["list", "--scheduler", scheduler])
        .finish()
        .expect_code(0);
    assert!(list.stdout.contains("demo"), "{}", list.stdout);
    demo.signal(Signal::INT);
    let code = demo.finish().code;
    assert!(RAN.contains(&code), "{code:?}");
}

#[test]
fn a_demo_on_postgres_can_be_asked_in_the_same_words() {
    let folder = TempDir::new("postgres");
    let database = Postgres::shared().database();
    let heavy = |args: &[&str]| heavy(&folder, args).env("HEAVY_DATABASE", database.url());
    let demo = heavy(&["demo", "--rate", "50", "--duration", "2s"]).finish();
    assert!(RAN.contains(&demo.code), "{demo:?}");
    let sql = "SELECT name, count FROM request_stats WHERE job_id = :job AND name = 'GET /products'";
    let answer = heavy(&["sql", "--format", "csv", sql]).finish().expect_code(0);
    assert_eq!(answer.stdout, "name,count\r\nGET /products,100\r\n");
    let report = heavy(&["report", "last", "--format", "json"])
        .finish()
        .expect_code(0);
    let summary: Summary = serde_json::from_str(&report.stdout).unwrap();
    assert!(
        summary.complete && summary.iterations.balances(),
        "{:?}",
        summary.iterations
    );
    assert!(!folder.path().join("heavy.db").exists());
}
