//! What is left of jobs when the scheduler ends and another one starts.

use std::os::unix::fs::PermissionsExt as _;

use heavy_results::aggregate::SeriesUpdate;
use heavy_results::job::{JobInfo, JobSpec, JobState};
use heavy_results::stats::{Delta, Event};
use heavy_results::verdict::Verdict;

use crate::agent::{Agent, delta};
use crate::world::World;

/// Another job like one that has ended, as a scheduler leaves it that is killed while the job runs.
fn left_running(ended: JobInfo) -> JobInfo {
    JobInfo {
        id: uuid::Uuid::now_v7(),
        state: JobState::Running,
        verdict: None,
        reason: String::new(),
        ended_at_wall_ns: None,
        ..ended
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queued_job_outlives_its_scheduler() {
    let world = World::new().await;
    let job = world.submit(&world.spec().await).await;
    let (dir, store) = world.end().await;
    let world = World::on(dir, store).await;
    let mut a = Agent::connect(&world, "a").await;
    assert_eq!(a.run_well(&*world.store, 100).await, job);
    assert_eq!(world.ended(job).await.job.verdict, Some(Verdict::Pass));
}

#[tokio::test(flavor = "multi_thread")]
async fn values_of_variables_are_for_agents_alone_and_outlive_the_scheduler() {
    let world = World::new().await;
    let mut spec = world.spec().await;
    spec.env.insert("TOKEN".to_owned(), "hunter2".to_owned());
    let job = world.submit(&spec).await;
    let (dir, store) = world.end().await;
    let file = dir.join(format!("env/{job}.json"));
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let world = World::on(dir, store).await;
    let mut a = Agent::connect(&world, "a").await;
    let assigned: JobSpec = serde_json::from_str(&a.assigned().await.spec).unwrap();
    assert_eq!(assigned.env["TOKEN"], "hunter2");
    a.fail(job, "init", "no").await;
    let view = world.ended(job).await;
    assert_eq!(view.job.spec.env["TOKEN"], "***");
    assert_eq!(world.store.jobs(1).await.unwrap()[0].spec.env["TOKEN"], "***");
    assert!(!file.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_queued_job_whose_variables_are_gone_fails() {
    let world = World::new().await;
    let mut spec = world.spec().await;
    spec.env.insert("TOKEN".to_owned(), "hunter2".to_owned());
    let job = world.submit(&spec).await;
    let (dir, store) = world.end().await;
    std::fs::remove_file(dir.join(format!("env/{job}.json"))).unwrap();
    let world = World::on(dir, store).await;
    let ended = world.ended(job).await.job;
    assert_eq!(ended.state, JobState::Failed);
    assert!(ended.reason.contains("variables"), "{}", ended.reason);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_job_is_stopped_when_the_scheduler_ends() {
    let world = World::new().await;
    let mut a = Agent::connect(&world, "a").await;
    let job = a.run_long(&world, world.spec().await).await;
    let store = std::sync::Arc::clone(&world.store);
    let ending = tokio::spawn(world.end());
    assert_eq!(a.stopped().await.grace_ns, 0);
    a.finish(&*store, job, 5).await;
    let (dir, store) = ending.await.unwrap();
    let world = World::on(dir, store).await;
    let view = world.ended(job).await;
    assert_eq!(
        (view.job.state, view.job.reason.as_str()),
        (JobState::Stopped, "stopped by the end of the scheduler")
    );
    assert_eq!(view.summary.unwrap().iterations.ok, 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_a_dead_scheduler_left_running_is_closed_with_what_is_stored() {
    let world = World::new().await;
    let mut a = Agent::connect(&world, "a").await;
    let job = world.submit(&world.spec().await).await;
    a.run_well(&*world.store, 100).await;
    let ended = world.ended(job).await.job;
    let (dir, store) = world.end().await;
    let left = left_running(ended);
    store.create_job(&left).await.unwrap();
    a.deliver(&*store, left.id, 1, &delta(40)).await;
    let world = World::on(dir, store).await;
    let view = world.ended(left.id).await;
    assert_eq!(
        (view.job.state, view.job.degraded, view.job.reason.as_str()),
        (
            JobState::Failed,
            true,
            "the scheduler was restarted while the job was running"
        )
    );
    assert_eq!(view.summary.unwrap().iterations.ok, 40);
}

#[tokio::test(flavor = "multi_thread")]
async fn events_keep_their_numbers_when_another_scheduler_closes_the_job() {
    let world = World::new().await;
    let job = world.submit(&world.spec().await).await;
    let mut a = Agent::connect(&world, "a").await;
    a.run_well(&*world.store, 100).await;
    let ended = world.ended(job).await.job;
    let (dir, store) = world.end().await;
    let left = left_running(ended);
    store.create_job(&left).await.unwrap();
    let event = |kind: &str| Event {
        at_ns: 7,
        kind: kind.to_owned(),
        ..Event::default()
    };
    // The dead scheduler had written its own event, and the first one of the agent.
    let written = SeriesUpdate {
        events: vec![(0, event("rate")), (1, event("process-died"))],
        ..SeriesUpdate::default()
    };
    store.save_series(left.id, &written, None).await.unwrap();
    let delta = Delta {
        events: vec![event("process-died"), event("process-started")],
        ..delta(40)
    };
    a.deliver(&*store, left.id, 1, &delta).await;
    let world = World::on(dir, store).await;
    let view = world.ended(left.id).await;
    let kinds = ["rate", "process-died", "process-started"];
    let summarised: Vec<String> = view
        .summary
        .unwrap()
        .events
        .into_iter()
        .map(|event| event.kind)
        .collect();
    assert_eq!(summarised, kinds);
    let sql = format!(
        "select number, kind from event_rows where job_id = '{}' order by number",
        left.id
    );
    let rows = world.store.query(&sql, 9).await.unwrap().rows;
    let stored: Vec<String> = rows
        .into_iter()
        .map(|row| row.into_iter().flatten().collect())
        .collect();
    assert_eq!(stored, ["0rate", "1process-died", "2process-started"]);
}
