//! What load tests print, as the job's log.

use heavy_testkit::{Run, ServiceProcess, TempDir, example};

/// Runs a workflow of the SDK's own load test, in a data directory that is returned.
fn ran(workflow: &str) -> TempDir {
    let folder = TempDir::new("logs");
    let run = Run::binary("heavy").arg("run").arg(example("behaviours"));
    let args = ["--workflow", workflow, "--rate", "20", "--duration", "500ms"];
    let finished = run.args(args).env("HEAVY_DATA_DIR", folder.path()).finish();
    assert!([Some(0), Some(98)].contains(&finished.code), "{finished:?}");
    folder
}

/// What `heavy logs` says on stderr.
fn errors_of(folder: &TempDir, job: &str) -> String {
    let run = Run::binary("heavy").args(["logs", job]);
    let finished = run.env("HEAVY_DATA_DIR", folder.path()).finish();
    finished.expect_code(0).stderr
}

#[test]
fn a_job_without_a_log_is_named() {
    let folder = TempDir::new("no-logs");
    let args = ["run", "http://127.0.0.1:1/", "--rate", "5", "--duration", "300ms"];
    let run = Run::binary("heavy")
        .args(args)
        .env("HEAVY_DATA_DIR", folder.path());
    run.finish().expect_code(99);
    let said = errors_of(&folder, "last");
    assert!(
        said.contains("has no log: its load tests printed nothing"),
        "{said}"
    );
}

fn heavy(folder: &TempDir, args: &[&str]) -> String {
    let run = Run::binary("heavy")
        .args(args)
        .env("HEAVY_DATA_DIR", folder.path());
    run.finish().expect_code(0).stdout
}

#[test]
fn what_is_printed_is_log_output_of_stdout_and_no_result() {
    let folder = ran("noisy");
    let sql = "select stream, count(*) as lines, max(line) as line from logs where job_id = :job group by stream order by stream";
    let expected = "stream,lines,line\r\nstderr,1,cleaning up\r\nstdout,11,\"{\"\"type\"\":\"\"iteration\"\", half a lineiteration \
                    Some(9) says hello\"\r\n";
    assert_eq!(heavy(&folder, &["sql", "--format", "csv", sql]), expected);
    let sql = "select started, completed, malformed from assignments where job_id = :job";
    assert_eq!(
        heavy(&folder, &["sql", "--format", "csv", sql]),
        "started,completed,malformed\r\n10,10,0\r\n"
    );
}

/// The lines of `heavy logs`, each without its instant.
fn lines(shown: &str) -> Vec<&str> {
    let lines = shown
        .lines()
        .map(|line| line.trim_start().split_once("s ").unwrap());
    lines
        .map(|(instant, line)| {
            instant.parse::<f64>().unwrap();
            line
        })
        .collect()
}

#[test]
fn the_log_is_printed_with_its_source_and_followed_to_its_end() {
    let folder = ran("noisy");
    for args in [&["logs", "last"][..], &["logs", "last", "--follow"]] {
        let shown = heavy(&folder, args);
        let shown = lines(&shown);
        assert_eq!(shown.len(), 12, "{shown:?}");
        assert!(
            shown.contains(&"local stdout {\"type\":\"iteration\", half a lineiteration Some(9) says hello"),
            "{shown:?}"
        );
        assert!(shown.contains(&"local stderr cleaning up"), "{shown:?}");
    }
    assert_eq!(errors_of(&folder, "last"), "");
    let json = heavy(&folder, &["logs", "last", "--json"]);
    let last: serde_json::Value = serde_json::from_str(json.lines().last().unwrap()).unwrap();
    assert_eq!((&last["number"], &last["agent"]), (&11.into(), &"local".into()));
    let wrong = Run::binary("heavy").args(["logs", "nonsense"]);
    let wrong = wrong.env("HEAVY_DATA_DIR", folder.path()).finish().expect_code(2);
    assert!(wrong.stderr.contains("nonsense"), "{wrong:?}");
}

#[test]
fn a_scheduler_answers_too() {
    let folder = TempDir::new("logs-up");
    let up = Run::binary("heavy").args(["up", "--listen", "127.0.0.1:0"]);
    let up = ServiceProcess::start("heavy up", up.env("HEAVY_DATA_DIR", folder.path()));
    let url = up.url();
    let at_scheduler = |args: &[&str]| {
        Run::binary("heavy")
            .args(args)
            .args(["--scheduler", &url])
            .finish()
    };
    let program = example("behaviours");
    let load = ["--workflow", "noisy", "--rate", "20", "--duration", "500ms"];
    let finished = at_scheduler(&[&["run", program.to_str().unwrap()][..], &load].concat());
    assert!([Some(0), Some(98)].contains(&finished.code), "{finished:?}");
    let shown = at_scheduler(&["logs", "last", "--follow"]).expect_code(0).stdout;
    assert_eq!(lines(&shown).len(), 12, "{shown}");
    up.stop().expect_code(0);
}

#[test]
fn a_constructor_that_fails_is_why_the_job_could_not_run() {
    let folder = TempDir::new("missing-data");
    let run = |report: &[&str]| {
        let run = Run::binary("heavy").arg("run").arg(example("missing_data"));
        let run = run.args(["--rate", "20", "--duration", "500ms"]).args(report);
        run.env("HEAVY_DATA_DIR", folder.path()).finish().expect_code(1)
    };
    let finished = run(&["--report", "json=-"]);
    assert!(
        finished.stderr.contains("error: the job failed: "),
        "{finished:?}"
    );
    let finished = run(&[]);
    assert!(finished.stderr.contains("no-such-accounts.jsonl"), "{finished:?}");
    assert!(!finished.stderr.contains("say hello"), "{finished:?}");
    let sql = "select state, reason from jobs where id = :job";
    let job = heavy(&folder, &["sql", "--format", "csv", sql]);
    assert!(
        job.contains("init") && job.contains("no-such-accounts.jsonl"),
        "{job}"
    );
}
