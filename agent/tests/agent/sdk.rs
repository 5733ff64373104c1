//! A load test that is written with the SDK, against a server that is not ours.

use heavy_proto::v1::AssignmentState as State;
use heavy_testkit::Nginx;
use serde_json::json;

use crate::world::{World, spec};

#[tokio::test(flavor = "multi_thread")]
async fn the_server_counts_as_many_requests_as_are_delivered() {
    let world = World::new().await;
    let nginx = Nginx::start();
    let before = nginx.requests();
    let mut get = spec("500", 3000, "");
    get.workflows.clear();
    get.params = json!({ "url": nginx.url() });
    world
        .assign("job-get", &heavy_testkit::binary("http_get"), get)
        .await;
    world.state("job-get", State::Prepared).await;
    world.start("job-get").await;
    world.state("job-get", State::Finished).await;
    let delivered = world.delivered("job-get");
    let closing = delivered.closing.clone().unwrap();
    assert_eq!(
        (closing.scheduled, closing.ok, closing.lost, closing.malformed),
        (1500, 1500, 0, 0)
    );
    assert_eq!((delivered.requests(), delivered.iterations()), (1500, 1500));
    assert_eq!(nginx.requests() - before, 1500);
    let checks: u64 = delivered
        .deltas
        .iter()
        .flat_map(|delta| &delta.checks)
        .map(|check| check.passes)
        .sum();
    assert_eq!(checks, 1500);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_overloaded_load_test_drops_and_every_drop_is_counted() {
    let world = World::new().await;
    let nginx = Nginx::start();
    let mut get = spec("5000", 3000, "");
    get.workflows.clear();
    get.params = json!({ "url": nginx.url() });
    get.execution.max_in_flight = Some(2);
    let program = heavy_testkit::binary("http_get");
    world.assign("job-full", &program, get).await;
    world.state("job-full", State::Prepared).await;
    world.start("job-full").await;
    world.state("job-full", State::Finished).await;
    let delivered = world.delivered("job-full");
    let closing = delivered.closing.clone().unwrap();
    assert_eq!(closing.scheduled, 15_000);
    assert_eq!(closing.started + closing.dropped, 15_000, "{closing:?}");
    assert_eq!((closing.lost, closing.malformed), (0, 0), "{closing:?}");
    assert!(closing.dropped > 0, "two slots are too few on this machine");
    assert_eq!(
        delivered.sum(|row| row.dropped.full + row.dropped.late),
        closing.dropped
    );
    assert_eq!(delivered.iterations(), closing.started);
}
