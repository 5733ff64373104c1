//! Programs under a time limit.

use std::time::Duration;

use heavy_testkit::{Run, ServiceProcess, Signal, TempDir, eventually};

fn sh(script: &str) -> Run {
    Run::new("sh").args(["-c", script])
}

#[test]
fn code_output_and_stdin() {
    let finished = sh("cat; echo oops >&2; exit 98")
        .stdin("SELECT 1")
        .finish()
        .expect_code(98);
    assert_eq!(
        (finished.stdout.as_str(), finished.stderr.as_str()),
        ("SELECT 1", "oops\n")
    );
}

#[test]
fn the_environment_is_clean() {
    let finished = sh("env").env("HEAVY_RATE", "7").finish();
    let heavy: Vec<_> = finished
        .stdout
        .lines()
        .filter(|line| line.starts_with("HEAVY_"))
        .collect();
    assert_eq!(heavy, ["HEAVY_RATE=7"]);
    assert!(finished.stdout.contains("XDG_DATA_HOME=/"));
}

#[test]
fn a_signal_reaches_the_process() {
    let mut running =
        sh("trap 'echo caught; exit 143' TERM; echo ready; while :; do sleep 0.01; done").start();
    running.wait_line(|line| line == "ready");
    running.signal(Signal::TERM);
    let finished = running.finish().expect_code(143);
    assert_eq!(finished.stdout, "ready\ncaught\n");
}

#[test]
#[should_panic(expected = "did not end within its time limit")]
fn the_time_limit_ends_it() {
    sh("echo started; sleep 1000")
        .timeout(Duration::from_millis(100))
        .finish();
}

#[test]
#[should_panic(expected = "did not write the line waited for")]
fn waiting_for_a_line_ends_with_the_process() {
    sh("echo something else")
        .start()
        .wait_line(|line| line == "ready");
}

#[test]
fn dropping_it_kills_the_whole_group() {
    let folder = TempDir::new("group");
    let running = sh("sleep 1000 & echo $! > pid; echo ready; wait")
        .current_dir(folder.path())
        .start();
    running.wait_line(|line| line == "ready");
    let grandchild = std::fs::read_to_string(folder.join("pid")).unwrap();
    drop(running);
    eventually("the grandchild to be gone", Duration::from_secs(10), || {
        gone(grandchild.trim()).then_some(())
    });
}

#[test]
fn a_service_tells_its_address_and_stops() {
    let script = "echo 'INFO listening on http://127.0.0.1:7700' >&2; while :; do sleep 0.01; done";
    let mut service = ServiceProcess::start("fake", sh(script));
    assert_eq!(service.url(), "http://127.0.0.1:7700");
    assert!(service.is_alive());
    assert_eq!(service.stop().signal, Some(15));
}

/// Gone, or a zombie that nobody has reaped yet.
pub(crate) fn gone(pid: &str) -> bool {
    match std::fs::read_to_string(format!("/proc/{pid}/stat")) {
        Ok(stat) => stat
            .rsplit(')')
            .next()
            .is_some_and(|rest| rest.trim_start().starts_with('Z')),
        Err(_) => true,
    }
}
