//! Jobs that a killed scheduler has left: whose load was over, whose load ran, and of which nothing was stored.

use std::sync::Arc;

use heavy_client::JobHome as _;
use heavy_proto::v1::AssignmentState;
use heavy_results::job::{JobInfo, JobState};
use heavy_results::verdict::Verdict;
use heavy_store::{Handover, Store};
use heavy_testkit::TempDir;
use uuid::Uuid;

use crate::agent::{Agent, delta};
use crate::late::{deliver_rest, revision, with_a_backlog};
use crate::world::{LIMIT, World};

/// What a scheduler hands over of a job that runs, and of one whose results are awaited, and the jobs as it leaves them if it is
/// killed then. Of the results, 60 of 100 iterations are in.
async fn left_by_a_killed_scheduler() -> (TempDir, Arc<dyn Store>, Agent, [JobInfo; 2]) {
    let world = World::new().await;
    let mut a = Agent::connect(&world, "a").await;
    let job = world.submit(&world.spec().await).await;
    a.assigned().await;
    a.say(job, AssignmentState::Prepared).await;
    a.started().await;
    a.say(job, AssignmentState::Running).await;
    let running = handed_over(&*world.store, job, |_| true).await;
    world.in_state(job, JobState::Running).await;
    let info = world.remote.get(&job.to_string()).await.unwrap().job;
    a.say(job, AssignmentState::Draining).await;
    a.say(job, AssignmentState::Delivering).await;
    let delivering = handed_over(&*world.store, job, |handover| handover.delivering.is_some()).await;
    let (dir, store) = world.end().await;
    let mut left = Vec::new();
    for (state, handover) in [(JobState::Running, running), (JobState::Delivering, delivering)] {
        let job = JobInfo {
            id: Uuid::now_v7(),
            state,
            ..info.clone()
        };
        store.create_job(&job).await.unwrap();
        store.hand_over(job.id, &handover).await.unwrap();
        a.deliver(&*store, job.id, 1, &delta(60)).await;
        left.push(job);
    }
    (dir, store, a, left.try_into().unwrap())
}

/// Waits for what a scheduler hands over of a job.
async fn handed_over(store: &dyn Store, job: Uuid, wanted: impl Fn(&Handover) -> bool) -> Handover {
    let waiting = async {
        loop {
            if let Some(handover) = store.handover(job).await.unwrap().filter(&wanted) {
                return handover;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(LIMIT, waiting).await.expect("a handover")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_whose_load_was_over_when_its_scheduler_died_waits_for_its_results_and_ends_in_order() {
    let (dir, store, a, [_, job]) = Box::pin(left_by_a_killed_scheduler()).await;
    let world = World::on(dir, store).await;
    world.in_state(job.id, JobState::Delivering).await;
    deliver_rest(&a, &*world.store, job.id).await;
    let view = world.ended(job.id).await;
    assert_eq!(
        (view.job.state, view.job.verdict, view.job.degraded),
        (JobState::Finished, Some(Verdict::Pass), false),
        "{}",
        view.job.reason
    );
    let summary = view.summary.unwrap();
    assert_eq!((summary.iterations.ok, summary.iterations.planned), (100, 100));
    assert_eq!((summary.revisions.len(), summary.missing.len()), (1, 0));
    assert_eq!(world.store.handover(job.id).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wait_that_another_scheduler_began_can_be_ended() {
    let (dir, store, a, [_, job]) = Box::pin(left_by_a_killed_scheduler()).await;
    let world = World::on(dir, store).await;
    world.remote.stop(&job.id.to_string(), true).await.unwrap();
    let view = world.ended(job.id).await;
    assert_eq!(
        (view.job.state, view.job.verdict),
        (JobState::Finished, Some(Verdict::Invalid))
    );
    let counts = view.summary.unwrap().iterations;
    assert_eq!((counts.scheduled, counts.ok, counts.unknown), (100, 60, 40));
    deliver_rest(&a, &*world.store, job.id).await;
    let (now, second) = revision(&world, job.id, 2).await;
    assert_eq!((now.verdict, second.iterations.unknown), (Some(Verdict::Pass), 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_due_while_a_job_lost_its_scheduler_is_unknown_until_records_come() {
    let (dir, store, a, [job, _]) = Box::pin(left_by_a_killed_scheduler()).await;
    let world = World::on(dir, store).await;
    let (now, first) = revision(&world, job.id, 1).await;
    assert_eq!(now.state, JobState::Failed);
    let counts = first.iterations;
    assert!(counts.balances(), "{counts:?}");
    assert_eq!(
        (
            counts.scheduled,
            counts.started,
            counts.dropped.total(),
            counts.unknown
        ),
        (100, 60, 0, 40)
    );
    deliver_rest(&a, &*world.store, job.id).await;
    let (_, second) = revision(&world, job.id, 2).await;
    assert_eq!((second.iterations.ok, second.iterations.unknown), (100, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn results_of_an_agent_that_had_delivered_nothing_when_its_job_was_closed_reach_the_summary() {
    let world = World::new().await;
    let (a, job) = with_a_backlog(&world).await;
    let info = world.remote.get(&job.to_string()).await.unwrap().job;
    let (dir, store) = world.end().await;
    let killed = JobInfo {
        id: Uuid::now_v7(),
        state: JobState::Running,
        ..info
    };
    store.create_job(&killed).await.unwrap();
    let world = World::on(dir, store).await;
    let (_, first) = revision(&world, killed.id, 1).await;
    assert_eq!(first.iterations.ok, 0);
    a.deliver(&*world.store, killed.id, 1, &delta(60)).await;
    deliver_rest(&a, &*world.store, killed.id).await;
    let (_, second) = revision(&world, killed.id, 2).await;
    assert_eq!(second.iterations.ok, 100);
}
