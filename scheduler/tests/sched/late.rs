//! Results that are late: a job waits for them, and those that come after its end make a new revision of its summary.

use heavy_client::JobHome as _;
use heavy_load::vocabulary::Ended;
use heavy_proto::v1::{AssignmentState, Backlog, Heartbeat};
use heavy_results::job::{JobInfo, JobState, JobView};
use heavy_results::summary::Summary;
use heavy_results::verdict::Verdict;
use heavy_store::Store;
use uuid::Uuid;

use crate::agent::{Agent, delta};
use crate::world::{LIMIT, World};

/// A heartbeat of an agent that has something to deliver.
fn beat(job: Uuid) -> Heartbeat {
    Heartbeat {
        backlogs: vec![Backlog {
            job: job.to_string(),
            epoch: 1,
            batches: 3,
            bytes: 4_200_000,
        }],
        ..Heartbeat::default()
    }
}

/// An agent whose load of 100 iterations is over and of whose results 60 are in.
pub(crate) async fn with_a_backlog(world: &World) -> (Agent, Uuid) {
    let mut a = Agent::connect(world, "a").await;
    let job = world.submit(&world.spec().await).await;
    a.assigned().await;
    a.say(job, AssignmentState::Prepared).await;
    a.started().await;
    a.say(job, AssignmentState::Running).await;
    a.deliver(&*world.store, job, 1, &delta(60)).await;
    a.say(job, AssignmentState::Draining).await;
    a.say(job, AssignmentState::Delivering).await;
    world.in_state(job, JobState::Delivering).await;
    a.beat(beat(job)).await;
    (a, job)
}

/// The rest of what [`with_a_backlog`] has.
pub(crate) async fn deliver_rest(a: &Agent, store: &dyn Store, job: Uuid) {
    a.deliver(store, job, 2, &delta(40)).await;
    a.close(store, job, 3, 100).await;
}

/// Waits for a revision of a summary.
pub(crate) async fn revision(world: &World, job: Uuid, number: usize) -> (JobInfo, Summary) {
    let waiting = async {
        loop {
            let JobView { job, summary } = world.remote.get(&job.to_string()).await.unwrap();
            if let Some(summary) = summary.filter(|summary| summary.revisions.len() >= number) {
                return (job, summary);
            }
            tokio::task::yield_now().await;
        }
    };
    let found = tokio::time::timeout(LIMIT, waiting).await;
    found.unwrap_or_else(|_| panic!("revision {number} of {job}"))
}

async fn rows(store: &dyn Store, sql: &str) -> Vec<String> {
    let found = store.query(sql, 10).await.unwrap();
    let row = |row: Vec<Option<String>>| row.into_iter().flatten().collect::<Vec<_>>().join(",");
    found.rows.into_iter().map(row).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_waits_for_results_while_its_agent_runs_another() {
    let world = World::new().await;
    let (mut a, job) = with_a_backlog(&world).await;
    let progress = world
        .wait(job, "what is to come", |progress| {
            progress.agent_states.iter().any(|agent| agent.backlog_bytes > 0)
        })
        .await;
    assert_eq!(
        (progress.state, progress.agent_states[0].backlog_batches),
        (JobState::Delivering, 3)
    );
    let shown = world.remote.get(&job.to_string()).await.unwrap().job;
    assert_eq!(
        (shown.state, shown.reason.as_str()),
        (
            JobState::Delivering,
            "waiting for results: agent a has 3 batches (4.2 MB) to deliver"
        )
    );
    let second = world.submit(&world.spec().await).await;
    assert_eq!(a.run_well(&*world.store, 100).await, second);
    let ended = world.ended(second).await.job;
    assert_eq!(ended.verdict, Some(Verdict::Pass), "{}", ended.reason);

    deliver_rest(&a, &*world.store, job).await;
    let view = world.ended(job).await;
    assert_eq!(view.job.verdict, Some(Verdict::Pass), "{}", view.job.reason);
    let summary = view.summary.unwrap();
    assert_eq!((summary.iterations.ok, summary.missing.len()), (100, 0));
    assert_eq!(summary.revisions.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn results_that_nobody_waited_for_make_a_new_revision() {
    let world = World::new().await;
    let (a, job) = with_a_backlog(&world).await;
    world.remote.stop(&job.to_string(), true).await.unwrap();
    let view = world.ended(job).await;
    assert_eq!(
        (view.job.state, view.job.verdict, view.job.degraded),
        (JobState::Finished, Some(Verdict::Invalid), true),
        "its load was carried out"
    );
    let first = view.summary.unwrap();
    let counts = first.iterations;
    assert!(counts.balances(), "{counts:?}");
    assert_eq!(
        (counts.scheduled, counts.ok, counts.unknown, counts.dropped.gap),
        (100, 60, 40, 0),
        "its agent had its lease to the end, so that nothing was certainly not started"
    );
    let expected = "results are missing: agent a did not deliver all of its results; whether 40 iterations were started \
                    is unknown";
    assert_eq!(view.job.reason, expected);
    assert_eq!(first.revisions.len(), 1);
    let unknown =
        "SELECT unknown, ended FROM assignments UNION ALL SELECT unknown, workflow FROM workflow_stats";
    assert_eq!(rows(&*world.store, unknown).await, ["40,lost", "40,main"]);

    deliver_rest(&a, &*world.store, job).await;
    let (job_now, second) = revision(&world, job, 2).await;
    assert_eq!(
        (job_now.state, job_now.verdict),
        (JobState::Finished, Some(Verdict::Pass)),
        "{}",
        job_now.reason
    );
    assert_eq!((second.iterations.ok, second.iterations.unknown), (100, 0));
    assert_eq!((second.missing.len(), second.revisions.len()), (0, 2));
    assert_eq!(
        second.revisions[0], first.revisions[0],
        "what was given out stays"
    );
    let changes = &second.revisions[1].changes;
    assert!(
        changes.starts_with("verdict INVALID -> PASS; started 60 -> 100"),
        "{changes}"
    );
    let revisions = "SELECT number, verdict FROM summary_revisions ORDER BY number";
    assert_eq!(rows(&*world.store, revisions).await, ["1,INVALID", "2,PASS"]);
    assert_eq!(rows(&*world.store, unknown).await, ["0,finished", "0,main"]);
    let seconds = "SELECT sum(ok) FROM seconds";
    assert_eq!(rows(&*world.store, seconds).await, ["100"]);
    assert!(
        world.store.late_jobs().await.unwrap().is_empty(),
        "nothing more can come"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn late_results_of_jobs_that_a_scheduler_left_reach_their_summaries() {
    let world = World::new().await;
    let (a, job) = with_a_backlog(&world).await;
    let info = world.remote.get(&job.to_string()).await.unwrap().job;
    let (dir, store) = world.end().await;
    let ended = store.jobs(1).await.unwrap().remove(0);
    assert_eq!(
        (ended.state, ended.verdict),
        (JobState::Finished, Some(Verdict::Invalid)),
        "the end of the scheduler ends the wait"
    );
    // As a scheduler leaves it that is killed while the job runs.
    let killed = JobInfo {
        id: Uuid::now_v7(),
        state: JobState::Running,
        ..info
    };
    store.create_job(&killed).await.unwrap();
    a.deliver(&*store, killed.id, 1, &delta(60)).await;
    deliver_rest(&a, &*store, job).await;
    let world = World::on(dir, store).await;
    let (now, summary) = revision(&world, job, 2).await;
    assert_eq!(
        (now.verdict, summary.iterations.ok),
        (Some(Verdict::Pass), 100),
        "{}: {:?}",
        now.reason,
        summary.revisions
    );
    let (_, first) = revision(&world, killed.id, 1).await;
    assert_eq!(first.iterations.ok, 60);
    deliver_rest(&a, &*world.store, killed.id).await;
    let (now, second) = revision(&world, killed.id, 2).await;
    assert_eq!(now.state, JobState::Failed, "how it ended does not change");
    assert_eq!((second.iterations.ok, second.missing.len()), (100, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_are_given_up_after_the_closing_count() {
    let world = World::new().await;
    let (a, job) = with_a_backlog(&world).await;
    a.deliver(&*world.store, job, 2, &delta(40)).await;
    a.close_with(&*world.store, job, 3, 100, |closing| {
        closing.ended = Some(Ended::Finished);
        closing.last_rows_sequence = 2;
    })
    .await;
    a.void_rows(&*world.store, job, 1, (30, 20)).await;
    a.void_rows(&*world.store, job, 2, (1, 0)).await;
    let view = world.ended(job).await;
    let expected = "none failed; raw rows of 31 requests and 20 iterations were discarded";
    assert_eq!(view.job.verdict, Some(Verdict::Pass), "the statistics are whole");
    assert!(view.job.reason.ends_with(expected), "{}", view.job.reason);
    let voided = "SELECT voided_requests, voided_iterations, damaged_batches FROM assignments";
    assert_eq!(rows(&*world.store, voided).await, ["31,20,0"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_were_damaged_and_that_nobody_can_count_are_missing() {
    let world = World::new().await;
    let (a, job) = with_a_backlog(&world).await;
    a.deliver(&*world.store, job, 2, &delta(40)).await;
    a.close_with(&*world.store, job, 3, 100, |closing| {
        closing.last_rows_sequence = 1
    })
    .await;
    a.void_rows(&*world.store, job, 1, (0, 0)).await;
    let view = world.ended(job).await;
    assert_eq!(view.job.verdict, Some(Verdict::Invalid), "{}", view.job.reason);
    let expected = "1 batch of raw rows were damaged";
    assert!(view.job.reason.starts_with(expected), "{}", view.job.reason);
}
