//! What load tests print, as the job's log.

use heavy_testkit::{Run, TempDir, example};

/// Runs a workflow of the SDK's own load test, in a data directory that is returned.
fn ran(workflow: &str) -> TempDir {
    let folder = TempDir::new("logs");
    let run = Run::binary("heavy").arg("run").arg(example("behaviours"));
    let args = ["--workflow", workflow, "--rate", "20", "--duration", "500ms"];
    let finished = run.args(args).env("HEAVY_DATA_DIR", folder.path()).finish();
    assert!([Some(0), Some(98)].contains(&finished.code), "{finished:?}");
    folder
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
