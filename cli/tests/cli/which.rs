//! Which scheduler or database a command reads: one rule, and those that read rows say which.

use std::net::TcpListener;

use heavy_demo_target::{Options, Target};
use heavy_testkit::{Run, ServiceProcess, TempDir, binary};
use serde_json::Value;

use crate::stored::Stored;

/// A scheduler with a data directory of its own and one job.
struct Cluster {
    _folder: TempDir,
    up: ServiceProcess,
    job: String,
}

impl Cluster {
    fn new() -> Self {
        let folder = TempDir::new("cluster");
        let up = Run::binary("heavy")
            .args(["up", "--listen", "127.0.0.1:0"])
            .env("HEAVY_DATA_DIR", folder.path());
        let up = ServiceProcess::start("heavy up", up);
        let target = Target::start(TcpListener::bind("127.0.0.1:0").unwrap(), Options::default()).unwrap();
        let submitted = Run::binary("heavy-sched")
            .args(["submit", "--rate", "20", "--duration", "500ms", "--json"])
            .arg(binary("http_get"))
            .arg("--param")
            .arg(format!("url=http://{}/", target.addr()))
            .env("HEAVY_SCHEDULER", up.url())
            .finish();
        let summary: Value = serde_json::from_str(&submitted.stdout).unwrap();
        let job = summary["job"]["id"].as_str().unwrap().to_owned();
        Self {
            _folder: folder,
            up,
            job,
        }
    }
}

#[test]
fn what_reads_rows_says_from_where_whatever_the_scheduler() {
    let (cluster, stored) = (Cluster::new(), Stored::new());
    let file = stored.folder().join("heavy.db").canonicalize().unwrap();
    let database = format!("from sqlite://{}", file.display());
    let last = stored.last.to_string();
    let with = |args: &[&str]| stored.heavy(args).env("HEAVY_SCHEDULER", cluster.up.url());
    let not_of = format!("not HEAVY_SCHEDULER={}", cluster.up.url());
    for (args, what) in [
        (
            &["sql", "select 1 where '' <> :job"][..],
            format!(":job is {last} "),
        ),
        (&["sql", "select 1"], "reading from ".to_owned()),
        (
            &["export", "last", "--format", "jsonl"],
            format!(" of job {last} "),
        ),
        (&["history", "stored"], "2 jobs of stored".to_owned()),
    ] {
        let said = with(args).finish().expect_code(0).stderr;
        let line = said.lines().find(|line| line.contains(&what));
        let line = line.unwrap_or_else(|| panic!("{args:?}: {said}"));
        assert!(
            line.contains(&database) && line.contains(&not_of),
            "{args:?}: {said}"
        );
        let said = stored.heavy(args).finish().expect_code(0).stderr;
        assert!(
            said.contains(&database) && !said.contains("HEAVY_SCHEDULER"),
            "{said}"
        );
    }
    let said = with(&["diff", &stored.first.to_string(), "last"]).finish().stderr;
    let line = format!("job {last} against {}", stored.first);
    assert!(
        said.contains(&line) && said.contains(&database) && said.contains(&not_of),
        "{said}"
    );
    let job = &cluster.job;
    let report = with(&["report", "last"]).finish().expect_code(0);
    let line = format!(
        "job {job} (http_get) from the scheduler at {}\n",
        cluster.up.url()
    );
    assert!(report.stderr.contains(&line), "{}", report.stderr);
    let report = stored.heavy(&["report", "last"]).finish().expect_code(0);
    assert!(
        report.stderr.contains(&last) && report.stderr.contains(&database),
        "{}",
        report.stderr
    );
    cluster.up.stop();
}

#[test]
fn a_flag_overrides_variables() {
    let stored = Stored::new();
    let folder = stored.folder().to_str().unwrap();
    let with = |args: &[&str]| {
        Run::binary("heavy")
            .args(args)
            .env("HEAVY_SCHEDULER", "http://127.0.0.1:1")
    };
    for verb in [&["list"][..], &["report", "last"], &["status", "last"]] {
        with(verb).finish().expect_code(1);
        with(&[verb, &["--data-dir", folder]].concat())
            .finish()
            .expect_code(0);
    }
    let both = with(&["list", "--data-dir", folder, "--scheduler", "http://127.0.0.1:1"]);
    let both = both.finish().expect_code(2).stderr;
    assert!(
        both.contains("--scheduler conflicts with --database and --data-dir"),
        "{both}"
    );
}

#[test]
fn the_directory_of_a_database_is_not_made() {
    let folder = TempDir::new("nowhere");
    let missing = folder.join("none");
    let database = format!("sqlite://{}/x.db", missing.display());
    let part = format!("the directory {} does not exist", missing.display());
    let data = folder.join("data");
    let commands = [
        Run::binary("heavy").args(["run", "http://127.0.0.1:1/", "--duration", "1s"]),
        Run::binary("heavy").args(["up", "--listen", "127.0.0.1:0"]),
        Run::binary("heavy-sched").args(["serve", "--listen", "127.0.0.1:0"]),
        Run::binary("heavy-collector").args(["--listen", "127.0.0.1:0"]),
    ];
    for command in commands {
        let command = command.args(["--database", &database]);
        let refused = command.env("HEAVY_DATA_DIR", &data).finish().expect_code(1);
        assert!(refused.stderr.contains(&part), "{}", refused.stderr);
    }
    assert!(!missing.exists());
    let left = std::fs::read_dir(data.join("runs")).unwrap();
    assert_eq!(left.count(), 0, "nothing is left behind");
    // The default one is made in a directory that heavy makes.
    let collector = Run::binary("heavy-collector").args(["--listen", "127.0.0.1:0", "--data-dir"]);
    let new = folder.join("new/dir");
    ServiceProcess::start("collector", collector.arg(&new)).stop();
    assert!(new.join("heavy.db").exists());
}
