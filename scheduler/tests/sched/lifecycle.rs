//! The life of a job, with agents that do well, fail, stop and get lost.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use heavy_client::Program;
use heavy_load::revision::{LoadTimeline, Revision};
use heavy_load::span::Span;
use heavy_proto::v1::{ArtifactRef, AssignmentState, Heartbeat};
use heavy_results::job::{JobSpec, JobState};
use heavy_results::verdict::Verdict;
use tonic::Code;

use crate::agent::{Agent, delta};
use crate::world::{PROGRAM, World};

fn wall_ns() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    u64::try_from(since.as_nanos()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_agents_share_a_job_and_it_passes() {
    let world = World::new().await;
    let (mut b, mut a) = (
        Agent::connect(&world, "b").await,
        Agent::connect(&world, "a").await,
    );
    let spec = world.spec().await;
    let job = world.submit(&spec).await;
    let (for_a, for_b) = (a.assigned().await, b.assigned().await);
    assert_eq!((for_a.seat, for_b.seat, for_a.epoch), (0, 1, 1));
    let revision: Revision = serde_json::from_str(&for_a.revision).unwrap();
    let members: Vec<_> = revision
        .members
        .iter()
        .map(|member| (member.agent.as_str(), member.weight))
        .collect();
    assert_eq!(members, [("a", 1), ("b", 1)]);
    let given: JobSpec = serde_json::from_str(&for_a.spec).unwrap();
    assert_eq!(
        (given.load_spec.rate, given.name.as_str()),
        (spec.load_spec.rate, "true")
    );
    assert_eq!(for_a.artifact_bytes, std::fs::metadata(PROGRAM).unwrap().len());

    a.say(job, AssignmentState::Prepared).await;
    b.say(job, AssignmentState::Prepared).await;
    let (start_a, start_b) = (a.started().await.start_wall_ns, b.started().await.start_wall_ns);
    assert_eq!(start_a, start_b);
    assert!(start_a.abs_diff(wall_ns()) < 10_000_000_000);
    for agent in [&a, &b] {
        agent.say(job, AssignmentState::Running).await;
        agent.finish(&*world.store, job, 50).await;
    }
    let view = world.ended(job).await;
    assert_eq!(
        (view.job.state, view.job.verdict, view.job.degraded),
        (JobState::Finished, Some(Verdict::Pass), false),
        "{}",
        view.job.reason
    );
    assert_eq!(view.job.started_at_wall_ns, Some(start_a));
    let summary = view.summary.unwrap();
    assert!(summary.complete && summary.iterations.balances());
    assert_eq!((summary.iterations.planned, summary.iterations.ok), (100, 100));
    assert_eq!(summary.job, view.job);
    let shares: Vec<_> = summary
        .agents
        .iter()
        .map(|agent| agent.iterations.planned)
        .collect();
    assert_eq!(shares, [50, 50]);
    let seconds = world
        .store
        .query("SELECT ok, partial FROM seconds", 10)
        .await
        .unwrap();
    assert_eq!(seconds.rows[0][0].as_deref(), Some("100"));
    assert_eq!(world.agents().await[0].job, None, "the agents are free again");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_cannot_prepare_fails_the_job_before_any_load() {
    let world = World::new().await;
    let (mut a, mut b) = (
        Agent::connect(&world, "a").await,
        Agent::connect(&world, "b").await,
    );
    let job = world.submit(&world.spec().await).await;
    a.assigned().await;
    b.assigned().await;
    b.say(job, AssignmentState::Prepared).await;
    a.fail(
        job,
        "unknown-workflow",
        "there is no workflow buy: there are browse, pay",
    )
    .await;
    assert_eq!(b.stopped().await.job, job.to_string());
    b.say(job, AssignmentState::Finished).await;
    let view = world.ended(job).await;
    assert_eq!((view.job.state, view.job.verdict), (JobState::Failed, None));
    assert_eq!(
        view.job.reason,
        "agent a could not be prepared (unknown-workflow): there is no workflow buy: there are browse, pay"
    );
    assert_eq!(view.summary, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_ends_a_running_job_with_what_ran() {
    let world = World::new().await;
    let mut a = Agent::connect(&world, "a").await;
    let spec = world.spec().await;
    let job = a.run_long(&world, spec.clone()).await;
    world.remote.stop("last", false).await.unwrap();
    let stop = a.stopped().await;
    assert_eq!(stop.grace_ns, spec.execution.graceful_stop().ns());
    world.remote.stop(&job.to_string(), true).await.unwrap();
    assert_eq!(a.stopped().await.grace_ns, 0);
    a.finish(&*world.store, job, 10).await;
    let view = world.ended(job).await;
    assert_eq!(
        (view.job.state, view.job.reason.as_str(), view.job.planned),
        (JobState::Stopped, "stopped by a client", 360_000)
    );
    assert_eq!(view.summary.unwrap().iterations.started, 10);
    let again = world.remote.stop(&job.to_string(), false).await.unwrap();
    assert_eq!(again.job.state, JobState::Stopped);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_lost_agent_did_not_report_is_unknown_until_its_lease_ended_and_then_a_gap() {
    let world = World::new().await;
    let (mut a, mut b) = (
        Agent::connect(&world, "a").await,
        Agent::connect(&world, "b").await,
    );
    let mut spec = world.spec().await;
    spec.load_spec.rate = Some("1000".parse().unwrap());
    spec.load_spec.duration = Some(Span::from_s(2));
    let job = world.submit(&spec).await;
    for agent in [&mut a, &mut b] {
        agent.assigned().await;
        agent.say(job, AssignmentState::Prepared).await;
    }
    for agent in [&mut a, &mut b] {
        agent.started().await;
        agent.say(job, AssignmentState::Running).await;
    }
    world
        .wait(job, "some load", |progress| progress.elapsed_s > 0.1)
        .await;
    // Twenty of what was due to it are known, one of them without an outcome; then its process is replaced.
    let mut part = delta(20);
    part.iterations[0].ok = 19;
    b.deliver(&*world.store, job, 1, &part).await;
    drop(b);
    let agents = async || world.agents().await;
    let _b = loop {
        match Agent::register(&world, "b", "second", &[]).await {
            Ok(agent) => break agent,
            Err(status) => assert_eq!(status.code(), Code::AlreadyExists),
        }
    };
    assert_eq!(agents().await.len(), 2);
    let revision = a.revised().await;
    let names: Vec<_> = revision
        .members
        .iter()
        .map(|member| member.agent.as_str())
        .collect();
    assert_eq!((names, revision.number), (vec!["a"], 1));
    let whole = Revision::first(&spec.load(), [("a".to_owned(), 1), ("b".to_owned(), 1)]);
    let mut course = LoadTimeline::new(spec.load(), whole);
    course.push(revision);
    let (of_a, of_b) = (
        course.due("a", 0..9, u64::MAX)[0],
        course.due("b", 0..9, u64::MAX)[0],
    );
    assert_eq!(of_a + of_b, 2_000, "nothing is nobody's");
    assert!(of_a > 1_000 && of_b > 20, "{of_a} {of_b}");
    a.finish(&*world.store, job, of_a).await;
    let view = world.ended(job).await;
    assert_eq!(
        (view.job.state, view.job.degraded, view.job.verdict),
        (JobState::Finished, true, Some(Verdict::Invalid))
    );
    let counts = view.summary.unwrap().iterations;
    assert!(counts.balances());
    assert_eq!(
        (
            counts.scheduled,
            counts.started,
            counts.ok,
            counts.lost,
            counts.unknown + counts.dropped.gap
        ),
        (2_000, of_a + 20, of_a + 19, 1, of_b - 20)
    );
    assert!(
        counts.unknown > 0 && counts.dropped.gap > 0,
        "it may have started some of them before its next process came: {counts:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_comes_back_goes_on() {
    let world = World::new().await;
    let mut a = Agent::connect(&world, "a").await;
    let job = world.submit(&world.spec().await).await;
    a.assigned().await;
    a.say(job, AssignmentState::Prepared).await;
    world.in_state(job, JobState::Running).await;
    drop(a);
    let mut a = Agent::register(&world, "a", "first", &[job]).await.unwrap();
    a.started().await;
    a.say(job, AssignmentState::Running).await;
    a.finish(&*world.store, job, 100).await;
    assert_eq!(world.ended(job).await.job.verdict, Some(Verdict::Pass));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_live_agent_of_the_same_name_is_refused() {
    let world = World::new().await;
    let _a = Agent::connect(&world, "a").await;
    let status = Agent::register(&world, "a", "second", &[]).await.err().unwrap();
    assert_eq!(status.code(), Code::AlreadyExists);
    assert!(
        status.message().contains("set a unique name with --name"),
        "{status}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_assignment_of_an_unknown_job_is_called_off() {
    let world = World::new().await;
    let job = uuid::Uuid::now_v7();
    let mut a = Agent::register(&world, "a", "first", &[job]).await.unwrap();
    assert_eq!(a.stopped().await.job, job.to_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn heartbeats_tell_the_time_and_are_shown() {
    let world = World::new().await;
    let mut a = Agent::connect(&world, "a").await;
    let before = wall_ns();
    let reply = a
        .beat(Heartbeat {
            sequence: 3,
            sent_monotonic_ns: 42,
            clock_offset_ns: -1_000,
            clock_error_ns: 500,
            ..Heartbeat::default()
        })
        .await;
    assert_eq!((reply.sequence, reply.sent_monotonic_ns), (3, 42));
    assert!(before <= reply.received_wall_ns && reply.received_wall_ns <= reply.replied_wall_ns);
    assert!(reply.replied_wall_ns <= wall_ns());
    let agents = world.agents().await;
    assert_eq!(
        (agents[0].clock_offset_ns, agents[0].clock_error_ns),
        (Some(-1_000), Some(500))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn agents_fetch_binaries_by_hash() {
    // Long enough to be cut into many chunks.
    const LONG: &str = env!("CARGO_BIN_EXE_heavy-sched");
    let world = World::new().await;
    let mut a = Agent::connect(&world, "a").await;
    let program = Program::open(Path::new(LONG)).unwrap();
    world.remote.upload(&program).await.unwrap();
    let sha256 = program.sha256;
    let mut chunks = a
        .client
        .fetch_artifact(ArtifactRef { sha256 })
        .await
        .unwrap()
        .into_inner();
    let mut bytes = Vec::new();
    while let Some(chunk) = chunks.message().await.unwrap() {
        bytes.extend_from_slice(&chunk.data);
    }
    assert!(bytes == std::fs::read(LONG).unwrap(), "the bytes are the same");
    for sha256 in ["0".repeat(64), "../../etc/passwd".to_owned(), String::new()] {
        let status = a.client.fetch_artifact(ArtifactRef { sha256 }).await.unwrap_err();
        assert!(
            matches!(status.code(), Code::NotFound | Code::InvalidArgument),
            "{status}"
        );
    }
}
