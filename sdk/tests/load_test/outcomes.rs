//! How iterations end, and that every released one is accounted for.

use std::time::Duration;

use heavy_load::vocabulary::WhenFull;
use serde_json::json;

use crate::child::Child;
use crate::target;

#[tokio::test]
async fn what_is_printed_does_not_touch_a_result() {
    let child = Child::prepared("noisy", json!(null)).await;
    child.run_now("noisy", 20).await;
    let left = child.finish().await;
    assert!(
        left.lines[0].starts_with(r#"{"type":"hello","protocol":1,"sdk":"heavy-sdk "#),
        "{}",
        left.lines[0]
    );
    assert_eq!(left.iterations().len(), 20);
    assert!(
        left.iterations()
            .iter()
            .all(|line| line.ok && line.workflow == "noisy")
    );
    let printed = left.printed();
    assert_eq!((printed.len(), &*printed[20]), (21, "last words"));
    assert!(
        printed.contains(&r#"{"type":"iteration", half a lineiteration Some(7) says hello"#.to_owned()),
        "{printed:?}"
    );
    assert_eq!(left.stderr, "cleaning up\n");
    assert!(left.status.success());
}

#[tokio::test]
async fn a_panic_is_the_failure_of_its_iteration_alone() {
    let child = Child::prepared("panics", json!(null)).await;
    child.run_now("panics", 3).await;
    let left = child.finish().await;
    let lines = left.iterations();
    assert_eq!([lines[0].ok, lines[1].ok, lines[2].ok], [true, false, true]);
    let error = lines[1].error.as_deref().unwrap();
    assert!(
        error.starts_with("panicked at sdk/examples/behaviours.rs:"),
        "{error}"
    );
    assert!(error.ends_with("is on fire"), "{error}");
    assert_eq!(left.stderr.matches("panicked").count(), 1, "{}", left.stderr);
    assert!(!left.stderr.contains("backtrace"), "{}", left.stderr);
}

#[tokio::test]
async fn an_error_is_told_with_its_cause() {
    let child = Child::prepared("fails", json!({"number": "many"})).await;
    child.run_now("fails", 1).await;
    let left = child.finish().await;
    let error = left.iterations()[0].error.clone().unwrap();
    assert_eq!(error, "the param `number`: invalid digit found in string");
}

#[tokio::test]
async fn a_timeout_fails_the_iteration_and_the_request_it_cuts_off() {
    let (_target, url) = target::start();
    let params = json!({"url": format!("{url}/hang")});
    let child = Child::prepared_with("slow", params, |setup| setup.timeout_ns = Some(30_000_000)).await;
    child.run_now("slow", 1).await;
    let left = child.finish().await;
    let iteration = &left.iterations()[0];
    assert!(!iteration.ok && !iteration.interrupted);
    assert!(
        iteration.error.as_deref().unwrap().contains("timeout of 30ms"),
        "{iteration:?}"
    );
    assert!(iteration.duration_ns >= 30_000_000);
    assert_eq!(
        (&*iteration.steps[0].name, iteration.steps[0].ok),
        ("wait", false)
    );
    let request = &left.requests()[0];
    assert_eq!(
        (&*request.error_kind, &*request.step, request.status),
        ("timeout", "wait", 0)
    );
}

#[tokio::test]
async fn without_a_free_slot_iterations_are_dropped_as_full() {
    let child = Child::prepared_with("slow", json!({"ms": 3_600_000}), |setup| setup.max_in_flight = 2).await;
    child.run_now("slow", 5).await;
    child.wait_for_line(r#""reason":"full""#);
    child.running("slow", 2).await;
    let stopped = child.stop(Duration::ZERO).await;
    assert_eq!((stopped.withdrawn, stopped.interrupted), (0, 2));
    let left = child.leave().await;
    let dropped = left.dropped();
    assert_eq!(dropped.iter().map(|line| line.count).sum::<u64>(), 3);
    assert!(
        dropped
            .iter()
            .all(|line| line.reason == "full" && line.first <= line.last && line.last < 5)
    );
    assert!(left.iterations().iter().all(|line| line.interrupted && !line.ok));
}

#[tokio::test]
async fn when_queueing_they_wait_and_the_wait_is_told() {
    let child = Child::prepared_with("slow", json!({"ms": 20}), |setup| {
        setup.max_in_flight = 1;
        setup.when_full = WhenFull::Queue;
    })
    .await;
    child.run_now("slow", 4).await;
    for n in 0..4 {
        child.wait_for_line(&format!(
            r#""type":"iteration","workflow":"slow","iteration":{n},"#
        ));
    }
    let left = child.finish().await;
    let waits: Vec<_> = left.iterations().iter().map(|line| line.slot_wait_ns).collect();
    assert_eq!(
        waits.iter().filter(|wait_ns| **wait_ns >= 20_000_000).count(),
        3,
        "{waits:?}"
    );
    assert!(
        left.iterations()
            .iter()
            .all(|line| line.ok && line.lag_ns >= line.slot_wait_ns)
    );
}

#[tokio::test]
async fn more_than_a_second_behind_they_are_dropped_as_late() {
    let child = Child::prepared_with("noisy", json!(null), |setup| {
        setup.anchor.monotonic_ns -= 10_000_000_000;
    })
    .await;
    child
        .release("noisy", vec![(3, 1_000_000_000), (8, 1_000_000_000)])
        .await;
    let left = child.finish().await;
    assert!(left.iterations().is_empty());
    assert!(
        left.dropped()
            .iter()
            .all(|line| line.reason == "late" && line.workflow == "noisy")
    );
    assert_eq!(left.dropped().iter().map(|line| line.count).sum::<u64>(), 2);
}

#[tokio::test]
async fn every_released_number_comes_back_once() {
    let child = Child::prepared_with("slow", json!({"ms": 2}), |setup| setup.max_in_flight = 3).await;
    let start_ns = heavy_sdk::http::monotonic_ns() - child.anchor.monotonic_ns;
    for batch in 0..10 {
        let numbers = batch * 100..(batch + 1) * 100;
        child
            .release(
                "slow",
                numbers.map(|n| (7 * n + 3, start_ns + n * 300_000)).collect(),
            )
            .await;
    }
    let stopped = child.stop(Duration::from_secs(30)).await;
    let left = child.leave().await;
    let mut numbers: Vec<_> = left.iterations().iter().map(|line| line.iteration).collect();
    let dropped: u64 = left.dropped().iter().map(|line| line.count).sum();
    assert_eq!(numbers.len() as u64 + dropped + stopped.withdrawn, 1_000);
    numbers.dedup();
    assert_eq!(numbers.len(), left.iterations().len());
    assert!(numbers.iter().all(|n| n % 7 == 3));
}
