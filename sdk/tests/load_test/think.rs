//! Pauses are part of no duration and of no timeout, and the end of grace cuts them off.

use std::time::Duration;

use heavy_plugin::line::TIMEOUT;
use serde_json::json;

use crate::child::Child;

#[tokio::test]
async fn durations_are_those_without_pauses() {
    let child = Child::prepared_with("thinker", json!({"ms": 2_000}), |setup| {
        setup.timeout_ns = Some(1_900_000_000);
    })
    .await;
    child.run_now("thinker", 2).await;
    let left = child.finish().await;
    for line in left.iterations() {
        assert!(line.ok, "the timeout does not count pauses: {line:?}");
        assert!(line.think_ns >= 2_000_000_000, "{line:?}");
        assert!(line.duration_ns < line.think_ns, "{line:?}");
        let steps: Vec<_> = line.steps.iter().map(|step| &*step.name).collect();
        assert_eq!(steps, ["read", "decide"]);
        assert!(
            line.steps.iter().map(|step| step.duration_ns).sum::<u64>() <= line.duration_ns,
            "{line:?}"
        );
    }
    let pauses = left.metrics("pause");
    assert_eq!((pauses.len(), pauses[0].value), (2, 2_000.0));
}

#[tokio::test]
async fn a_timeout_does_not_wait_for_a_pause_that_was_given_up() {
    let params = json!({"ms": 400, "give_up": true});
    let child = Child::prepared_with("thinker", params, |setup| {
        setup.timeout_ns = Some(200_000_000);
    })
    .await;
    child.run_now("thinker", 1).await;
    child.wait_for_line(r#""type":"iteration","workflow":"thinker""#);
    let left = child.finish().await;
    let line = &left.iterations()[0];
    assert_eq!(&*line.error_kind, TIMEOUT, "{line:?}");
    assert_eq!(
        line.checks[0].passes, 1,
        "the pause outlasted the timeout: {line:?}"
    );
}

#[tokio::test]
async fn the_end_of_grace_cuts_a_pause_off() {
    let child = Child::prepared("thinker", json!({"ms": 3_600_000})).await;
    child.run_now("thinker", 1).await;
    child.running("thinker", 1).await;
    let stopped = child.stop(Duration::ZERO).await;
    assert_eq!(stopped.interrupted, 1);
    let left = child.leave().await;
    let lines = left.iterations();
    assert!(lines[0].interrupted && !lines[0].ok, "{lines:?}");
}
