//! Whose turn it is, and what those are told who wait.

use heavy_load::span::Span;
use heavy_results::job::JobState;
use heavy_results::verdict::Verdict;

use crate::agent::Agent;
use crate::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn a_job_waits_for_agents_and_says_so() {
    let world = World::new().await;
    let job = world.submit(&world.spec().await).await;
    let waiting = "waiting for agents: 0 of 1 connected";
    world
        .wait(job, waiting, |progress| progress.reason == waiting)
        .await;
    let mut a = Agent::connect(&world, "a").await;
    a.run_well(&*world.store, 100).await;
    assert_eq!(world.ended(job).await.job.verdict, Some(Verdict::Pass));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_without_agents_gives_up() {
    let world = World::new().await;
    let mut spec = world.spec().await;
    spec.wait_for_agents = Span::from_ns(1_000_000);
    let job = world.submit(&spec).await;
    let view = world.ended(job).await;
    assert_eq!(
        (view.job.state, view.job.reason.as_str()),
        (
            JobState::Failed,
            "no agent is connected: start one with `heavy-agent --collector URL`"
        )
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_take_turns_on_an_agent() {
    let world = World::new().await;
    let mut a = Agent::connect(&world, "a").await;
    let spec = world.spec().await;
    let first = world.submit(&spec).await;
    let second = world.submit(&spec).await;
    let third = world.submit(&spec).await;
    let waiting = "waiting for agents: 0 of 1 free, the others run other jobs";
    world
        .wait(second, waiting, |progress| progress.reason == waiting)
        .await;
    let turn = "waiting for its turn: 1 job before it";
    world.wait(third, turn, |progress| progress.reason == turn).await;
    world.remote.stop(&second.to_string(), false).await.unwrap();
    assert_eq!(world.ended(second).await.job.state, JobState::Stopped);
    assert_eq!(a.run_well(&*world.store, 100).await, first);
    assert_eq!(a.run_well(&*world.store, 100).await, third);
    assert_eq!(world.ended(third).await.job.verdict, Some(Verdict::Pass));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_takes_only_as_many_agents_as_it_asks_for() {
    let world = World::new().await;
    let mut agents = [
        Agent::connect(&world, "a").await,
        Agent::connect(&world, "b").await,
    ];
    let mut spec = world.spec().await;
    spec.agents = Some(1);
    let jobs = [world.submit(&spec).await, world.submit(&spec).await];
    for (agent, job) in agents.iter_mut().zip(jobs) {
        assert_eq!(agent.run_well(&*world.store, 100).await, job);
    }
    for job in jobs {
        assert_eq!(world.ended(job).await.job.verdict, Some(Verdict::Pass));
    }
}
