//! Thresholds over time: windows, what is judged while a job runs, and what of that stands at its end.

use super::threshold;
use super::watching::{aggregator, outcome, request, second};
use crate::job::JobState;
use crate::stats::Delta;
use crate::threshold::{ThresholdOutcome, ThresholdSummary};
use crate::verdict::{Verdict, judge};

#[test]
fn windows_find_what_the_whole_job_hides() {
    let mut ms = vec![100; 40];
    ms[20..25].fill(900);
    for (expression, outcome_wanted, value) in [
        ("http_req_duration: p(50)<500", ThresholdOutcome::Met, 100.0),
        (
            "http_req_duration: p(50)<500 over 5s",
            ThresholdOutcome::Broken,
            900.0,
        ),
        (
            "http_req_duration: p(50)<500 over 20s",
            ThresholdOutcome::Met,
            100.0,
        ),
        (
            "http_req_duration: p(50)<500 over 5s delay 25s",
            ThresholdOutcome::Met,
            100.0,
        ),
        (
            "http_req_duration: p(50)<500 over 10m",
            ThresholdOutcome::Met,
            100.0,
        ),
        ("http_reqs: rate>=22 over 10s", ThresholdOutcome::Met, 22.0),
        ("http_reqs: count>=440 over 20s", ThresholdOutcome::Met, 440.0),
        ("http_reqs: rate<22 over 10s", ThresholdOutcome::Broken, 22.0),
    ] {
        let found = outcome(expression, &ms);
        assert_eq!(found.outcome, outcome_wanted, "{expression}: {found:?}");
        assert!(
            (found.value.unwrap() - value).abs() < value * 0.001,
            "{expression}: {found:?}"
        );
    }
    let found = outcome("http_req_duration: p(50)<500 over 5s", &ms);
    assert_eq!(found.observed(), "899.94 ms in seconds 18 to 22");
}

#[test]
fn a_rate_that_ends_early_is_broken_and_one_that_ends_with_its_plan_is_not() {
    let (mut aggregator, mut job) = aggregator(&["http_reqs: rate>20 over 5s"], 20);
    job.state = JobState::Finished;
    for at in 0..12 {
        aggregator.apply("a", 1, &second(at, 1));
        aggregator.apply("b", 1, &second(at, 1));
    }
    let found = aggregator.thresholds(JobState::Finished).remove(0);
    assert_eq!(
        (found.outcome, found.value),
        (ThresholdOutcome::Broken, Some(0.0))
    );
    aggregator.end_at(12_500_000_000);
    let found = aggregator.thresholds(JobState::Finished).remove(0);
    assert_eq!((found.outcome, found.value), (ThresholdOutcome::Met, Some(22.0)));
}

#[test]
fn a_running_job_is_judged_on_seconds_that_all_agents_have_reported() {
    let expression = "http_req_duration: p(90)<500 over 2s abort";
    let (mut aggregator, job) = aggregator(&["http_reqs: count>0", expression], 20);
    for at in 0..5 {
        let ms = if at < 3 { 100 } else { 900 };
        aggregator.apply("a", 1, &second(at, ms));
        assert_eq!(
            aggregator.judge_before(aggregator.complete_before_second()),
            None,
            "b has not reported second {at}"
        );
        aggregator.apply("b", 1, &second(at, ms));
        let breach = aggregator.judge_before(aggregator.complete_before_second());
        assert_eq!(breach.is_some(), at == 3, "{breach:?}");
        if let Some(breach) = breach {
            let said = "threshold http_req_duration: p(90)<500 over 2s abort was broken: 899.94 ms in seconds 2 to 3; it stopped \
                        the load";
            assert_eq!(breach.abort_reason(), said);
        }
    }
    let so_far = &aggregator.summary(&job, &[], false).thresholds;
    assert_eq!(
        (so_far[0].outcome, so_far[1].aborted_at_second),
        (ThresholdOutcome::Met, Some(4))
    );
}

#[test]
fn what_stopped_the_load_stays_broken() {
    let (mut aggregator, mut job) = aggregator(
        &[
            "iterations: count>1000000",
            "http_req_failed: rate<0.05 abort delay 2s",
        ],
        20,
    );
    assert_eq!(aggregator.judge_before(1), None);
    for at in 0..2 {
        aggregator.apply("a", 1, &second(at, 1));
        aggregator.apply("b", 1, &second(at, 1));
    }
    assert_eq!(aggregator.judge_before(1), None, "the delay is not over");
    let found = aggregator.judge_before(2).unwrap();
    assert_eq!(found.aborted_at_second, Some(2));
    aggregator.apply(
        "b",
        1,
        &Delta {
            requests: vec![request(2, "pay", 200, &[1; 500])],
            ..Delta::default()
        },
    );
    assert_eq!(aggregator.judge_before(3), None, "only once");
    job.state = JobState::Finished;
    let mut summary = aggregator.summary(&job, &[], true);
    summary.job.spec.allow_drops_percent = 50.0;
    assert_eq!(summary.thresholds[1], found);
    let judgement = judge(&summary);
    assert_eq!(judgement.verdict, Verdict::Fail);
    let said = "threshold http_req_failed: rate<0.05 abort delay 2s was broken: 9.091%; it stopped the load; 1 more threshold failed";
    assert_eq!(judgement.reason, said);
}

#[test]
fn what_breaks_after_the_load_has_stopped_nothing() {
    let (mut aggregator, mut job) = aggregator(
        &["http_reqs: rate>20 abort", "http_req_failed: rate<0.2 abort"],
        4,
    );
    for at in 0..4 {
        aggregator.apply("a", 1, &second(at, 1));
        aggregator.apply("b", 1, &second(at, 1));
    }
    for before in 1..30 {
        assert_eq!(aggregator.judge_before(before), None, "one iteration goes on");
    }
    let late = |status, count: usize| Delta {
        requests: vec![request(30, "pay", status, &vec![1; count])],
        ..Delta::default()
    };
    aggregator.apply("a", 1, &late(500, 100));
    assert!(aggregator.judge_before(31).is_some(), "57% have failed");
    aggregator.apply("a", 1, &late(200, 1000));
    aggregator.end_at(4_000_000_000);
    job.state = JobState::Finished;
    for found in aggregator.summary(&job, &[], true).thresholds {
        assert_eq!(
            (found.outcome, found.aborted_at_second),
            (ThresholdOutcome::Met, None),
            "{found:?}"
        );
    }
}

#[test]
fn late_results_count_at_the_end() {
    let (mut aggregator, _) = aggregator(&["http_req_duration: max<500 over 1s"], 3);
    for at in 0..3 {
        aggregator.apply("a", 1, &second(at, 1));
    }
    assert_eq!(aggregator.judge_before(3), None);
    aggregator.apply("b", 1, &second(1, 900));
    assert_eq!(
        aggregator.thresholds(JobState::Running)[0].outcome,
        ThresholdOutcome::Met
    );
    assert_eq!(
        aggregator.thresholds(JobState::Finished)[0].outcome,
        ThresholdOutcome::Broken
    );
}

#[test]
fn values_in_words() {
    let found = |unit: &str, value: f64| ThresholdSummary {
        unit: unit.to_owned(),
        value: Some(value),
        ..threshold("http_reqs: count>1").without_value(String::new())
    };
    for (unit, value, words) in [
        ("ms", 812.0, "812 ms"),
        ("ms", 0.000_25, "0.00025 ms"),
        ("share", 0.0312, "3.12%"),
        ("share", 0.0, "0%"),
        ("1/s", 98.123_456, "98.123/s"),
        ("count", 1_000_000.0, "1000000"),
        ("bytes/s", 10.5, "10.5 bytes/s"),
        ("", -3.5, "-3.5"),
    ] {
        assert_eq!(found(unit, value).observed(), words);
    }
}
