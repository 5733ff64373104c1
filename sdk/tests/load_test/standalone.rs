//! A load test as a command.

use std::process::{Command, Output};

use crate::child::behaviours;
use crate::target;

fn standalone(args: &[&str]) -> Output {
    Command::new(behaviours()).args(args).output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[test]
fn it_lists_its_workflows() {
    let output = standalone(&["list"]);
    assert_eq!(text(&output.stdout).lines().nth(2), Some("fails"));
    assert!(output.status.success());
    let output = standalone(&["list", "--json"]);
    let line = text(&output.stdout).lines().nth(2).unwrap();
    assert_eq!(line, r#"{"env_file":null,"name":"fails"}"#);
}

#[test]
fn it_runs_a_workflow_and_sums_up() {
    let (_target, url) = target::start();
    let args = [
        "run",
        "shopper",
        "--rate",
        "40",
        "--duration",
        "500ms",
        "--param",
        &format!("url={url}"),
    ];
    let output = standalone(&args);
    let stdout = text(&output.stdout);
    let expected = "iterations   20 planned, 20 started, 20 ok, 0 failed, 0 dropped, 0 interrupted\n";
    assert!(stdout.contains(expected), "{stdout}");
    assert!(
        stdout.contains("request      POST /login: 20, 0 failed, p50 "),
        "{stdout}"
    );
    assert!(stdout.contains("check        found: 20 of 40 passed"), "{stdout}");
    assert!(stdout.contains("error        20 x refused: "), "{stdout}");
    assert!(
        text(&output.stderr).starts_with("shopper: 40/s for 500ms, 20 iterations"),
        "{output:?}"
    );
    assert!(output.status.success());
}

#[test]
fn users_go_round_by_hand_too() {
    let (_target, url) = target::start();
    let url = format!("url={url}");
    let run = |flags: &str| {
        let args: Vec<&str> = ["run", "shopper", "--param", &url]
            .into_iter()
            .chain(flags.split(' '))
            .collect();
        let output = standalone(&args);
        assert!(output.status.success(), "{output:?}");
        text(&output.stdout).to_owned()
    };
    assert!(run("--users 3 -i 20").contains("20 planned, 20 started, 20 ok"));
    assert!(run("--users 2 --iterations-per-user 4").contains("8 planned, 8 started, 8 ok"));
    let paced = run("--users 2 --pacing 100ms -d 450ms");
    assert!(paced.contains("0 planned, 10 started, 10 ok"), "{paced}");
    assert!(run("--rate 40 -d 500ms --unique-users 2 --when-full queue").contains(" 20 started, 20 ok"));
    let random = run("--rate 200 -d 500ms --arrivals poisson");
    assert!(
        random.contains("100 planned") && !random.contains(" 0 started"),
        "{random}"
    );
}

#[test]
fn it_fails_when_nothing_is_ok() {
    let output = standalone(&[
        "run", "fails", "--rate", "10", "-d", "100ms", "--param", "number=8",
    ]);
    assert_eq!(output.status.code(), Some(99));
    assert!(
        text(&output.stdout).contains("error        1 x iteration: 8 is not 7"),
        "{output:?}"
    );
}

#[test]
fn what_is_wrong_is_said() {
    for (args, code, part) in [
        (&["run"][..], 1, "missing workflow: expected one of noisy, panics"),
        (&["run", "buy"], 1, "unknown workflow `buy`"),
        (&["run", "never-ready"], 1, "the licence has expired"),
        (&["run", "noisy", "--rate", "-1"], 2, "invalid rate"),
        (&[], 2, "A load test for heavy"),
    ] {
        let output = standalone(args);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {output:?}");
        assert!(text(&output.stderr).contains(part), "{args:?}: {output:?}");
    }
}

#[test]
fn only_this_machine_may_give_orders() {
    let output = Command::new(behaviours())
        .arg("serve")
        .env("HEAVY_RPC_ADDR", "0.0.0.0:0")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("loopback"), "{output:?}");
}

#[test]
fn a_constructor_that_fails_is_told_and_ends_with_1() {
    for args in [&["run"][..], &["list"], &["try"], &["serve"]] {
        let output = Command::new(heavy_testkit::example("missing_data"))
            .args(args)
            .output()
            .unwrap();
        assert_eq!(
            (output.status.code(), text(&output.stdout)),
            (Some(1), ""),
            "{args:?}"
        );
        let error = text(&output.stderr);
        assert!(
            error.starts_with("error: ") && error.contains("no-such-accounts.jsonl"),
            "{error}"
        );
        assert!(!error.contains("backtrace"), "{error}");
    }
}
