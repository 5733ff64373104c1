//! Assignments from beginning to end: the account holds, whatever happens on the way.

use heavy_load::vocabulary::Ended;
use std::time::Duration;

use heavy_proto::v1;
use heavy_proto::v1::AssignmentState as State;
use heavy_proto::v1::to_agent::Message as Heard;
use heavy_results::job::{Samples, WorkflowSpec};
use heavy_testkit::{ProxyFault, eventually};

use crate::collector::{Delivered, Trouble};
use crate::world::{World, fixture, spec};

/// What every closed account must fulfil, and the deltas with it.
fn check_account(delivered: &Delivered) {
    let closing = delivered.closing.as_ref().expect("it is closed");
    assert_eq!(
        closing.scheduled,
        closing.started + closing.dropped,
        "{closing:?}"
    );
    assert_eq!(
        closing.started,
        closing.ok + closing.failed + closing.interrupted + closing.lost,
        "{closing:?}"
    );
    assert_eq!(delivered.sum(|row| row.scheduled), closing.scheduled);
    assert_eq!(delivered.sum(|row| row.started), closing.started);
    assert_eq!(delivered.sum(|row| row.dropped.total()), closing.dropped);
    assert_eq!(delivered.last_rows_sequence, closing.last_rows_sequence);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_result_of_a_job_arrives_once() {
    let world = World::new().await;
    let delivered = world.run_fixture("job-ok", spec("200", 2500, "ok")).await;
    check_account(&delivered);
    let closing = delivered.closing.clone().unwrap();
    assert_eq!((closing.scheduled, closing.ok, closing.failed), (500, 450, 50));
    assert_eq!((closing.ended, closing.lost), (Some(Ended::Finished), 0));
    assert_eq!((delivered.requests(), delivered.iterations()), (500, 500));
    assert!(closing.clock_error_ns > 0, "the clock was measured");
    let complete: Vec<u32> = delivered
        .deltas
        .iter()
        .map(|delta| delta.complete_before_second)
        .collect();
    assert!(complete.is_sorted() && complete.len() >= 3, "{complete:?}");
    let planned: u64 = delivered
        .deltas
        .iter()
        .flat_map(|delta| &delta.iterations)
        .filter(|row| row.second == 0)
        .map(|row| row.scheduled)
        .sum();
    assert_eq!(planned, 200, "plan counts in the second due");
    let names: Vec<&str> = delivered
        .deltas
        .iter()
        .flat_map(|delta| &delta.requests)
        .map(|row| row.name.as_ref())
        .collect();
    assert!(names.iter().all(|name| *name == "GET /items/{id}"), "{names:?}");
    let health: Vec<u32> = delivered
        .deltas
        .iter()
        .flat_map(|delta| &delta.health)
        .map(|health| health.second)
        .collect();
    assert_eq!(&health[..2], [0, 1]);
    let stored = format!("{:?} {:?}", delivered.deltas, delivered.rows);
    assert!(
        !stored.contains("SECRET"),
        "userinfo and query values are dropped"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn workflows_take_turns_and_drops_are_counted() {
    let world = World::new().await;
    let mut spec = spec("100", 1000, "drop");
    spec.workflows = vec![WorkflowSpec::new("one"), WorkflowSpec::new("two")];
    spec.samples = Samples::None;
    let delivered = world.run_fixture("job-drop", spec).await;
    check_account(&delivered);
    let closing = delivered.closing.clone().unwrap();
    assert_eq!((closing.started, closing.dropped), (50, 50));
    let of = |name: &str| {
        let rows = delivered.deltas.iter().flat_map(|delta| &delta.iterations);
        rows.filter(|row| row.workflow.as_ref() == name)
            .map(|row| (row.started, row.dropped.full))
            .fold((0, 0), |sum, row| (sum.0 + row.0, sum.1 + row.1))
    };
    assert_eq!((of("one"), of("two")), ((25, 25), (25, 25)));
    assert_eq!(
        (delivered.requests(), closing.last_rows_sequence),
        (0, 0),
        "no rows were asked for"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_dead_process_had_started_is_lost_and_counted() {
    let world = World::new().await;
    world
        .assign("job-die", &fixture(), spec("100", 60_000, "die"))
        .await;
    world.state("job-die", State::Prepared).await;
    world.start("job-die").await;
    let failed = world.state("job-die", State::Failed).await;
    assert_eq!(failed.failure_kind, "died");
    assert!(
        failed.message.contains("signal 6 (aborted)"),
        "{}",
        failed.message
    );
    assert!(failed.message.contains("roof"), "{}", failed.message);
    assert!(!failed.message.contains('\u{1b}'), "the terminal is safe");
    let delivered = world.closed("job-die").await;
    check_account(&delivered);
    let closing = delivered.closing.clone().unwrap();
    assert_eq!(
        (closing.ended, closing.ok + closing.failed),
        (Some(Ended::Died), 25)
    );
    assert!(closing.lost >= 1, "the one that killed it: {closing:?}");
    assert!(
        (26..6000).contains(&closing.scheduled),
        "what was released, and the scheduler knows of the rest: {closing:?}"
    );
    assert_eq!(delivered.sum(|row| row.dropped.gap), closing.dropped);
    let events: Vec<&str> = delivered
        .deltas
        .iter()
        .flat_map(|delta| &delta.events)
        .map(|event| event.kind.as_str())
        .collect();
    assert_eq!(events, ["process-died"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_withdraws_what_is_not_due() {
    let world = World::new().await;
    world
        .assign("job-stop", &fixture(), spec("1000", 60_000, "ok"))
        .await;
    world.state("job-stop", State::Prepared).await;
    world.start("job-stop").await;
    world
        .wait_delivered("job-stop", "some rows", |delivered| delivered.requests() > 100)
        .await;
    world.stop("job-stop", Duration::from_secs(5), 0).await;
    world.state("job-stop", State::Finished).await;
    let delivered = world.delivered("job-stop");
    check_account(&delivered);
    let closing = delivered.closing.clone().unwrap();
    assert_eq!((closing.ended, closing.lost), (Some(Ended::Stopped), 0));
    assert_eq!(delivered.iterations(), closing.started);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_at_an_instant_counts_exactly_what_is_due_before_it() {
    let world = World::new().await;
    world
        .assign("job-end", &fixture(), spec("100", 60_000, "ok"))
        .await;
    world.state("job-end", State::Prepared).await;
    world.start("job-end").await;
    world.state("job-end", State::Running).await;
    world.stop("job-end", Duration::from_secs(5), 1_500_000_000).await;
    world.state("job-end", State::Finished).await;
    let closing = world.delivered("job-end").closing.unwrap();
    assert_eq!((closing.scheduled, closing.ended), (150, Some(Ended::Stopped)));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_whose_lease_is_over_stops_by_itself() {
    let world = World::new().await;
    world
        .assign("job-lease", &fixture(), spec("100", 600_000, "ok"))
        .await;
    world.state("job-lease", State::Prepared).await;
    world.start("job-lease").await;
    world
        .wait_delivered("job-lease", "some rows", |delivered| delivered.requests() > 0)
        .await;
    world
        .scheduler
        .manners
        .send_modify(|manners| manners.answers_heartbeats = false);
    let shorter = v1::Registered {
        lease_ns: 2_000_000_000,
        boot_id: String::new(),
    };
    world.scheduler.say(Heard::Registered(shorter)).await;
    world.state("job-lease", State::Finished).await;
    let delivered = world.delivered("job-lease");
    check_account(&delivered);
    let closing = delivered.closing.unwrap();
    assert_eq!(closing.ended, Some(Ended::Lease));
    assert!(
        (1..60_000).contains(&closing.scheduled),
        "what was released, and the scheduler knows of the rest: {closing:?}"
    );
    assert_eq!((closing.dropped, closing.lost), (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_is_dead_is_replaced_within_the_lease() {
    let mut world = World::without_agent().await;
    let proxy = world.put_proxy();
    // Keep-alive of the connection would notice after 25 s.
    world
        .scheduler
        .manners
        .send_modify(|manners| manners.lease_ns = 20_000_000_000);
    world.start_agent();
    world.registered(1).await;
    world.assign("job-dead", &fixture(), spec("50", 8000, "ok")).await;
    world.state("job-dead", State::Prepared).await;
    world.start("job-dead").await;
    world.state("job-dead", State::Running).await;
    proxy.set(ProxyFault::HalfOpen);
    let before = proxy.accepted();
    let next = || (proxy.accepted() > before).then_some(());
    tokio::task::block_in_place(|| eventually("another connection", Duration::from_secs(30), next));
    proxy.heal();
    world.registered(2).await;
    world.state("job-dead", State::Finished).await;
    let closing = world.delivered("job-dead").closing.unwrap();
    assert_eq!((closing.scheduled, closing.ended), (400, Some(Ended::Finished)));
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_nobody_answers_are_tried_again() {
    let mut world = World::without_agent().await;
    let proxy = world.put_proxy();
    proxy.set(ProxyFault::BlackHole);
    world.start_agent();
    let accepted = || (proxy.accepted() >= 2).then_some(());
    tokio::task::block_in_place(|| eventually("a second connection", Duration::from_secs(30), accepted));
    proxy.heal();
    world.registered(1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_link_is_opened_again_and_says_again_where_it_is() {
    let world = World::new().await;
    world.assign("job-link", &fixture(), spec("50", 3000, "ok")).await;
    world.state("job-link", State::Prepared).await;
    world.start("job-link").await;
    world.state("job-link", State::Running).await;
    world.scheduler.heard.send_modify(|heard| heard.updates.clear());
    world.scheduler.hang_up();
    world.registered(2).await;
    world.state("job-link", State::Running).await;
    let heard = world.scheduler.heard.borrow().clone();
    assert_eq!(heard.registrations[0].instance, heard.registrations[1].instance);
    assert_eq!(heard.registrations[1].jobs, ["job-link"]);
    world.state("job-link", State::Finished).await;
    assert_eq!(world.delivered("job-link").closing.unwrap().scheduled, 150);
}

#[tokio::test(flavor = "multi_thread")]
async fn trouble_in_delivery_neither_loses_nor_doubles_anything() {
    let world = World::new().await;
    let trouble = vec![
        Trouble::CommitAndHangUp,
        Trouble::Retry,
        Trouble::HangUp,
        Trouble::CommitAndHangUp,
        Trouble::Retry,
    ];
    world
        .collector
        .stored
        .send_modify(|stored| stored.trouble = trouble);
    let delivered = world.run_fixture("job-trouble", spec("200", 4000, "ok")).await;
    check_account(&delivered);
    assert!(world.collector.stored.borrow().trouble.is_empty());
    assert_eq!((delivered.requests(), delivered.iterations()), (800, 800));
    assert!(delivered.voids.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_batch_becomes_a_void_with_its_counts() {
    let world = World::new().await;
    world
        .collector
        .stored
        .send_modify(|stored| stored.trouble = vec![Trouble::Refuse]);
    let delivered = world.run_fixture("job-refuse", spec("200", 2000, "ok")).await;
    check_account(&delivered);
    let void = &delivered.voids[0];
    assert!(void.requests > 0);
    assert_eq!(delivered.requests() + void.requests, 400);
    assert_eq!(delivered.iterations() + void.iterations, 400);
}
