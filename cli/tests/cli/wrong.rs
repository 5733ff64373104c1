//! Bad input: what is said, and with which code it ends. None of it may leave a job behind.

use std::os::unix::fs::PermissionsExt as _;

use heavy_testkit::{Run, TempDir, free_port, sqlite};

fn heavy(args: &[&str]) -> (Option<i32>, String) {
    let finished = Run::binary("heavy").args(args).finish();
    assert_eq!(finished.stdout, "", "{args:?}");
    (finished.code, finished.stderr)
}

#[test]
fn wrong_usage_of_run_is_2() {
    let folder = TempDir::new("wrong");
    let script = folder.path().join("script");
    std::fs::write(&script, "#!/bin/sh\nexit 0\n").unwrap();
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
    let (script, folder) = (script.to_str().unwrap(), folder.path().to_str().unwrap());
    let url = "http://127.0.0.1:1/";
    for (args, part) in [
        (&["localhost:8080"][..], "expected a URL (http://localhost:8080)"),
        (&["ftp://example.com/"], "expected an http or https URL"),
        (&["http://"], "invalid URL"),
        (&["/no/such/test", "--rate", "1"], "file not found"),
        (&[folder, "--rate", "1"], "it is a directory"),
        (&[script, "--rate", "1"], "got a script"),
        (&[url, "--rate", "0"], "a rate of 0 starts nothing"),
        (&[url, "--rate", "-1"], "invalid rate"),
        (&[url, "--rate", "many"], "invalid rate"),
        (&[url, "--rate", "1000000000000"], "exceeds the highest rate"),
        (&[url, "--duration", "0s"], "a job of 0s starts nothing"),
        (&[url, "--duration", "30"], "invalid duration"),
        (&[url, "--pacing", "1s"], "--pacing: requires users"),
        (
            &[url, "--report", "x.html"],
            "invalid report `x.html`: expected FORMAT=FILE",
        ),
        (&[url, "--method", "G T"], "invalid HTTP method"),
        (&[url, "--header", "novalue"], "NAME:VALUE"),
        (
            &[url, "--body", "@/no/such/file"],
            "cannot read the body from /no/such/file",
        ),
        (&[url, "--param", "a=1"], "require a compiled load test"),
        (&[script, "--rate", "1", "--method", "GET"], "require a URL"),
        (
            &[script, "--config", "x"],
            "leave --config out, or add --scheduler",
        ),
        (
            &[url, "--agents", "3", "--on", "a=b"],
            "leave --agents and --on out, or add --scheduler",
        ),
        (
            &[url, "--config", "x", "--scheduler", url],
            "--config requires a compiled load test",
        ),
    ] {
        let (code, stderr) = heavy(&[&["run"], args].concat());
        assert_eq!(code, Some(2), "{args:?}: {stderr}");
        assert!(stderr.contains(part), "{args:?}: {stderr}");
    }
}

#[test]
fn a_cargo_profile_of_the_environment_does_not_keep_a_url_from_being_tried() {
    let url = format!("http://127.0.0.1:{}/", free_port());
    let tried = |args: &[&str]| {
        let run = Run::binary("heavy").args([&["try", &url], args].concat());
        run.env("HEAVY_CARGO_PROFILE", "dev").finish()
    };
    let finished = tried(&[]).expect_code(99);
    assert!(finished.stdout.contains("no response"), "{finished:?}");
    assert!(!finished.stdout.contains("\n      \n"), "{finished:?}");
    let refused = tried(&["--cargo-profile", "bench"]).expect_code(2);
    assert!(
        refused.stderr.contains("--cargo-profile require a service"),
        "{refused:?}"
    );
}

#[test]
fn a_place_that_cannot_be_used_is_named() {
    let folder = TempDir::new("place");
    let file = folder.path().join("file");
    std::fs::write(&file, "no database").unwrap();
    let url = "http://127.0.0.1:1/";
    let below = file.join("data");
    let not_a_database = format!("sqlite://{}", file.display());
    let nobody = format!("postgres://me:secret@127.0.0.1:{}/heavy", free_port());
    for (args, code, part) in [
        (
            ["--data-dir", below.to_str().unwrap()],
            1,
            "cannot use the data directory",
        ),
        (["--database", &not_a_database], 1, "not a SQLite database"),
        (["--database", &nobody], 1, "cannot reach the database"),
        (
            ["--database", "mysql://me:secret@db/x"],
            2,
            "invalid database URL",
        ),
    ] {
        let (ended, stderr) = heavy(&["run", url, args[0], args[1]]);
        assert_eq!(ended, Some(code), "{args:?}: {stderr}");
        assert!(stderr.contains(part), "{args:?}: {stderr}");
        assert!(!stderr.contains("secret"), "{stderr}");
    }
}

#[test]
fn a_database_that_does_not_answer_is_named_without_its_password() {
    let nobody = format!("127.0.0.1:{}", free_port());
    let url = format!("postgres://u:secret@{nobody}/x");
    let expected = format!("cannot reach the database at postgres://u@{nobody}/x: Connection refused");
    for args in [["sql", "select 1"], ["report", "last"]] {
        let (code, stderr) = heavy(&[&args[..], &["--database", &url]].concat());
        assert_eq!(code, Some(1), "{args:?}: {stderr}");
        assert!(stderr.contains(&expected), "{args:?}: {stderr}");
        assert!(!stderr.contains("secret"), "{args:?}: {stderr}");
    }
}

#[test]
fn a_database_of_a_newer_heavy_is_refused() {
    let folder = TempDir::new("newer");
    let file = folder.join("newer.db");
    let url = format!("sqlite://{}", file.display());
    crate::stored::make(&url);
    sqlite(
        &file,
        "insert into _sqlx_migrations (version, description, success, checksum, execution_time) \
         values (999, 'from the future', true, '', 0)",
    );
    let found = format!("the database at {url} has schema version 999");
    for args in [
        ["sql", "select 1"],
        ["report", "last"],
        ["run", "http://127.0.0.1:1/"],
    ] {
        let (code, stderr) = heavy(&[&args[..], &["--database", &url]].concat());
        assert_eq!(code, Some(1), "{args:?}: {stderr}");
        assert!(
            stderr.contains(&found) && stderr.contains("use a newer heavy or another database"),
            "{args:?}: {stderr}"
        );
    }
}

#[test]
fn a_scheduler_that_does_not_answer_is_named() {
    let nobody = format!("http://127.0.0.1:{}", free_port());
    for args in [
        &["run", "http://127.0.0.1:1/"][..],
        &["list"],
        &["status", "last"],
        &["report", "last"],
        &["agents"],
    ] {
        let (code, stderr) = heavy(&[args, &["--scheduler", &nobody]].concat());
        assert_eq!(code, Some(1), "{args:?}: {stderr}");
        assert!(
            stderr.contains(&format!("cannot reach the scheduler at {nobody}")),
            "{args:?}: {stderr}"
        );
    }
    let (code, stderr) = heavy(&["list", "--scheduler", "nonsense"]);
    assert_eq!(code, Some(2), "{stderr}");
}
