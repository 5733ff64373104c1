//! What `heavy` says of itself, and of wrong usage.

use heavy_testkit::Run;

#[test]
fn help_names_every_command_and_nothing_hidden() {
    let help = Run::binary("heavy").arg("--help").finish().expect_code(0).stdout;
    for command in [
        "demo",
        "run",
        "up",
        "report",
        "diff",
        "history",
        "sql",
        "export",
        "lint-lines",
        "completions",
        "man",
        "submit",
        "new",
        "list",
        "jobs",
        "status",
        "watch",
        "check",
        "stop",
        "agents",
    ] {
        assert!(
            help.lines().any(|line| line.trim_start().starts_with(command)),
            "{help}"
        );
    }
    assert!(!help.contains("launch"), "{help}");
}

#[test]
fn who_types_heavy_is_shown_heavy() {
    for command in [&["config", "save"][..], &["rerun"], &["submit"], &["check"]] {
        let help = Run::binary("heavy").args(command).arg("--help");
        let help = help.finish().expect_code(0).stdout;
        assert!(!help.contains("heavy-sched"), "{help}");
    }
    let help = Run::binary("heavy").args(["config", "save", "--help"]).finish();
    assert!(
        help.stdout.contains("heavy config save nightly"),
        "{}",
        help.stdout
    );
    let away = Run::binary("heavy").args(["--scheduler", "http://127.0.0.1:1", "stop", "last"]);
    let away = away.finish().expect_code(1);
    assert!(
        away.stderr.contains("start one with `heavy up`"),
        "{}",
        away.stderr
    );
}

#[test]
fn following_a_job_documents_its_exit_codes() {
    let help = Run::binary("heavy").args(["watch", "--help"]).finish();
    let help = help.expect_code(0).stdout;
    let words: Vec<&str> = help.split_whitespace().collect();
    assert!(words.join(" ").contains("130 the job was stopped"), "{help}");
}

#[test]
fn every_flag_of_sql_and_report_can_come_from_the_environment_where_it_is_a_place() {
    for command in ["sql", "report"] {
        let help = Run::binary("heavy")
            .args([command, "--help"])
            .finish()
            .expect_code(0)
            .stdout;
        assert!(
            help.contains("HEAVY_DATABASE") && help.contains("HEAVY_DATA_DIR"),
            "{help}"
        );
    }
}

#[test]
fn wrong_usage_is_2_and_says_what_would_be_right() {
    for (args, part) in [
        (&["nonsense"][..], "unrecognized subcommand"),
        (&[], "Usage: heavy"),
        (
            &["sql", "--format", "xml", "select 1"],
            "possible values: table, csv, json",
        ),
        (&["report"], "<JOB>"),
        (&["sql", "--set", "novalue", "select 1"], "NAME=VALUE"),
        (&["sql", "--set", "a b=1", "select 1"], "invalid name"),
        (
            &["sql", "--set", "job=1", "select 1"],
            "use --job to choose the job",
        ),
        (&["sql", " "], "the query is empty"),
        (
            &["demo", "--scheduler", "http://127.0.0.1:1"],
            "--scheduler does not apply",
        ),
    ] {
        let finished = Run::binary("heavy").args(args).finish().expect_code(2);
        assert!(finished.stderr.contains(part), "{args:?}: {}", finished.stderr);
        assert_eq!(finished.stdout, "");
    }
}

#[test]
fn the_environment_sets_flags_of_requests_and_help_hides_secrets() {
    let secrets = ["HEAVY_ENV", "HEAVY_PARAM", "HEAVY_BODY"];
    let help = secrets
        .iter()
        .fold(Run::binary("heavy").args(["run", "--help"]), |run, name| {
            run.env(name, "token=hunter2")
        });
    let help = help.finish().expect_code(0).stdout;
    assert!(
        help.contains("HEAVY_METHOD") && !help.contains("hunter2"),
        "{help}"
    );
    let run = Run::binary("heavy").args(["run", "http://127.0.0.1:1/"]);
    let wrong = run.env("HEAVY_HEADER", "novalue").finish().expect_code(2);
    assert!(wrong.stderr.contains("NAME:VALUE"), "{}", wrong.stderr);
}
