//! Load tests that do not want to end, or end in the middle: their supervisors see to them, whatever becomes of the agent.
//!
//! `HEAVY_STOP_CYCLES` and `HEAVY_KILL_CYCLES` say how often a load test is stopped and an agent killed, for figures
//! beyond those of every day.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use heavy_load::vocabulary::{Ended, SandboxLevel};
use heavy_proto::v1::AssignmentState as State;
use heavy_testkit::{Signal, eventually};
use rustix::process::Pid;
use serde_json::json;

use crate::processes::agent_process;
use crate::world::{World, fixture, spec};

const LIMIT: Duration = Duration::from_secs(30);

/// The processes of the host that belong to a load test of the agent in `dir`: by where they work, or by what they say.
pub(crate) fn below(dir: &Path) -> Vec<String> {
    let work = dir.join("agent/work");
    let Ok(processes) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    let belonging = processes.flatten().filter(|process| {
        let path = process.path();
        let works = || fs::read_link(path.join("cwd")).is_ok_and(|cwd| cwd.starts_with(&work));
        let says = || {
            let line = fs::read(path.join("cmdline")).unwrap_or_default();
            String::from_utf8_lossy(&line).contains(&*work.to_string_lossy())
        };
        works() || says()
    });
    belonging
        .map(|process| process.file_name().to_string_lossy().into_owned())
        .collect()
}

fn cycles(variable: &str) -> usize {
    let cycles = std::env::var(variable).ok();
    cycles.map_or(2, |cycles| cycles.parse().expect("a number"))
}

/// The greatest and the middle one, for figures.
fn figures(mut times: Vec<Duration>) -> String {
    times.sort_unstable();
    let most = times.last().copied().unwrap_or_default();
    format!(
        "{} cycles, gone after {:?} (median), {most:?} (most)",
        times.len(),
        times[times.len() / 2]
    )
}

/// Waits until nothing of the agent's load tests runs any more.
pub(crate) async fn no_process_left(world: &World) {
    let dir = world.dir.path().to_owned();
    let gone = move || {
        eventually("no process of the agent", LIMIT, || {
            below(&dir).is_empty().then_some(())
        })
    };
    tokio::task::spawn_blocking(gone).await.expect("all are gone");
}

/// Stops hostile load tests at once, and returns how long each took to be gone.
async fn stop_again_and_again(world: &World, cycles: usize) -> Vec<Duration> {
    let mut times = Vec::new();
    for cycle in 0..cycles {
        let job = format!("job-hostile-{cycle}");
        world
            .assign(&job, &fixture(), spec("50", 600_000, "hostile"))
            .await;
        world.state(&job, State::Prepared).await;
        let dir = world.dir.path().to_owned();
        tokio::task::spawn_blocking(move || {
            eventually("a load test with children", LIMIT, || {
                (below(&dir).len() > 8).then_some(())
            });
        })
        .await
        .expect("the load test has children");
        if cycle % 2 == 0 {
            world.start(&job).await;
            world.state(&job, State::Running).await;
        }
        let stopped = Instant::now();
        world.stop(&job, Duration::ZERO, 0).await;
        world.state(&job, State::Finished).await;
        times.push(stopped.elapsed());
        assert_eq!(below(world.dir.path()), Vec::<String>::new(), "cycle {cycle}");
    }
    times
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_a_hostile_load_test_outlives_a_stop() {
    let world = World::new().await;
    let times = stop_again_and_again(&world, cycles("HEAVY_STOP_CYCLES")).await;
    println!("{}", figures(times));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_outlives_a_stop_where_namespaces_are_forbidden() {
    let mut world = World::without_agent().await;
    world.shares_pids = true;
    world.start_agent();
    world.registered(1).await;
    let times = stop_again_and_again(&world, cycles("HEAVY_STOP_CYCLES")).await;
    println!("{}", figures(times));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_a_load_test_outlives_its_killed_agent_and_nothing_that_it_wrote_is_lost() {
    let mut world = World::new().await;
    world.stop_agent().await;
    // Its ledger is not in its directory, which is removed.
    world.sandbox = SandboxLevel::Basic;
    let mut agent = agent_process(&world);
    world.registered(2).await;
    let mut times = Vec::new();
    for cycle in 0..cycles("HEAVY_KILL_CYCLES") {
        let (job, ledger) = (
            format!("job-killed-{cycle}"),
            world.dir.path().join(format!("{cycle}")),
        );
        let mut hostile = spec("500", 600_000, "hostile");
        let stays = cycle % 2 == 1;
        hostile.params = json!({ "mode": "hostile", "ledger": ledger, "stays": stays });
        world.assign(&job, &fixture(), hostile).await;
        world.state(&job, State::Prepared).await;
        world.start(&job).await;
        world
            .wait_delivered(&job, "rows", |delivered| delivered.requests() > 0)
            .await;
        let killed = Instant::now();
        agent.signal(Signal::KILL);
        no_process_left(&world).await;
        times.push(killed.elapsed());
        let wrote = fs::metadata(&ledger).expect("there were iterations").len();
        agent = agent_process(&world);
        world.registered(3 + cycle).await;
        let delivered = world.closed(&job).await;
        assert_eq!(
            (delivered.iterations(), delivered.requests()),
            (wrote, wrote),
            "cycle {cycle}"
        );
        let closing = delivered.closing.unwrap();
        assert_eq!(
            (closing.ended, closing.ok + closing.failed),
            (Some(Ended::Died), wrote)
        );
    }
    println!("{}", figures(times));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_supervisor_that_is_killed_takes_everything_along() {
    for shares_pids in [false, true] {
        let mut world = World::without_agent().await;
        world.shares_pids = shares_pids;
        world.start_agent();
        world.registered(1).await;
        world
            .assign("job-headless", &fixture(), spec("50", 600_000, "hostile"))
            .await;
        world.state("job-headless", State::Prepared).await;
        world.start("job-headless").await;
        world.state("job-headless", State::Running).await;
        let supervisor = stage_of(world.dir.path(), if shares_pids { "guard" } else { "init" });
        rustix::process::kill_process(supervisor, Signal::KILL).unwrap();
        let failed = world.state("job-headless", State::Failed).await;
        assert_eq!(failed.failure_kind, "died");
        assert!(
            failed.message.contains("supervisor has ended"),
            "{}",
            failed.message
        );
        let left = below(world.dir.path());
        let left = left.iter().filter(|pid| !shares_pids || !end_hidden(pid));
        assert_eq!(left.count(), 0, "shared: {shares_pids}");
    }
}

/// The process of a stage of launching the load test.
fn stage_of(dir: &Path, stage: &str) -> Pid {
    let is_stage = |pid: &String| {
        let line = fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        line.split('\0').any(|argument| argument == stage)
    };
    let found = below(dir).into_iter().find(is_stage).expect("it runs");
    process(&found)
}

/// The process of a directory below /proc.
fn process(name: &str) -> Pid {
    let id = name.parse().ok().and_then(Pid::from_raw);
    id.expect("a process id")
}

/// Ends a process that changed its directory and its environment, and returns whether it had: without namespaces, nobody
/// but its supervisor knows that it belongs to the load test.
fn end_hidden(pid: &str) -> bool {
    let hid = fs::read_link(format!("/proc/{pid}/cwd")).is_ok_and(|cwd| cwd == Path::new("/"));
    if hid {
        let _ = rustix::process::kill_process(process(pid), Signal::KILL);
    }
    hid
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_test_that_closes_stdout_ends_at_once() {
    let world = World::new().await;
    world
        .assign("job-mute", &fixture(), spec("100", 60_000, "mute"))
        .await;
    world.state("job-mute", State::Prepared).await;
    world.start("job-mute").await;
    let failed = world.state("job-mute", State::Failed).await;
    assert_eq!(failed.failure_kind, "died");
    assert!(failed.message.contains("closed its stdout"), "{}", failed.message);
    let closing = world.closed("job-mute").await.closing.unwrap();
    assert_eq!(
        (closing.ended, closing.ok + closing.failed),
        (Some(Ended::Died), 25)
    );
    assert!(closing.lost >= 1, "{closing:?}");
    assert_eq!(below(world.dir.path()), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_test_that_answers_no_more_ends() {
    let world = World::new().await;
    world
        .assign("job-deaf", &fixture(), spec("100", 600_000, "deaf"))
        .await;
    world.state("job-deaf", State::Prepared).await;
    world.start("job-deaf").await;
    let failed = world.state("job-deaf", State::Failed).await;
    assert_eq!(failed.failure_kind, "died");
    assert!(
        failed.message.contains("did not answer within"),
        "{}",
        failed.message
    );
    let closing = world.closed("job-deaf").await.closing.unwrap();
    assert_eq!(
        (closing.ended, closing.ok + closing.failed),
        (Some(Ended::Died), 25)
    );
    assert_eq!(below(world.dir.path()), Vec::<String>::new());
}
