//! Deleting jobs from the local database and through a scheduler.

use std::net::TcpListener;

use heavy_demo_target::{Options, Target};
use heavy_testkit::{Run, ServiceProcess, TempDir};
use serde_json::Value;

use crate::stored::Stored;

fn ids(list: &str) -> Vec<String> {
    let jobs: Value = serde_json::from_str(list).unwrap();
    let ids = jobs.as_array().unwrap().iter().map(|job| &job["id"]);
    ids.map(|id| id.as_str().unwrap().to_owned()).collect()
}

#[test]
fn jobs_are_deleted_from_the_local_database() {
    let stored = Stored::new();
    let (first, last) = (stored.first.to_string(), stored.last.to_string());
    let wrong = stored
        .heavy(&["delete", "last", "ffffffff"])
        .finish()
        .expect_code(1);
    assert!(wrong.stderr.contains("ffffffff"), "{}", wrong.stderr);
    let list = || ids(&stored.heavy(&["jobs", "--json"]).finish().expect_code(0).stdout);
    assert_eq!(
        list(),
        [last.clone(), first.clone()],
        "a wrong name deletes nothing"
    );
    let deleted = stored.heavy(&["delete", "last", &last]).finish().expect_code(0);
    assert_eq!(deleted.stderr, format!("deleted job {last}\n"), "each once");
    assert_eq!(list(), [first]);
    stored.heavy(&["status", &last]).finish().expect_code(1);
    let rows = stored.heavy(&[
        "sql",
        "--format",
        "csv",
        "select count(*) as n from request_stats",
    ]);
    assert_eq!(rows.finish().expect_code(0).stdout, "n\r\n1\r\n");
}

#[test]
fn a_database_that_is_not_there_is_not_made() {
    let folder = TempDir::new("nothing");
    let database = format!("sqlite://{}", folder.join("none.db").display());
    let deleted = Run::binary("heavy").args(["delete", "last", "--database", &database]);
    deleted.finish().expect_code(1);
    assert!(!folder.join("none.db").exists());
}

#[test]
fn old_jobs_are_pruned_or_only_their_rows() {
    let stored = Stored::new();
    let ids = || ids(&stored.heavy(&["jobs", "--json"]).finish().expect_code(0).stdout);
    let prune = |args: &[&str]| {
        stored
            .heavy(&[&["prune", "--older-than"], args].concat())
            .finish()
    };
    let none = prune(&["300d"]).expect_code(0);
    assert!(
        none.stderr.contains("no job to delete ended more than 300d ago"),
        "{}",
        none.stderr
    );
    let rows = prune(&["0s", "--rows-only"]).expect_code(0).stderr;
    assert_eq!(rows.matches("deleted the rows of job ").count(), 2, "{rows}");
    stored.heavy(&["report", "last"]).finish().expect_code(0);
    assert_eq!(ids().len(), 2);
    let jobs = prune(&["0s"]).expect_code(0).stderr;
    assert_eq!(jobs.matches("deleted job ").count(), 2, "{jobs}");
    assert!(ids().is_empty());
    prune(&["soon"]).expect_code(2);
}

#[test]
fn a_scheduler_deletes_what_has_ended() {
    let target = Target::start(TcpListener::bind("127.0.0.1:0").unwrap(), Options::default()).unwrap();
    let folder = TempDir::new("deleting");
    let up = Run::binary("heavy")
        .args(["up", "--listen", "127.0.0.1:0"])
        .env("HEAVY_DATA_DIR", folder.path());
    let up = ServiceProcess::start("heavy up", up);
    let heavy = |args: &[&str]| Run::binary("heavy").args(args).env("HEAVY_SCHEDULER", up.url());
    let url = format!("url=http://{}/", target.addr());
    let load = ["--users", "1", "-d", "60s", "--param", &url];
    let binary = heavy_testkit::binary("http_get");
    let submit = ["submit", binary.to_str().unwrap(), "--detach"];
    heavy(&[submit.as_slice(), load.as_slice()].concat())
        .finish()
        .expect_code(0);
    let running = heavy(&["delete", "last"]).finish().expect_code(1);
    assert!(
        running.stderr.contains("stop it before you delete it"),
        "{}",
        running.stderr
    );
    heavy(&["stop", "last", "--now"]).finish().expect_code(0);
    heavy(&["watch", "last"]).finish();
    let deleted = heavy(&["delete", "last"]).finish().expect_code(0);
    assert!(deleted.stderr.starts_with("deleted job "), "{}", deleted.stderr);
    assert_eq!(
        heavy(&["jobs", "--json"]).finish().expect_code(0).stdout.trim(),
        "[]"
    );
}
