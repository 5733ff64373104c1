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
