//! Files beside a service: they reach the load test, on this machine and on agents elsewhere, and nothing else does.

use std::path::PathBuf;

use heavy_results::summary::Summary;
use heavy_testkit::{Finished, Run, ServiceProcess, TempDir, example};

use super::Desk;

/// PASS, or INVALID where the machine is too busy.
const RAN: [Option<i32>; 2] = [Some(0), Some(98)];

const MANIFEST: &str = r#"
files = ["data/*.csv"]
[load]
rate = 20
duration = "150ms"
"#;

const ACCOUNTS: &str = "name\nann\nben\ncarl\n";

/// A load test that takes an account of data/accounts.csv per iteration.
fn feeder() -> PathBuf {
    example("feeder")
}

fn desk() -> Desk {
    let desk = Desk::new();
    desk.service("feed", &feeder(), MANIFEST)
        .write("services/feed/data/accounts.csv", ACCOUNTS)
        .write("services/feed/data/notes.txt", "not a file of the job");
    desk
}

fn checks(finished: &Finished) -> Vec<String> {
    let summary: Summary =
        serde_json::from_str(&finished.stdout).unwrap_or_else(|error| panic!("{error}: {finished:?}"));
    assert!(RAN.contains(&finished.code), "{finished:?}");
    let mut names = Vec::new();
    for check in &summary.workflows[0].checks {
        assert_eq!((check.passes, check.fails), (1, 0), "{check:?}");
        names.push(check.name.clone());
    }
    names.sort();
    names
}

const EACH_ONCE: [&str; 3] = ["account ann", "account ben", "account carl"];

#[test]
fn a_service_finds_its_files_in_its_working_directory_and_so_does_a_rerun() {
    let desk = desk();
    let listed = [&EACH_ONCE[..], &["there is data", "there is data/accounts.csv"]].concat();
    let run = desk.built(&[
        "run",
        "feed",
        "--param",
        "list=true",
        "--param",
        "spoil=true",
        "--report",
        "json=-",
    ]);
    assert_eq!(checks(&run), listed, "only what matches is there: {run:?}");
    assert!(
        run.stderr.contains("data/accounts.csv"),
        "the plan names it: {run:?}"
    );

    // The job keeps its files: neither what the load test wrote over its copy nor the removal of the original matters.
    desk.write("services/feed/data/accounts.csv", "name\ndora\n");
    let again = desk.heavy(&["rerun", "last", "--report", "json=-"]).finish();
    assert_eq!(checks(&again), listed, "{again:?}");

    // Unless it is named anew.
    desk.write("data/accounts.csv", "name\nemil\nfred\ngina\n");
    let other = ["rerun", "last", "--with", "data", "--report", "json=-"];
    let other = checks(&desk.heavy(&other).finish());
    assert_eq!(other[..3], ["account emil", "account fred", "account gina"]);
    // Flags override heavy.toml, too.
    let flag = desk.built(&["run", "feed", "--with", "data/accounts.csv", "--report", "json=-"]);
    assert_eq!(checks(&flag), ["account emil", "account fred", "account gina"]);
}

#[test]
fn a_missing_file_names_the_path_and_the_setting() {
    let desk = desk();
    let run = Run::binary("heavy").arg("run").arg(feeder());
    let run = run
        .args(["--rate", "20", "--duration", "200ms"])
        .env("HEAVY_DATA_DIR", desk.data.path())
        .finish()
        .expect_code(1);
    for part in [
        "cannot read rows from data/accounts.csv: file not found: tried /",
        "/data/accounts.csv;",
        "`files` in the service's heavy.toml, or use --with data/accounts.csv",
    ] {
        assert!(run.stderr.contains(part), "{part}: {}", run.stderr);
    }
}

#[test]
fn a_file_outside_of_the_service_is_answered_with_what_a_job_can_take_along() {
    let desk = desk();
    desk.write("shared.csv", ACCOUNTS);
    let tried = desk
        .built(&["run", "feed", "--param", "file=../../shared.csv"])
        .expect_code(1);
    assert!(
        tried.stderr.contains(
            "copy it into the service's directory, open it as shared.csv, and add shared.csv to `files`"
        ),
        "{tried:?}"
    );
    // The advice works.
    desk.write("services/feed/shared.csv", ACCOUNTS).write(
        "services/feed/heavy.toml",
        &MANIFEST.replace("data/*.csv", "shared.csv"),
    );
    let run = ["run", "feed", "--param", "file=shared.csv", "--report", "json=-"];
    assert_eq!(checks(&desk.built(&run)), EACH_ONCE);
}

#[test]
fn files_reach_every_agent_and_are_uploaded_once() {
    let desk = desk();
    let here = desk.path("services/feed");
    let home = TempDir::new("files-up");
    let up = Run::binary("heavy").args(["up", "--listen", "127.0.0.1:0"]);
    let up = ServiceProcess::start("heavy up", up.env("HEAVY_DATA_DIR", home.path()));
    let url = up.url();
    let line = up.wait_line(|line| line.contains("--collector"));
    let collector = line
        .split("--collector ")
        .nth(1)
        .unwrap()
        .split(' ')
        .next()
        .unwrap();
    let second = Run::binary("heavy-agent")
        .args(["--scheduler", &url, "--collector", collector, "--name", "second"])
        .args(["--data-dir".as_ref(), home.join("second").as_os_str()]);
    let second = ServiceProcess::start_when("second agent", second, |line| line.contains("connected to"));
    let submit = |program: &str| {
        Run::binary(program)
            .args(["submit", "--scheduler", &url])
            .arg(feeder())
            .args(["--rate", "20", "--duration", "150ms", "--agents", "2"])
            .args(["--with", "data/accounts.csv", "--report", "json=-"])
            .current_dir(&here)
            .finish()
    };
    // Iteration n has row n, whichever agent it runs on: both have the file.
    for program in ["heavy", "heavy-sched"] {
        let submitted = submit(program);
        assert_eq!(checks(&submitted), EACH_ONCE, "{program}");
        let summary: Summary = serde_json::from_str(&submitted.stdout).unwrap();
        assert!(
            summary.agents.iter().all(|agent| agent.iterations.started > 0),
            "{:?}",
            summary.agents
        );
        let [file] = &summary.job.spec.files[..] else {
            panic!("{:?}", summary.job.spec.files);
        };
        assert_eq!(
            (&*file.path, file.size),
            ("data/accounts.csv", ACCOUNTS.len() as u64)
        );
        // It is stored by its hash, beside the binary.
        let stored = std::fs::read_to_string(home.join("artifacts").join(&file.sha256)).unwrap();
        assert_eq!(stored, ACCOUNTS);
    }
    assert_eq!(std::fs::read_dir(home.join("artifacts")).unwrap().count(), 2);
    second.stop().expect_code(0);
    up.stop().expect_code(0);
}

#[test]
fn files_that_do_not_lie_below_the_directory_are_refused_with_their_setting() {
    let desk = desk();
    std::os::unix::fs::symlink("/etc/hosts", desk.path("services/feed/data/hosts.csv")).unwrap();
    std::os::unix::fs::symlink("/etc/hosts", desk.path("hosts")).unwrap();
    let huge = std::fs::File::create(desk.path("huge.bin")).unwrap();
    huge.set_len((512 << 20) + 1).unwrap();
    for n in 0..=1000 {
        desk.write(&format!("many/{n}"), "");
    }
    let feeder = feeder();
    let feeder = feeder.to_str().unwrap();
    let with = |path: &'static str| vec!["run", feeder, "--rate", "5", "--with", path];
    for (args, part) in [
        (
            with("/etc/hosts"),
            "--with: `/etc/hosts`: absolute paths are not supported",
        ),
        (
            with("../x"),
            "--with: `../x`: `..` in a path leaves the directory",
        ),
        (with("none.csv"), "--with: `none.csv`: cannot read it in /"),
        (with("hosts"), "--with: `hosts`: the link leads out of /"),
        (
            with("huge.bin"),
            "--with: `huge.bin` has 536870913 bytes, more than the limit of 512 MiB per file",
        ),
        (with("many"), "--with: more than 1000 files, the limit per job"),
        (
            vec!["run", "http://127.0.0.1:1/", "--with", "hosts"],
            "--with requires a service or a compiled load test",
        ),
        (
            vec!["run", "feed"],
            "`files` in services/feed/heavy.toml: `data/hosts.csv`: the link leads out of /",
        ),
    ] {
        let refused = desk.built(&args).expect_code(2);
        assert!(refused.stderr.contains(part), "{args:?}: {}", refused.stderr);
        assert!(
            !refused.stderr.contains("building"),
            "before the build: {}",
            refused.stderr
        );
    }
    for (files, part) in [
        (r#"["rows/*.csv"]"#, "`rows/*.csv`: no file in "),
        (
            r#"["../*.csv"]"#,
            "heavy.toml:1: files: `..` in a path leaves the directory",
        ),
        (
            r#"["/etc/hosts"]"#,
            "heavy.toml:1: files: absolute paths are not supported",
        ),
        (r#""data""#, "heavy.toml:1: expected a list of paths and patterns"),
    ] {
        desk.service(
            "feed",
            &self::feeder(),
            &format!("files = {files}\n[load]\nrate = 5\n"),
        );
        let refused = desk.built(&["run", "feed"]).expect_code(2);
        assert!(refused.stderr.contains(part), "{files}: {}", refused.stderr);
    }
}

#[test]
fn a_rerun_says_which_file_is_gone() {
    let desk = desk();
    desk.built(&["run", "feed", "--allow-invalid"]).expect_code(0);
    for entry in std::fs::read_dir(desk.data.join("artifacts")).unwrap() {
        let path = entry.unwrap().path();
        if path.metadata().unwrap().len() == ACCOUNTS.len() as u64 {
            std::fs::remove_file(path).unwrap();
        }
    }
    let gone = desk.heavy(&["rerun", "last"]).finish().expect_code(2);
    assert!(
        gone.stderr
            .contains("no longer has the job's file data/accounts.csv: add --with data/accounts.csv"),
        "{}",
        gone.stderr
    );
    let back = ["rerun", "last", "--allow-invalid", "--with", "data/accounts.csv"];
    let back = desk.heavy(&back).current_dir(desk.path("services/feed")).finish();
    back.expect_code(0);
}
