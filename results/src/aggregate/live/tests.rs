//! What is known of a job while it runs.

use std::sync::Arc;

use super::super::tests::job;
use super::*;
use crate::progress::OverdueAgent;
use crate::stats::{Closing, Delta, Errors, GeneratorHealth, Iterations, Requests};
use crate::threshold::{Threshold, ThresholdOutcome};
use heavy_load::vocabulary::Ended;

fn text(text: &str) -> Arc<str> {
    Arc::from(text)
}

/// A second of an agent: `started` iterations, each with a request that had this status.
fn delta(second: u32, started: u64, status: u16) -> Delta {
    let mut duration = Histogram::default();
    duration.record_n(u64::from(second + 1) * 1_000_000, started);
    let failed = status >= 400;
    Delta {
        complete_before_second: second + 1,
        requests: vec![Requests {
            second,
            workflow: text("w"),
            method: text("GET"),
            name: text("/\u{1b}items"),
            status,
            error_kind: text(if failed { "status" } else { "" }),
            failed,
            duration: duration.clone(),
            ..Requests::default()
        }],
        iterations: vec![Iterations {
            second,
            workflow: text("w"),
            scheduled: started,
            started,
            ok: if failed { 0 } else { started },
            failed: if failed { started } else { 0 },
            response: duration.clone(),
            generator_lag: duration,
            ..Iterations::default()
        }],
        last_ended_ns: (u64::from(second) + 1) * 1_000_000_000,
        ..Delta::default()
    }
}

fn aggregator(thresholds: &[&str]) -> Aggregator {
    let load = job("10", 60).spec.load();
    let thresholds: Vec<Threshold> = thresholds.iter().map(|text| text.parse().unwrap()).collect();
    Aggregator::new(load, ["a", "b"].map(|agent| (agent.to_owned(), 1))).watching(&thresholds)
}

#[test]
fn a_silent_agent_is_waited_for_until_it_is_overdue() {
    let mut aggregator = aggregator(&[]);
    assert_eq!(
        aggregator.live(99),
        LiveFigures {
            lag_limit_ms: 5.0,
            ..aggregator.live(0)
        }
    );
    for second in 0..4 {
        aggregator.apply("a", 1, &delta(second, 5, 200));
    }
    aggregator.apply("b", 1, &delta(0, 5, 200));
    let waiting = aggregator.live(1);
    assert_eq!((waiting.known_before, &waiting.rates[..]), (1, &[10][..]));
    assert_eq!(waiting.overdue, []);
    let overdue = aggregator.live(3);
    assert_eq!((overdue.known_before, &overdue.rates[..]), (3, &[10, 5, 5][..]));
    let silent = OverdueAgent {
        name: "b".to_owned(),
        reported_before: 1,
        scheduled: vec![("w".to_owned(), 5)],
    };
    assert_eq!(overdue.overdue, std::slice::from_ref(&silent));
    assert_eq!(overdue.now.unwrap().p50_ms.round(), 3.0, "of the second before");
    assert_eq!((overdue.requests, overdue.accounting.started), (25, 25));
    assert_eq!(
        aggregator.live(99).known_before,
        4,
        "no further than somebody has reported"
    );
    aggregator.leave("b", 1);
    let gone = aggregator.live(0);
    assert_eq!((gone.known_before, &gone.overdue[..]), (4, &[silent][..]));
    aggregator.close(
        "b",
        1,
        Closing {
            ended: Some(Ended::Finished),
            ..Closing::default()
        },
    );
    assert_eq!(aggregator.live(0).overdue, [], "it has told of everything");
}

/// A second of an agent; `running` iterations, due in it or before, run at its end.
fn with_running(second: u32, (due, ended): (u64, u64), running: u64) -> Delta {
    Delta {
        iterations: vec![Iterations {
            second,
            workflow: text("w"),
            scheduled: due,
            started: ended,
            ok: ended,
            ..Iterations::default()
        }],
        health: vec![GeneratorHealth {
            second,
            in_flight: running,
            ..GeneratorHealth::default()
        }],
        ..delta(second, 0, 200)
    }
}

#[test]
fn what_runs_has_started() {
    let mut open = aggregator(&[]);
    for agent in ["a", "b"] {
        open.apply(agent, 1, &with_running(0, (5, 2), 3));
        open.apply(agent, 1, &with_running(1, (5, 0), 8));
    }
    let live = open.live(0);
    assert_eq!((live.accounting.started, live.accounting.scheduled), (20, 20));
    assert_eq!((&live.rates[..], live.in_flight), (&[10, 10][..], 16));
    // A slot less than there are iterations due: the newest of them waits.
    open.apply("a", 1, &with_running(2, (5, 0), 12));
    open.apply("b", 1, &with_running(2, (5, 0), 13));
    assert_eq!(open.live(0).rates, [10, 10, 9]);
    open.apply("a", 1, &delta(3, 1, 200));
    assert_eq!(
        open.live(0).accounting.started,
        29,
        "what has ended since may have run then"
    );
    open.close("a", 1, Closing::default());
    assert_eq!(
        open.live(0).accounting.started,
        3 + 15,
        "a closing has counted all"
    );
}

#[test]
fn users_have_started_what_they_run() {
    let spec = crate::job::JobSpec::parse(&format!(
        r#"{{"binary_sha256":"{}","binary_name":"t","users":10,"duration":"60s"}}"#,
        "a".repeat(64)
    ));
    let mut users = Aggregator::new(spec.unwrap().load(), [("a".to_owned(), 1)]);
    users.apply("a", 1, &with_running(0, (0, 0), 10));
    let live = users.live(0);
    assert_eq!((live.accounting.started, live.accounting.scheduled), (10, 10));
    assert_eq!(live.rates, [10]);
    users.apply("a", 1, &with_running(1, (0, 0), 10));
    users.apply("a", 1, &with_running(2, (10, 10), 10));
    let live = users.live(0);
    assert_eq!((live.accounting.started, &live.rates[..]), (20, &[10, 0, 10][..]));
    users.apply("a", 1, &delta(3, 4, 200));
    let ended = users.live(0).accounting;
    assert_eq!((ended.started, ended.ok), (20, 14), "four of the ten have ended");
}

#[test]
fn lag_thresholds_and_errors_are_told() {
    let mut aggregator = aggregator(&["http_req_failed: rate<10%", "http_req_duration: p(95)<1s"]);
    for (second, status) in [(0, 200), (1, 503), (8, 404)] {
        let mut delta = delta(second, 40, status);
        delta.errors = ["iteration", "panic"]
            .map(|kind| Errors {
                workflow: text("w"),
                kind: text(kind),
                count: 41,
                repeats: if kind == "iteration" { 41 } else { 0 },
                example: text(&"long ".repeat(100)),
                ..Errors::default()
            })
            .to_vec();
        aggregator.apply("a", 1, &delta);
    }
    aggregator.leave("b", 1);
    let live = aggregator.live(0);
    assert_eq!((live.rates.len(), live.rates[1], live.rates[5]), (9, 40, 0));
    let outcomes: Vec<ThresholdOutcome> = live
        .thresholds
        .iter()
        .map(|threshold| threshold.outcome)
        .collect();
    assert_eq!(outcomes, [ThresholdOutcome::Broken, ThresholdOutcome::Met]);
    assert_eq!(live.lag_p99_ms.unwrap().round(), 9.0);
    assert!(live.is_late, "P99 9 ms of 120, limit {} ms", live.lag_limit_ms);
    let top: Vec<(u64, &str, u16, &str)> = live
        .errors
        .iter()
        .map(|error| {
            (
                error.count,
                error.name.as_str(),
                error.status,
                error.kind.as_str(),
            )
        })
        .collect();
    let requests = "GET /\u{1b}items";
    let expected = [
        (123, "w", 0, "panic"),
        (40, requests, 404, "status"),
        (40, requests, 503, "status"),
    ];
    assert_eq!(
        top, expected,
        "a failed request explains why its iteration failed"
    );
    assert_eq!(live.errors[0].example.len(), LONGEST_TEXT);
}

#[test]
fn the_newest_events_are_there() {
    let mut aggregator = aggregator(&[]);
    for number in 0..30 {
        aggregator.add_event(Event {
            at_ns: number * 500_000_000,
            kind: "rate".to_owned(),
            ..Event::default()
        });
    }
    let events = aggregator.live(0).events;
    assert_eq!((events.len(), events[0].number, events[19].number), (20, 10, 29));
    assert_eq!(events[0].at_s, 5.0);
}
