//! Exchanges that the load test carries out itself, of any protocol.

use std::collections::BTreeMap;
use std::time::Duration;

use heavy_plugin::line::RequestLine;
use serde_json::{Value, json};

use crate::child::{Child, Leavings};

async fn sampled() -> Leavings {
    let child = Child::prepared("sampler", json!(null)).await;
    child.run_now("sampler", 1).await;
    child.finish().await
}

fn by_name(left: &Leavings) -> BTreeMap<String, RequestLine<'_>> {
    let lines = left.requests().into_iter();
    lines.map(|line| (line.name.to_string(), line)).collect()
}

#[tokio::test]
async fn a_sample_is_reported_with_all_that_was_said_of_it() {
    let left = sampled().await;
    let lines = by_name(&left);
    let iteration = &left.iterations()[0];
    let echo = &lines["echo"];
    assert_eq!(
        (&*echo.proto, &*echo.url, &*echo.method),
        ("WebSocket", "ws://h/echo", "SEND")
    );
    assert_eq!((echo.status, echo.size, &*echo.request_id), (1000, 5, "m-1"));
    assert!(!echo.is_failed(), "its status is not one of HTTP");
    assert_eq!(
        (echo.iteration, &*echo.workflow, &*echo.step),
        (Some(0), "sampler", "")
    );
    assert_eq!(
        (&echo.sequence_id, &echo.user_id),
        (&iteration.sequence_id, &iteration.user_id)
    );
    let phases = echo.phases.unwrap();
    assert_eq!(phases.total_ns(), echo.duration_ns);
    assert!(
        phases.connect_ns >= 2_000_000 && phases.receive_ns >= 1_000_000,
        "{phases:?}"
    );
    assert_eq!(echo.reused, Some(true));
    let tags: Value = serde_json::from_str(&echo.tags).unwrap();
    assert_eq!(
        tags,
        json!({"status_text": "normal", "sent_bytes": "7", "room": "3"})
    );
}

#[tokio::test]
async fn samples_fail_by_what_the_load_test_says() {
    let left = sampled().await;
    let lines = by_name(&left);
    for (name, kind, error) in [
        ("given up", "canceled", Some("given up by the load test")),
        ("refused", "denied", None),
        ("broken", "reset", Some("the peer is gone")),
    ] {
        let line = &lines[name];
        assert!(line.is_failed() && line.step == "ask", "{line:?}");
        assert_eq!((line.failure_kind(), line.error.as_deref()), (kind, error));
    }
    let given_up = &lines["given up"];
    assert_eq!(given_up.phases.unwrap().total_ns(), given_up.duration_ns);
    let judged = &lines["judged"];
    assert_eq!(
        (judged.status, judged.failure_kind(), &*judged.remote_addr),
        (200, "out of boots", "10.0.0.1:80")
    );
    assert!(left.iterations()[0].checks.iter().all(|check| check.fails == 0));
    assert!(left.iterations()[0].steps[0].ok);
}

#[tokio::test]
async fn an_exchange_measured_elsewhere_is_reported() {
    let left = sampled().await;
    let lines = by_name(&left);
    let own = &lines["POST /items/{id}"];
    assert_eq!(
        (&*own.sequence_id, &*own.method, own.status, own.size),
        ("own", "POST", 503, 5)
    );
    assert_eq!(
        (own.duration_ns, &*own.workflow, own.iteration),
        (4_000_000, "sampler", Some(0))
    );
    assert_eq!((own.failure_kind(), &*own.proto), ("status", "HTTP/1.1"));
    let iteration = &left.iterations()[0];
    let ended_ns = iteration.scheduled_ns + iteration.lag_ns + iteration.duration_ns;
    let instants = ended_ns - iteration.duration_ns - 4_000_000..=ended_ns;
    assert!(
        instants.contains(&own.started_ns),
        "{} is of the job's clock",
        own.started_ns
    );
    let measured = &lines["measured"];
    assert_eq!(
        (measured.status, &*measured.method, measured.is_failed()),
        (503, "PUT", false)
    );
}

#[tokio::test]
async fn metrics_have_tags_and_every_report_has_a_listener() {
    let left = sampled().await;
    let revenue = &left.metrics("revenue")[0];
    assert_eq!(
        (revenue.value, &*revenue.tags),
        (17.0, r#"{"currency":"EUR","vat":"19"}"#)
    );
    let outputs = &left.metrics("outputs")[0];
    assert_eq!((outputs.value, &*outputs.tags), (7.0, ""));
    assert_eq!(left.requests().len(), 7);
}

#[tokio::test]
async fn a_sample_that_is_cut_off_says_by_what() {
    let child = Child::prepared("sampler", json!({"ms": 60_000})).await;
    child.run_now("sampler", 1).await;
    child.wait_for_line(r#""name":"outputs""#);
    child.stop(Duration::ZERO).await;
    let left = child.finish().await;
    let lines = by_name(&left);
    assert_eq!(
        (lines["slow"].failure_kind(), lines["slow"].is_failed()),
        ("interrupted", true)
    );
    assert!(left.iterations()[0].interrupted);
}

#[tokio::test]
async fn iterations_say_of_what_kind_their_error_is() {
    for (workflow, params, kind) in [
        ("fails", json!(null), "iteration"),
        ("panics", json!(null), "panic"),
        ("slow", json!({"ms": 60_000}), "iteration-timeout"),
        ("noisy", json!(null), ""),
    ] {
        let child = Child::prepared_with(workflow, params, |setup| setup.timeout_ns = Some(50_000_000)).await;
        child.run_now(workflow, 2).await;
        let left = child.finish().await;
        assert_eq!(left.iterations()[1].error_kind, kind, "{workflow}");
    }
}
