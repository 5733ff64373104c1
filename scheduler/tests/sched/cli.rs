//! The command line of clients, through the real binary and against a real scheduler.

use heavy_client::JobHome as _;
use heavy_load::vocabulary::SandboxLevel;
use heavy_proto::v1::AssignmentState;
use heavy_results::job::{AgentInfo, JobInfo, JobView};
use heavy_results::summary::Summary;
use heavy_testkit::{Finished, Run, Signal};
use uuid::Uuid;

use crate::agent::{Agent, delta};
use crate::world::{PROGRAM, World};

/// A run of the binary against the world's scheduler.
pub(crate) fn sched(world: &World, args: &str) -> Run {
    Run::binary("heavy-sched")
        .args(args.split_whitespace())
        .env("HEAVY_SCHEDULER", world.url())
}

/// Runs to the end on a thread of its own, so that the world goes on.
pub(crate) async fn finish(run: Run) -> Finished {
    tokio::task::spawn_blocking(move || run.finish()).await.unwrap()
}

fn json<T: serde::de::DeserializeOwned>(finished: Finished) -> T {
    serde_json::from_str(&finished.expect_code(0).stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn submit_shows_plan_progress_and_summary() {
    let world = World::new().await;
    let mut a = Agent::connect(&world, "a").await;
    let report = world.dir.join("report.json");
    let args = format!(
        "submit {PROGRAM} --rate 100 -d 1s --name shop --report json={}",
        report.display()
    );
    let submit = tokio::spawn(finish(sched(&world, &args)));
    a.run_well(&*world.store, 100).await;
    let finished = submit.await.unwrap().expect_code(0);
    assert!(finished.stdout.contains("PASS"), "{}", finished.stdout);
    let job = world.remote.get("last").await.unwrap().job;
    assert!(
        finished.stdout.contains(&job.id.to_string()),
        "{}",
        finished.stdout
    );
    for part in [
        "job        shop\n",
        &format!("Test ID    {}\n", job.id),
        "100/s for 1s: 100 iterations",
        "running",
    ] {
        assert!(finished.stderr.contains(part), "{part}: {}", finished.stderr);
    }
    let summary: Summary = serde_json::from_str(&std::fs::read_to_string(report).unwrap()).unwrap();
    assert_eq!(summary.job, job);
}

#[tokio::test(flavor = "multi_thread")]
async fn verdicts_have_exit_codes() {
    let world = World::new().await;
    let mut a = Agent::connect(&world, "a").await;
    let submit = tokio::spawn(finish(sched(
        &world,
        &format!("submit {PROGRAM} --rate 100 -d 1s --json"),
    )));
    let job: Uuid = a.assigned().await.job.parse().unwrap();
    a.say(job, AssignmentState::Prepared).await;
    a.started().await;
    // Nothing is ok: FAIL.
    a.say(job, AssignmentState::Draining).await;
    let mut failed = delta(100);
    (failed.iterations[0].ok, failed.iterations[0].failed) = (0, 100);
    a.deliver(&*world.store, job, 1, &failed).await;
    a.close(&*world.store, job, 2, 100).await;
    a.say(job, AssignmentState::Finished).await;
    let finished = submit.await.unwrap().expect_code(99);
    let summary: Summary = serde_json::from_str(&finished.stdout).unwrap();
    assert_eq!(summary.job.id, job);
    finish(sched(&world, "watch last")).await.expect_code(99);

    let submit = tokio::spawn(finish(sched(&world, &format!("submit {PROGRAM} --rate 1 -d 1s"))));
    let job: Uuid = a.assigned().await.job.parse().unwrap();
    a.fail(job, "init", "the load test's init failed: no\u{1b}[2J database")
        .await;
    let finished = submit.await.unwrap().expect_code(1);
    assert!(
        finished.stderr.contains("agent a could not be prepared (init)"),
        "{}",
        finished.stderr
    );
    assert!(!finished.stderr.contains('\u{1b}'), "{:?}", finished.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_stops_the_job_and_prints_what_ran() {
    let world = World::new().await;
    let mut a = Agent::connect(&world, "a").await;
    let run = sched(&world, &format!("submit {PROGRAM} --rate 100 -d 1h"));
    let mut running = tokio::task::spawn_blocking(move || run.start()).await.unwrap();
    let job: Uuid = a.assigned().await.job.parse().unwrap();
    a.say(job, AssignmentState::Prepared).await;
    a.started().await;
    a.say(job, AssignmentState::Running).await;
    let stopping = tokio::task::spawn_blocking(move || {
        running.wait_line(|line| line.starts_with("running"));
        running.signal(Signal::INT);
        running.wait_line(|line| line.starts_with("stopping:"));
        running
    });
    // A second Ctrl-C before the first has reached the agent would overtake it.
    assert_ne!(a.stopped().await.grace_ns, 0);
    let mut running = stopping.await.unwrap();
    running.signal(Signal::INT);
    let finished = tokio::task::spawn_blocking(move || running.finish());
    assert_eq!(a.stopped().await.grace_ns, 0);
    a.finish(&*world.store, job, 7).await;
    let finished = finished.await.unwrap().expect_code(130);
    assert!(finished.stderr.contains("stopping now"), "{}", finished.stderr);
    assert!(finished.stdout.contains(&job.to_string()), "{}", finished.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_leaves_a_scheduler_that_is_away() {
    let world = World::new().await;
    let run = sched(
        &world,
        &format!("submit {PROGRAM} --rate 100 -d 1h --wait-for-agents 1h"),
    );
    let mut running = tokio::task::spawn_blocking(move || {
        let running = run.start();
        running.wait_line(|line| line.contains("waiting for agents"));
        running
    })
    .await
    .unwrap();
    let _left = world.end().await;
    let finished = tokio::task::spawn_blocking(move || {
        running.wait_line(|line| line.contains("does not answer"));
        running.signal(Signal::INT);
        running.wait_line(|line| line.starts_with("stopping:"));
        running.signal(Signal::INT);
        running.wait_line(|line| line.starts_with("stopping now"));
        running.signal(Signal::INT);
        running.finish()
    });
    let finished = finished.await.unwrap().expect_code(130);
    assert!(
        finished.stderr.contains("the job may run on"),
        "{}",
        finished.stderr
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_ends_a_submission_that_hangs() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let args = format!("submit {PROGRAM} --rate 100 --scheduler {url}");
    let finished = tokio::task::spawn_blocking(move || {
        let mut running = Run::binary("heavy-sched").args(args.split(' ')).start();
        let _connection = silent.accept().unwrap();
        running.signal(Signal::INT);
        running.finish()
    });
    let finished = finished.await.unwrap().expect_code(130);
    assert!(
        finished.stderr.contains("before the job was submitted"),
        "{}",
        finished.stderr
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_detached_job_can_be_looked_at_and_stopped() {
    let world = World::new().await;
    let detached = finish(sched(
        &world,
        &format!("submit {PROGRAM} --rate 5 -d 1s --detach --label a=b"),
    ))
    .await;
    let job: Uuid = detached.expect_code(0).stdout.trim().parse().unwrap();
    let jobs: Vec<JobInfo> = json(finish(sched(&world, "list --json")).await);
    assert_eq!(jobs[0].id, job);
    let view: JobView = json(finish(sched(&world, "status last --json")).await);
    assert_eq!(view.job.spec.labels["a"], "b");
    let table = finish(sched(&world, "list")).await.expect_code(0).stdout;
    assert!(table.starts_with("JOB "), "{table}");
    assert!(
        table.contains(&job.to_string()) && table.contains("queued"),
        "{table}"
    );
    let status = finish(sched(&world, &format!("status {job}")))
        .await
        .expect_code(0)
        .stdout;
    for part in ["queued · 5/s for 1s", "iterations  0 of 5 started"] {
        assert!(status.contains(part), "{status}");
    }
    finish(sched(&world, "stop last")).await.expect_code(0);
    world.ended(job).await;
    finish(sched(&world, "watch last")).await.expect_code(130);
}

#[tokio::test(flavor = "multi_thread")]
async fn agents_are_listed() {
    let world = World::new().await;
    let table = finish(sched(&world, "agents")).await.expect_code(0).stdout;
    assert!(table.starts_with("no agent is connected: "), "{table}");
    let _a = Agent::connect(&world, "agent-a").await;
    let table = finish(sched(&world, "agents")).await.expect_code(0).stdout;
    assert!(table.contains("agent-a  free  2"), "{table}");
    assert!(table.contains("  basic+files  "), "{table}");
    let agents: Vec<AgentInfo> = json(finish(sched(&world, "agents --json")).await);
    assert_eq!(agents[0].glibc, "2.36");
    assert_eq!(agents[0].sandbox, Some(SandboxLevel::Files));
}
