//! Processes: nothing outlives its assignment or its agent, and what an agent leaves is delivered by the next.

use heavy_load::vocabulary::Ended;
use std::time::Duration;

use heavy_proto::v1::AssignmentState as State;
use heavy_testkit::{Run, Running, eventually};

use crate::trees::{below, no_process_left};
use crate::world::{World, fixture, spec};

const LIMIT: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread")]
async fn children_that_ignore_signals_do_not_outlive_their_job() {
    let world = World::new().await;
    world
        .assign("job-brood", &fixture(), spec("10", 300, "brood"))
        .await;
    world.state("job-brood", State::Prepared).await;
    assert!(
        below(world.dir.path()).len() >= 3,
        "the load test and its children run"
    );
    world.start("job-brood").await;
    world.state("job-brood", State::Finished).await;
    assert_eq!(below(world.dir.path()), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_test_that_does_not_stop_is_killed() {
    let world = World::new().await;
    let mut stuck = spec("50", 500, "stuck");
    stuck.execution.graceful_stop = Some("100ms".parse().unwrap());
    world.assign("job-stuck", &fixture(), stuck).await;
    world.state("job-stuck", State::Prepared).await;
    world.start("job-stuck").await;
    let failed = world.state("job-stuck", State::Failed).await;
    assert!(
        failed.message.contains("did not stop within its grace"),
        "{}",
        failed.message
    );
    assert_eq!(below(world.dir.path()), Vec::<String>::new());
    let closing = world.closed("job-stuck").await.closing.unwrap();
    assert_eq!((closing.scheduled, closing.ok + closing.failed), (25, 25));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_is_stopped_before_its_start_leaves_nothing() {
    let world = World::new().await;
    world
        .assign("job-early", &fixture(), spec("10", 1000, "ok"))
        .await;
    world.state("job-early", State::Prepared).await;
    world.stop("job-early", Duration::ZERO, 0).await;
    world.state("job-early", State::Finished).await;
    assert_eq!(below(world.dir.path()), Vec::<String>::new());
    assert!(world.delivered("job-early").closing.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_is_told_to_end_delivers_first() {
    let mut world = World::new().await;
    world
        .assign("job-term", &fixture(), spec("100", 600_000, "ok"))
        .await;
    world.state("job-term", State::Prepared).await;
    world.start("job-term").await;
    world.state("job-term", State::Running).await;
    world.stop_agent().await;
    world.state("job-term", State::Finished).await;
    let closing = world
        .delivered("job-term")
        .closing
        .expect("it was closed and delivered");
    assert_eq!((closing.ended, closing.lost), (Some(Ended::Stopped), 0));
    assert_eq!(
        std::fs::read_dir(world.dir.path().join("agent/spool"))
            .unwrap()
            .count(),
        0
    );
}

pub(crate) fn agent_process(world: &World) -> Running {
    let config = world.config();
    Run::new(env!("CARGO_BIN_EXE_heavy-agent"))
        .args(["--scheduler", &config.scheduler, "--collector", &config.collector])
        .args(["--name", "agent-1", "--label", "zone=a"])
        .args(["--data-dir".as_ref(), config.data_dir.as_os_str()])
        .args(["--sandbox", config.sandbox.most.as_str()])
        .timeout(Duration::from_secs(60))
        .start()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_agent_takes_its_load_test_along_and_the_next_delivers_what_it_had() {
    let mut world = World::new().await;
    world.stop_agent().await;
    let mut agent = agent_process(&world);
    world.registered(2).await;
    let labels = world.scheduler.heard.borrow().registrations[1].labels.clone();
    assert_eq!(labels.get("zone").map(String::as_str), Some("a"));
    world
        .assign("job-kill", &fixture(), spec("200", 600_000, "ok"))
        .await;
    world.state("job-kill", State::Prepared).await;
    world.start("job-kill").await;
    world
        .wait_delivered("job-kill", "rows", |delivered| delivered.requests() > 0)
        .await;
    agent.signal(heavy_testkit::Signal::KILL);
    no_process_left(&world).await;
    drop(agent);
    let _next = agent_process(&world);
    world.registered(3).await;
    let spool = world.dir.path().join("agent/spool");
    tokio::task::spawn_blocking(move || {
        eventually("an empty spool", LIMIT, || {
            (std::fs::read_dir(&spool).ok()?.count() == 0).then_some(())
        });
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_data_directory_in_use_is_a_clear_error() {
    let world = World::new().await;
    let second = agent_process(&world);
    let finished = tokio::task::spawn_blocking(move || second.finish())
        .await
        .unwrap();
    assert_eq!(finished.code, Some(1));
    assert!(
        finished.stderr.contains("in use by another agent"),
        "{}",
        finished.stderr
    );
}
