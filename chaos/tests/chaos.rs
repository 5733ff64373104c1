//! A run of the chaos runner of a minute on each store, with the programs of this build; and what it refuses.

use std::time::Duration;

use heavy_testkit::{Run, binary};

/// Long enough for four or five jobs, each with four or five faults.
const MINUTES: &str = "1";

/// Far more than a run takes, on a machine that is busy.
const LIMIT: Duration = Duration::from_secs(600);

/// At least this many of either kind of fault must have happened under load.
const LEAST_KILLS: u64 = 5;
const LEAST_OTHERS: u64 = 1;

fn chaos(args: &[&str]) -> Run {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/chaos");
    let programs = binary("heavy-chaos");
    let programs = programs.parent().expect("a program is in a directory");
    let chaos = Run::new(script).arg("--bin-dir").arg(programs);
    chaos.args(args).timeout(LIMIT)
}

/// The number after a word at the start of a line.
fn count(text: &str, of: &str) -> u64 {
    let line = text.lines().find_map(|line| line.strip_prefix(of));
    let number = line.and_then(|rest| rest.split_whitespace().next()?.parse().ok());
    number.unwrap_or_else(|| panic!("no {of} in {text}"))
}

fn nothing_is_lost(store: &str, seed: &str) {
    let run = [
        "--minutes",
        MINUTES,
        "--seed",
        seed,
        "--store",
        store,
        "--rate",
        "100",
    ];
    let stdout = chaos(&run).finish().expect_code(0).stdout;
    let figures = "lost 0  doubled 0  altered 0  spurious 0";
    assert!(stdout.contains(figures), "{stdout}");
    assert!(count(&stdout, "SIGKILLs") >= LEAST_KILLS, "{stdout}");
    assert!(count(&stdout, "other faults") >= LEAST_OTHERS, "{stdout}");
    assert!(count(&stdout, "results written") > 1_000, "{stdout}");
}

#[test]
fn on_sqlite() {
    nothing_is_lost("sqlite", "1");
}

#[test]
fn on_postgres() {
    nothing_is_lost("postgres", "2");
}

#[test]
fn what_would_test_nothing_is_refused() {
    for (args, part) in [
        (
            &["--part", "databse"][..],
            "possible values: scheduler, collector",
        ),
        (
            &["--part", "database", "--store", "sqlite"],
            "the part `database` with this store",
        ),
        (
            &["--part", "disk", "--store", "postgres"],
            "the part `disk` with this store",
        ),
        (&["--minutes", "-1"], "--minutes"),
        (&["--minutes", "nan"], "expected a number of minutes"),
        (&["--rate", "0"], "--rate"),
        (&["--case", "agent-kiled"], "did you mean `agent-killed`?"),
        (
            &["--case", "agent-killed", "--minutes", "2"],
            "cannot be used with",
        ),
        (&["--bin-dir"], "--bin-dir requires a directory"),
        (&["--bin-dir", "/no/such"], "no program heavy-chaos in /no/such"),
    ] {
        let stderr = chaos(args).finish().expect_code(2).stderr;
        assert!(stderr.contains(part), "{args:?}: {stderr}");
    }
    let listed = chaos(&["--list"]).finish().expect_code(0).stdout;
    assert!(listed.contains("agent-killed "), "{listed}");
    let help = chaos(&["--help"]).finish().expect_code(0).stdout;
    assert!(
        help.contains("--release") && help.contains("Exit codes:"),
        "{help}"
    );
}
