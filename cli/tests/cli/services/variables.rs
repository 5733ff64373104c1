//! Exported variables of flags: those that do not apply to the test are ignored, a wrong one is named.

use heavy_testkit::{Run, TempDir, free_port};

use super::{Desk, shop};

const LOADED: &str = "[load]\nrate = 5\nduration = \"1s\"\n";

/// Variables of flags of every kind of test.
const HABITS: [(&str, &str); 13] = [
    ("HEAVY_FOLLOW", "many"),
    ("HEAVY_DATA", "x"),
    ("HEAVY_BODY", "x"),
    ("HEAVY_KEY", "secret"),
    ("HEAVY_INSECURE", "1"),
    ("HEAVY_HEADER", "none"),
    ("HEAVY_CONFIG", "few"),
    ("HEAVY_FILE", "job.toml"),
    ("HEAVY_AGENTS", "3"),
    ("HEAVY_PROFILE", "smoke"),
    ("HEAVY_WORKFLOW", "browse"),
    ("HEAVY_PARAM", "none"),
    ("HEAVY_WITH", "none"),
];

fn with(run: Run, variables: &[(&str, &str)]) -> Run {
    variables
        .iter()
        .fold(run, |run, (name, value)| run.env(name, value))
}

#[test]
fn variables_of_flags_that_do_not_apply_are_ignored() {
    let desk = Desk::new();
    desk.service("shop", &shop(), LOADED);
    // The build comes after every refusal.
    let of_service = &HABITS[..9];
    let run = |args: &[&str]| with(desk.heavy(args), of_service).env("CARGO", "/no/such/cargo");
    let stderr = run(&["run", "shop"]).finish().expect_code(1).stderr;
    assert!(stderr.contains("install Rust"), "{stderr}");
    let ignored = "note: ignored HEAVY_AGENTS, HEAVY_CONFIG in the environment: a single agent";
    assert!(stderr.contains(ignored), "{stderr}");
    let own = run(&["run", "shop/buy"]).env("HEAVY_WORKFLOW", "browse").finish();
    assert!(own.expect_code(1).stderr.contains("install Rust"));
    let stderr = run(&["try", "shop"]).finish().expect_code(1).stderr;
    assert!(stderr.contains("install Rust"), "{stderr}");
    let typed = run(&["run", "shop", "--follow"]).finish().expect_code(2).stderr;
    assert!(
        typed.contains("flags of a request (--follow) require a URL"),
        "{typed}"
    );
    let typed = run(&["run", "shop", "--config", "few"]).finish().expect_code(2);
    assert!(typed.stderr.contains("leave --config out"), "{typed:?}");

    let listed = desk
        .heavy(&["list"])
        .env("HEAVY_LIMIT", "5")
        .finish()
        .expect_code(0);
    assert!(listed.stdout.contains("heavy run shop"), "{listed:?}");

    let url = format!("http://127.0.0.1:{}/", free_port());
    let of_url = [
        &HABITS[9..],
        &[("HEAVY_SERVICES", "nowhere"), ("HEAVY_KEY", "secret")],
    ]
    .concat();
    let tried = |args: &[&str]| with(desk.heavy(&[&["try", &url], args].concat()), &of_url);
    let ended = tried(&[]).finish().expect_code(99);
    assert!(ended.stdout.contains("no response"), "{ended:?}");
    let ended = tried(&["--data", "typed"]).env("HEAVY_BODY", "exported");
    assert!(ended.finish().expect_code(99).stdout.contains("POST"));
    let typed = tried(&["--workflow", "browse"]).finish().expect_code(2).stderr;
    assert!(typed.contains("--workflow, --param"), "{typed}");
}

#[test]
fn an_invalid_variable_is_named() {
    let url = "http://127.0.0.1:1/";
    let folder = TempDir::new("variables");
    for (program, args, variable, value, part) in [
        (
            "heavy",
            &["run", url][..],
            "HEAVY_RATE",
            "abc",
            "'HEAVY_RATE (--rate <",
        ),
        (
            "heavy",
            &["run", url],
            "HEAVY_WHEN_FULL",
            "abc",
            "'HEAVY_WHEN_FULL (--when-full <",
        ),
        (
            "heavy",
            &["run", url],
            "HEAVY_KEEP_BINARIES",
            "abc",
            "'HEAVY_KEEP_BINARIES (--keep-binaries <D>)'",
        ),
        (
            "heavy-sched",
            &["serve"],
            "HEAVY_BINARIES_LIMIT",
            "abc",
            "'HEAVY_BINARIES_LIMIT (--binaries-limit <SIZE>)'",
        ),
        (
            "heavy-agent",
            &[],
            "HEAVY_KEEP_CACHE",
            "abc",
            "'HEAVY_KEEP_CACHE (--keep-cache <",
        ),
    ] {
        let run = Run::binary(program).args(args).env(variable, value);
        let refused = run.env("HEAVY_DATA_DIR", folder.path()).finish().expect_code(2);
        let stderr = refused.stderr;
        assert!(
            stderr.contains("'abc' for ") && stderr.contains(part),
            "{program} {args:?}: {stderr}"
        );
    }
    let refused = |args: &[&str]| {
        let run = Run::binary("heavy")
            .args(["run", url])
            .args(args)
            .env("HEAVY_RATE", "5");
        let run = run.env("HEAVY_DATA_DIR", folder.path());
        run.finish().expect_code(2).stderr
    };
    let typed = refused(&["--rate", "abc"]);
    assert!(typed.contains("for '--rate <"), "{typed}");
    let conflict = refused(&["--users", "3"]);
    let named = "--users: conflicts with a rate: leave one of the two out (the environment sets HEAVY_RATE)";
    assert!(conflict.contains(named), "{conflict}");
    let typed = refused(&["--users", "3", "--rate", "5"]);
    assert!(!typed.contains("HEAVY_RATE"), "{typed}");
}
