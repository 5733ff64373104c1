//! Aggregation as a table of small jobs, and as properties.

mod forgetting;
mod settling;

use std::collections::BTreeMap;
use std::sync::Arc;

use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::job::{JobInfo, JobSpec, JobState};
use crate::stats::{Dropped, GeneratorHealth, Iterations, Metrics, Requests};
use heavy_load::histogram::Histogram;
use heavy_load::span::Span;
use heavy_load::vocabulary::Ended;

fn text(text: &str) -> Arc<str> {
    Arc::from(text)
}

fn histogram(values: &[u64]) -> Histogram {
    let mut histogram = Histogram::default();
    values.iter().for_each(|value| histogram.record(*value));
    histogram
}

pub(crate) fn job(rate: &str, seconds: u64) -> JobInfo {
    let spec = JobSpec::new("a".repeat(64), rate.parse().unwrap(), Span::from_s(seconds));
    JobInfo {
        state: JobState::Running,
        started_at_wall_ns: Some(0),
        planned: spec.load().planned(),
        asked_rate: 10.0,
        ..JobInfo::queued(Uuid::nil(), spec, 0)
    }
}

fn aggregator(agents: &[&str]) -> Aggregator {
    Aggregator::new(
        job("10", 3).spec.load(),
        agents.iter().map(|agent| ((*agent).to_owned(), 1)),
    )
}

/// Settles an agent to which `due` iterations were due, none of them within its lease.
fn settle(aggregator: &mut Aggregator, agent: &str, due: u64, to_the_end: bool) {
    let due = DueIterations {
        workflow: "w".to_owned(),
        leased: 0,
        all: due,
    };
    let share = DueShare {
        agent: agent.to_owned(),
        epoch: 1,
        due: vec![due],
        ..DueShare::default()
    };
    aggregator.settle(&Settlement {
        to_the_end,
        shares: vec![share],
        ..Settlement::default()
    });
}

fn second(second: u32, started: u64, values: &[u64]) -> Delta {
    Delta {
        complete_before_second: second + 1,
        requests: vec![Requests {
            second,
            workflow: text("w"),
            method: text("GET"),
            name: text("GET /"),
            status: 200,
            duration: histogram(values),
            phases_ns: [0, 0, 0, 0, 0, values.iter().sum(), 0],
            ..Requests::default()
        }],
        iterations: vec![Iterations {
            second,
            workflow: text("w"),
            scheduled: started,
            started,
            ok: started,
            response: histogram(values),
            duration: histogram(values),
            ..Iterations::default()
        }],
        health: vec![GeneratorHealth {
            second,
            in_flight: 2,
            agent_cpu: 0.25,
            load_test_cpu: 0.5,
            ..GeneratorHealth::default()
        }],
        last_ended_ns: (u64::from(second) + 1) * 1_000_000_000,
        ..Delta::default()
    }
}

#[test]
fn a_second_is_sealed_when_every_agent_has_reported_it() {
    let mut aggregator = aggregator(&["a", "b"]);
    aggregator.apply("a", 1, &second(0, 5, &[1_000_000; 5]));
    assert_eq!(aggregator.complete_before_second(), 0);
    assert_eq!(aggregator.newest_complete_second(), None);
    aggregator.apply("b", 1, &second(0, 5, &[3_000_000; 5]));
    assert_eq!(aggregator.complete_before_second(), 1);
    let changes = aggregator.take_changes(1);
    let [row] = &changes.seconds[..] else {
        panic!("one second, not {:?}", changes.seconds)
    };
    assert_eq!(
        (row.planned, row.scheduled, row.started, row.ok, row.in_flight),
        (10, 10, 10, 10, 4)
    );
    assert_eq!((row.requests, row.partial), (10, false));
    assert!((row.p50_ms.unwrap() - 1.0).abs() < 0.001 && (row.p99_ms.unwrap() - 3.0).abs() < 0.002);
    assert_eq!(changes.agent_seconds.len(), 2);
    assert_eq!(changes.agent_seconds[0].cpu, 0.75);
    assert_eq!(aggregator.take_changes(9), SeriesUpdate::default());
}

#[test]
fn a_second_that_one_agent_has_not_reported_is_partial_until_it_does() {
    let mut aggregator = aggregator(&["a", "b"]);
    aggregator.apply("a", 1, &second(0, 5, &[1]));
    assert!(aggregator.take_changes(1).seconds[0].partial);
    aggregator.apply("b", 1, &second(0, 5, &[1]));
    let again = aggregator.take_changes(1);
    assert_eq!((again.seconds[0].started, again.seconds[0].partial), (10, false));
}

#[test]
fn an_agent_that_is_gone_balances() {
    let mut aggregator = aggregator(&["a", "b"]);
    aggregator.apply("a", 1, &second(0, 15, &[1]));
    aggregator.close("a", 1, Closing::default());
    let mut unfinished = second(0, 5, &[1]);
    unfinished.iterations[0].ok = 3;
    // Seven were due, of which two were not heard of at all.
    unfinished.iterations[0].scheduled = 7;
    aggregator.apply("b", 1, &unfinished);
    settle(&mut aggregator, "b", 15, false);
    settle(&mut aggregator, "b", 15, false);
    let accounting = aggregator.accounting();
    assert!(accounting.balances(), "{accounting:?}");
    assert_eq!(
        (accounting.scheduled, accounting.dropped.gap, accounting.lost),
        (30, 8, 4)
    );
    assert_eq!(
        aggregator.complete_before_second(),
        2,
        "the gap stands where its reports end"
    );
}

#[test]
fn a_second_that_stands_out_is_named() {
    let mut aggregator = aggregator(&["a"]);
    for at in 0..10 {
        let ns = if at == 7 { 900_000_000 } else { 2_000_000 };
        aggregator.apply("a", 1, &second(at, 1, &[ns]));
    }
    let of = job("10", 3);
    let named = |aggregator: &Aggregator| {
        let warnings = aggregator.summary(&of, &[], false).warnings;
        warnings
            .into_iter()
            .find(|warning| warning.contains("slowest in second"))
    };
    assert!(
        named(&aggregator)
            .unwrap()
            .contains("second 7: P99 900 ms (median second: 2.0 ms)")
    );
    aggregator.apply("a", 1, &second(7, 1, &[1_000_000; 200]));
    assert_eq!(named(&aggregator), None);
}

#[test]
fn an_agent_that_closed_before_its_share_ended_has_a_gap_once() {
    for (ended, gap) in [
        (Ended::Died, 10),
        (Ended::Lease, 10),
        (Ended::Finished, 0),
        (Ended::Data, 0),
    ] {
        let mut aggregator = aggregator(&["a"]);
        aggregator.apply("a", 1, &second(0, 5, &[1]));
        let closing = Closing {
            ended: Some(ended),
            scheduled: 5,
            started: 5,
            ok: 5,
            ..Closing::default()
        };
        aggregator.close("a", 1, closing);
        settle(&mut aggregator, "a", 15, false);
        settle(&mut aggregator, "a", 15, false);
        let accounting = aggregator.accounting();
        assert!(accounting.balances(), "{accounting:?}");
        assert_eq!(
            (accounting.scheduled, accounting.dropped.gap),
            (5 + gap, gap),
            "{ended}"
        );
        assert_eq!(
            aggregator.summary(&job("10", 3), &[], true).warnings,
            [""; 0],
            "{ended}"
        );
    }
}

#[test]
fn the_series_goes_on_without_an_agent_that_is_gone() {
    let mut aggregator = aggregator(&["a", "b"]);
    aggregator.apply("a", 1, &second(1, 5, &[1]));
    assert_eq!(aggregator.newest_complete_second(), None);
    aggregator.leave("b", 1);
    let newest = aggregator.newest_complete_second().unwrap();
    assert_eq!((newest.second, newest.partial), (1, true));
}

#[test]
fn output_that_was_dropped_is_a_warning() {
    let mut aggregator = aggregator(&["a"]);
    let mut delta = second(0, 5, &[1]);
    delta.metrics = vec![Metrics {
        name: text("heavy_output_dropped"),
        kind: text("counter"),
        count: 2,
        sum: 30.0,
        ..Metrics::default()
    }];
    aggregator.apply("a", 1, &delta);
    let warnings = aggregator.summary(&job("10", 3), &[], false).warnings;
    assert!(warnings[0].contains("discarded 30 lines"), "{warnings:?}");
}

#[test]
fn an_agent_that_stopped_by_itself_is_held_to_its_share_unless_the_job_was_stopped() {
    for (to_the_end, gap) in [(false, 0), (true, 10)] {
        let mut aggregator = aggregator(&["a"]);
        aggregator.apply("a", 1, &second(0, 5, &[1]));
        aggregator.close(
            "a",
            1,
            Closing {
                ended: Some(Ended::Stopped),
                ..Closing::default()
            },
        );
        settle(&mut aggregator, "a", 15, to_the_end);
        assert_eq!(aggregator.accounting().dropped.gap, gap);
        assert!(aggregator.accounting().balances());
    }
}

#[test]
fn a_second_from_a_broken_clock_takes_no_memory() {
    let mut aggregator = aggregator(&["a"]);
    aggregator.apply("a", 1, &second(u32::MAX - 1, 1, &[1]));
    assert!(aggregator.take_changes(u32::MAX).seconds[0].second < 100_000);
}

#[test]
fn a_summary_holds_what_was_applied() {
    let mut aggregator = aggregator(&["a"]);
    aggregator.apply("a", 1, &second(0, 10, &[1_000_000, 2_000_000]));
    let mut failing = second(1, 10, &[5_000_000]);
    failing.requests[0].failed = true;
    failing.requests[0].status = 503;
    failing.iterations[0].dropped = Dropped {
        full: 2,
        ..Dropped::default()
    };
    failing.iterations[0].scheduled += 2;
    aggregator.apply("a", 1, &failing);
    let summary = aggregator.summary(&job("10", 3), &[("a".to_owned(), 30)], false);
    let request = &summary.workflows[0].requests[0];
    assert_eq!(
        (request.duration.count, request.failed, request.ok_duration.count),
        (3, 1, 2)
    );
    assert_eq!(request.status_counts, BTreeMap::from([(200, 2), (503, 1)]));
    assert!(
        (request.duration.max_ms - 5.0).abs() < 1e-9 && (request.phases.wait_ms - 8.0 / 3.0).abs() < 1e-9
    );
    assert_eq!(
        (summary.iterations.planned, summary.iterations.scheduled),
        (30, 22)
    );
    assert!(summary.iterations.balances());
    assert_eq!(
        (
            summary.agents[0].iterations.planned,
            summary.agents[0].iterations.started
        ),
        (30, 20)
    );
    assert_eq!(summary.run_time_s, 2.0);
    assert_eq!(summary.requests.rate, 1.5);
}

proptest! {
    #[test]
    fn the_order_of_deltas_does_not_matter(
        parts in prop::collection::vec((0u32..3, 0u64..9, prop::collection::vec(1u64..10_000_000, 1..5)), 1..12),
    ) {
        let deltas: Vec<Delta> = parts.iter().map(|(at, started, values)| second(*at, *started, values)).collect();
        let (mut forward, mut backward) = (aggregator(&["a"]), aggregator(&["a"]));
        deltas.iter().for_each(|delta| forward.apply("a", 1, delta));
        deltas.iter().rev().for_each(|delta| backward.apply("a", 1, delta));
        prop_assert_eq!(forward.take_changes(9).seconds, backward.take_changes(9).seconds);
        let job = job("10", 3);
        prop_assert_eq!(forward.summary(&job, &[], true), backward.summary(&job, &[], true));
    }
}
