//! Wrong submissions: each says what was wrong and ends with the code that says whose fault it was.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use heavy_testkit::{Run, TempDir, free_port};

use crate::agent::Agent;
use crate::cli::{finish, sched};
use crate::world::{PROGRAM, World};

/// Runs without any scheduler: what is wrong must show before one is looked for.
fn submit(args: &[&str]) -> (i32, String) {
    let finished = Run::binary("heavy-sched")
        .args(["--scheduler", "http://127.0.0.1:1", "submit"])
        .args(args)
        .finish();
    assert_eq!(finished.stdout, "");
    (finished.code.unwrap(), finished.stderr)
}

fn file(dir: &TempDir, name: &str, bytes: &[u8], mode: u32) -> String {
    let path = dir.join(name);
    std::fs::write(&path, bytes).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    path.display().to_string()
}

#[test]
fn files_that_are_no_load_test_are_refused_before_anything_is_sent() {
    let dir = TempDir::new("bad-submit");
    let program = std::fs::read(PROGRAM).unwrap();
    let mut foreign = program.clone();
    // e_machine: s390 in this byte order is a machine that no host of this test is.
    foreign[18..20].copy_from_slice(&22u16.to_le_bytes());
    let mut too_new = program.clone();
    let version = b"GLIBC_2.34";
    let end = too_new
        .windows(version.len())
        .position(|bytes| bytes == version)
        .unwrap()
        + version.len();
    too_new[end - 2] = b'9';
    for (path, expected) in [
        (dir.join("missing").display().to_string(), "file not found"),
        ("http://127.0.0.1:1/".to_owned(), "`heavy run` loads a URL"),
        (dir.path().display().to_string(), "it is a directory"),
        ("/dev/null".to_owned(), "not a regular file"),
        (file(&dir, "plain", &program, 0o644), "it is not executable"),
        (file(&dir, "script", b"#!/bin/sh\necho\n", 0o755), "got a script"),
        (file(&dir, "empty", b"", 0o755), "got an empty file"),
        (
            file(&dir, "mac", b"\xcf\xfa\xed\xfe\0\0\0\0", 0o755),
            "got a macOS program",
        ),
        (file(&dir, "foreign", &foreign, 0o755), "this program is for"),
        (
            file(&dir, "too-new", &too_new, 0o755),
            "this program requires GLIBC_2.9",
        ),
    ] {
        let (code, stderr) = submit(&[&path, "--rate", "1"]);
        assert_eq!(code, 2, "{path}: {stderr}");
        assert!(
            stderr.contains(&path) && stderr.contains(expected),
            "{path}: {stderr}"
        );
    }
}

#[test]
fn wrong_flags_are_wrong_usage() {
    let dir = TempDir::new("bad-flags");
    let params = file(&dir, "params.json", b"{\n  \"url\": http\n}", 0o644);
    for (args, expected) in [
        (&["--rate", "0"][..], "a rate of 0 starts nothing"),
        (&["--rate", "-5"], "invalid rate `-5`"),
        (&["--rate", "fast"], "invalid rate `fast`"),
        (&["--rate", "1000000000000"], "exceeds the highest rate"),
        (&["--rate", "1", "-d", "0s"], "a job of 0s starts nothing"),
        (
            &["--rate", "1", "--agents", "0"],
            "a job needs at least one agent",
        ),
        (
            &["--rate", "1", "--params", &params],
            "params.json are not valid JSON: expected value at line 2, column 10",
        ),
        (&["--rate", "1", "--params", "/no/such"], "cannot read /no/such"),
        (
            &["--rate", "1", "--report", "pdf=x"],
            "unknown report format `pdf`",
        ),
        (
            &["--rate", "1", "--report", "json=/no/such/x"],
            "its directory does not exist",
        ),
        (&[], "add --rate, such as --rate 100"),
    ] {
        let (code, stderr) = submit(&[&[PROGRAM][..], args].concat());
        assert_eq!(code, 2, "{args:?}: {stderr}");
        assert!(stderr.contains(expected), "{args:?}: {stderr}");
    }
}

#[test]
fn a_scheduler_that_is_not_there_is_named() {
    let url = format!("http://127.0.0.1:{}", free_port());
    for verb in [
        &["submit", PROGRAM, "--rate", "1"][..],
        &["list"],
        &["agents"],
        &["watch", "last"],
    ] {
        let finished = Run::binary("heavy-sched")
            .args(["--scheduler", &url])
            .args(verb)
            .finish()
            .expect_code(1);
        let expected = format!("error: cannot reach the scheduler at {url}: Connection refused");
        assert!(finished.stderr.contains(&expected), "{}", finished.stderr);
        assert!(
            finished.stderr.contains("start one with `heavy-sched serve`"),
            "{}",
            finished.stderr
        );
    }
    let finished = Run::binary("heavy-sched")
        .args(["--scheduler", "nonsense", "list"])
        .finish()
        .expect_code(2);
    assert!(
        finished.stderr.contains("invalid scheduler URL `nonsense`"),
        "{}",
        finished.stderr
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_agent_submit_gives_up() {
    let world = World::new().await;
    let args = format!("submit {PROGRAM} --rate 1 --wait-for-agents 100ms");
    let finished = finish(sched(&world, &args)).await.expect_code(1);
    assert!(
        finished.stderr.contains("waiting for agents: 0 of 1 connected"),
        "{}",
        finished.stderr
    );
    assert!(
        finished
            .stderr
            .contains("no agent is connected: start one with `heavy-agent --collector URL`"),
        "{}",
        finished.stderr
    );
    assert!(
        finished.stderr.contains("no --duration was given"),
        "{}",
        finished.stderr
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_workflow_fails_with_the_known_ones() {
    let world = World::new().await;
    let mut a = Agent::connect(&world, "a").await;
    let args = format!("submit {PROGRAM} --rate 1 -d 1s --workflow buy");
    let submit = tokio::spawn(finish(sched(&world, &args)));
    let assign = a.assigned().await;
    assert!(
        assign.spec.contains(r#""workflows":[{"name":"buy","#),
        "{}",
        assign.spec
    );
    let message = "there is no workflow buy; the load test has browse, pay";
    a.fail(assign.job.parse().unwrap(), "unknown-workflow", message)
        .await;
    let finished = submit.await.unwrap().expect_code(1);
    assert!(finished.stderr.contains(message), "{}", finished.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_that_are_not_there_are_wrong_usage() {
    let world = World::new().await;
    for (args, expected) in [
        ("status last", "no jobs yet"),
        ("stop 0000", "no job matches the prefix `0000`"),
        ("watch no-job", "unknown job `no-job`: expected an id"),
    ] {
        let finished = finish(sched(&world, args)).await.expect_code(2);
        assert!(finished.stderr.contains(expected), "{args}: {}", finished.stderr);
    }
    assert!(Path::new(PROGRAM).is_file());
    let submit = format!("submit {PROGRAM} --rate 1 --detach");
    finish(sched(&world, &submit)).await.expect_code(0);
    finish(sched(&world, &submit)).await.expect_code(0);
    let finished = finish(sched(&world, "status 0")).await.expect_code(2);
    assert!(
        finished.stderr.contains("the prefix `0` matches several jobs"),
        "{}",
        finished.stderr
    );
}
