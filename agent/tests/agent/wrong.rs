//! The command `heavy-agent` used wrongly, or with a scheduler that does not run.

use heavy_testkit::{Run, ServiceProcess, free_port};

fn agent(args: &[&str]) -> Run {
    Run::new(env!("CARGO_BIN_EXE_heavy-agent")).args(args)
}

#[test]
fn wrong_usage_is_named_and_is_2() {
    let url = "http://127.0.0.1:1";
    for (args, expected) in [
        (
            ["--scheduler", "nonsense", "--collector", url],
            "invalid scheduler URL `nonsense`: expected http://HOST:PORT",
        ),
        (
            ["--scheduler", url, "--collector", "nonsense"],
            "invalid collector URL `nonsense`: expected http://HOST:PORT",
        ),
        (
            ["--collector", url, "--name", "../up"],
            "invalid agent name `../up`: expected",
        ),
        (
            ["--collector", url, "--label", "zone"],
            "invalid label: expected KEY=VALUE",
        ),
    ] {
        let finished = agent(&args).finish().expect_code(2);
        assert!(
            finished.stderr.contains(expected),
            "{args:?}: {}",
            finished.stderr
        );
        assert_eq!(finished.stdout, "", "{args:?}");
    }
}

#[test]
fn a_scheduler_that_is_not_there_is_waited_for_and_named() {
    let nobody = format!("http://127.0.0.1:{}", free_port());
    let run = agent(&["--scheduler", &nobody, "--collector", &nobody]);
    let agent = ServiceProcess::start_when("agent", run, |line| {
        line.contains("no connection to the scheduler, trying again")
            && line.contains(&format!("scheduler=\"{nobody}\""))
            && line.contains("Connection refused")
    });
    let finished = agent.stop().expect_code(0);
    assert_eq!(finished.stdout, "");
}
