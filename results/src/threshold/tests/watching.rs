//! Thresholds over the roll-ups of several agents: what each metric is, and what is said where there is nothing.

use std::sync::Arc;

use super::threshold;
use crate::aggregate::Aggregator;
use crate::job::JobState;
use crate::stats::{Checks, Closing, Delta, Dropped, Iterations, Metrics, Requests, Steps};
use crate::summary::Summary;
use crate::threshold::{ThresholdOutcome, ThresholdSummary};
use crate::verdict::{Verdict, judge};
use heavy_load::histogram::Histogram;
use heavy_load::window::Window;

fn text(text: &str) -> Arc<str> {
    Arc::from(text)
}

fn times_ms(values: &[u64]) -> Histogram {
    let mut histogram = Histogram::default();
    values
        .iter()
        .for_each(|value| histogram.record(value * 1_000_000));
    histogram
}

pub(super) fn request(second: u32, step: &str, status: u16, values_ms: &[u64]) -> Requests {
    Requests {
        second,
        window: Window::Steady,
        workflow: text("buy"),
        step: text(step),
        method: text("GET"),
        name: text("GET /x"),
        protocol: text("http"),
        status,
        failed: status >= 400,
        bytes: 100,
        error_kind: text(if status >= 400 { "status" } else { "" }),
        duration: times_ms(values_ms),
        phases_ns: [0, 0, 0, 0, 0, values_ms.iter().sum::<u64>() * 1_000_000, 0],
    }
}

/// A second of an agent: ten requests of `ms` each, a failed one, ten iterations, a drop, a step, checks, metrics.
pub(super) fn second(second: u32, ms: u64) -> Delta {
    let metric = |name: &str, kind: &str, last: f64| Metrics {
        second,
        name: text(name),
        kind: text(kind),
        count: 2,
        sum: 1.0 + last,
        min: 1.0,
        max: last,
        last,
        nonzero: 1,
        distribution: if kind == "trend" {
            times_ms(&[1, last as u64])
        } else {
            Histogram::default()
        },
        ..Metrics::default()
    };
    Delta {
        complete_before_second: second + 1,
        requests: vec![
            request(second, "pay", 200, &[ms; 10]),
            request(second, "", 500, &[1]),
        ],
        iterations: vec![Iterations {
            second,
            workflow: text("buy"),
            scheduled: 11,
            started: 10,
            ok: 9,
            failed: 1,
            dropped: Dropped {
                full: 1,
                ..Dropped::default()
            },
            duration: times_ms(&[ms; 10]),
            response: times_ms(&[ms + 5; 10]),
            generator_lag: times_ms(&[0; 10]),
            ..Iterations::default()
        }],
        steps: vec![Steps {
            second,
            workflow: text("buy"),
            step: text("pay"),
            failed: 2,
            duration: times_ms(&[ms; 10]),
        }],
        checks: vec![Checks {
            second,
            workflow: text("buy"),
            name: text("is 200"),
            passes: 9,
            fails: 1,
        }],
        metrics: vec![
            metric("sold", "counter", 3.0),
            metric("depth", "gauge", f64::from(second)),
            metric("hit", "rate", 1.0),
            metric("size", "trend", 9.0),
        ],
        last_ended_ns: (u64::from(second) + 1) * 1_000_000_000,
        ..Delta::default()
    }
}

/// A job of two agents, 20 iterations a second for as long as there are times: the requests of each second take that many ms.
fn summary(expressions: &[&str], ms: &[u64]) -> Summary {
    let (mut aggregator, mut job) = aggregator(expressions, ms.len());
    for (at, ms) in (0..).zip(ms) {
        aggregator.apply("a", 1, &second(at, *ms));
        aggregator.apply("b", 1, &second(at, *ms));
    }
    for agent in ["a", "b"] {
        aggregator.close(agent, 1, Closing::default());
    }
    job.state = JobState::Finished;
    let mut summary = aggregator.summary(&job, &[], true);
    summary.job.spec.allow_drops_percent = 50.0;
    summary
}

pub(super) fn aggregator(expressions: &[&str], seconds: usize) -> (Aggregator, crate::job::JobInfo) {
    let mut job = crate::aggregate::tests::job("22", seconds as u64);
    job.spec.thresholds = expressions.iter().map(|text| threshold(text)).collect();
    let agents = ["a", "b"].map(|agent| (agent.to_owned(), 1));
    (
        Aggregator::new(job.spec.load(), agents).watching(&job.spec.thresholds),
        job,
    )
}

pub(super) fn outcome(expression: &str, ms: &[u64]) -> ThresholdSummary {
    summary(&[expression], ms).thresholds.remove(0)
}

#[test]
fn every_metric_has_the_value_of_all_agents_together() {
    let ms = [100, 200, 300, 400];
    for (expression, value, unit, samples) in [
        ("http_req_duration{step:pay}: avg<1", 250.0, "ms", 80),
        ("http_req_duration{step:pay}: med<1", 200.0, "ms", 80),
        ("http_req_duration{step:pay}: p(75)<1", 300.0, "ms", 80),
        ("http_req_duration: max<1", 400.0, "ms", 88),
        ("http_req_duration: min<1", 1.0, "ms", 88),
        ("http_req_duration{step:\"\"}: max<1", 1.0, "ms", 8),
        ("http_req_duration{workflow:buy}: count<1", 88.0, "count", 88),
        (
            "http_req_duration{expected_response:true}: count<1",
            80.0,
            "count",
            80,
        ),
        (
            "http_req_duration{expected_response:false,error_kind:status}: count<1",
            8.0,
            "count",
            8,
        ),
        ("http_reqs{status:5xx}: count<1", 8.0, "count", 8),
        (
            "http_reqs{status:500,method:GET,name:GET /x}: rate<1",
            2.0,
            "1/s",
            8,
        ),
        ("http_reqs{status:404}: count<1", 0.0, "count", 0),
        ("http_reqs: rate<1", 22.0, "1/s", 88),
        ("http_req_failed: rate<0.01", 8.0 / 88.0, "share", 88),
        ("http_req_waiting{step:pay}: avg<1", 250.0, "ms", 80),
        ("http_req_blocked: avg<1", 0.0, "ms", 88),
        ("data_received: count<1", 1600.0, "bytes", 88),
        ("data_received: rate<1", 400.0, "bytes/s", 88),
        ("response_time: max<1", 405.0, "ms", 80),
        ("iteration_duration: max<1", 400.0, "ms", 80),
        ("iterations: count<1", 80.0, "count", 80),
        ("iterations{workflow:buy}: rate<1", 20.0, "1/s", 80),
        ("iteration_failed: rate<0.01", 0.1, "share", 80),
        ("dropped_iterations: count<1", 8.0, "count", 8),
        ("iteration_dropped: rate<0.01", 8.0 / 88.0, "share", 88),
        ("generator_lag: max<1", 0.0, "ms", 80),
        ("step_duration{workflow:buy,step:pay}: max<1", 400.0, "ms", 80),
        ("step_failed: rate<0.01", 0.2, "share", 80),
        ("checks{check:is 200}: rate<0.01", 0.9, "share", 80),
        ("metric{name:sold}: count<1", 32.0, "", 16),
        ("metric{name:sold}: rate<1", 8.0, "", 16),
        ("metric{name:depth}: value<1", 3.0, "", 16),
        ("metric{name:hit}: rate<0.1", 0.5, "", 16),
        ("metric{name:size}: p(99)<1", 9.0, "", 16),
        ("metric{name:size}: avg<1", 5.0, "", 16),
    ] {
        let found = outcome(expression, &ms);
        let value_found = found.value.unwrap_or_else(|| panic!("{expression}: {found:?}"));
        assert!(
            (value_found - value).abs() <= value * 0.0005,
            "{expression}: {found:?}"
        );
        assert_eq!(
            (found.unit.as_str(), found.samples),
            (unit, samples),
            "{expression}"
        );
        let holds = value < threshold(expression).limit.value();
        assert_eq!(found.passed(), holds, "{expression}: {found:?}");
    }
}

#[test]
fn what_was_not_measured_is_neither_met_nor_broken_and_fails() {
    for (expression, note) in [
        ("http_req_duration{name:GET /y}: p(95)<500", ""),
        ("http_req_failed{step:none}: rate<0.01", ""),
        ("http_req_duration{name:GET /y}: p(95)<500 over 2s", ""),
        ("metric{name:nobody}: count>0", ""),
        (
            "metric{name:sold}: p(95)<5",
            "the metric is a counter, which has no p(95), only count and rate",
        ),
        (
            "metric{name:depth}: rate<5 over 2s",
            "the metric is a gauge, which has no rate, only value, min, max, avg and count",
        ),
    ] {
        let summary = summary(&[expression, "http_reqs: count>0"], &[100, 100, 100]);
        let found = &summary.thresholds[0];
        assert_eq!(
            (found.outcome, found.note.as_str()),
            (ThresholdOutcome::NoSamples, note),
            "{expression}"
        );
        let judgement = judge(&summary);
        assert_eq!(judgement.verdict, Verdict::Fail);
        let expected = format!(
            "threshold {expression} cannot be judged: {}",
            if note.is_empty() { "no samples" } else { note }
        );
        assert_eq!(judgement.reason, expected);
    }
}
