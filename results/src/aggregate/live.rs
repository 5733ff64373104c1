//! The figures of a job while it runs, as far as agents have reported.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::Aggregator;
use super::requests::RequestFailure;
use crate::job::JobState;
use crate::progress::{LiveFigures, Percentiles, ProgressEvent, TopError};
use crate::stats::Event;
use crate::verdict::generator::{FEWEST_FOR_P99, lag_limit_ms};
use heavy_load::histogram::Histogram;

/// Seconds of rates.
const MOST_RATES: u32 = 60;
/// Errors that are named.
const MOST_ERRORS: usize = 5;
/// Characters of a text.
const LONGEST_TEXT: usize = 200;

impl Aggregator {
    /// The figures as of now. Seconds before `overdue_before` are not waited for, as soon as one agent has reported them.
    #[must_use]
    pub fn live(&self, overdue_before: u32) -> LiveFigures {
        let furthest = self.agents.reported_before();
        let known_before = self.complete_before_second().max(overdue_before.min(furthest));
        let second = known_before.checked_sub(1);
        let newest = second.and_then(|second| self.series.get(second));
        let (durations, requests_failed) = self.totals.windows.requests();
        let workflows = &self.totals.workflows;
        let lag = workflows.merged(|sums| &sums.generator_lag);
        let response = workflows.merged(|sums| &sums.response);
        let lag_limit_ms = lag_limit_ms(response.quantile_ns(0.5) as f64 / 1e6);
        let lag_p99_ms = (lag.count() > 0).then(|| lag.quantile_ns(0.99) as f64 / 1e6);
        LiveFigures {
            known_before,
            first_workflow: workflows
                .names()
                .next()
                .map(ToString::to_string)
                .unwrap_or_default(),
            accounting: self.accounting(),
            in_flight: second.map_or(0, |second| self.agent_series.in_flight(second)),
            rates: self.rates(known_before),
            now: newest.and_then(|sums| percentiles(&sums.duration)),
            overall: percentiles(&durations),
            requests: durations.count(),
            requests_failed,
            lag_p99_ms,
            lag_limit_ms,
            is_late: lag.count() >= FEWEST_FOR_P99 && lag_p99_ms.is_some_and(|lag_ms| lag_ms > lag_limit_ms),
            thresholds: self.thresholds(JobState::Running),
            errors: self.top_errors(),
            events: self.journal.newest.iter().map(event).collect(),
            overdue: self.agents.overdue(known_before),
        }
    }

    fn rates(&self, known_before: u32) -> Vec<u64> {
        let started = |second| self.series.get(second).map_or(0, |sums| sums.iterations.started);
        (known_before.saturating_sub(MOST_RATES)..known_before)
            .map(started)
            .collect()
    }

    /// The most frequent errors of requests, and those of iterations that no failed request explains.
    fn top_errors(&self) -> Vec<TopError> {
        let mut counts: BTreeMap<(String, u16, &str), u64> = BTreeMap::new();
        for failure in self.totals.requests.failures() {
            *counts
                .entry((failure.shown_name(), failure.status, failure.kind))
                .or_default() += failure.count;
        }
        let requests = counts.into_iter().map(|((name, status, kind), count)| TopError {
            count,
            name: clip(&name),
            status,
            kind: clip(kind),
            example: String::new(),
        });
        let iterations = self.totals.errors.of_iterations().map(|error| TopError {
            count: error.count.saturating_sub(error.repeats),
            name: clip(&error.workflow),
            status: 0,
            kind: clip(&error.kind),
            example: clip(&error.example),
        });
        let mut all: Vec<TopError> = requests
            .chain(iterations)
            .filter(|error| error.count > 0)
            .collect();
        all.sort_by_key(|error| Reverse(error.count));
        all.truncate(MOST_ERRORS);
        all
    }
}

impl RequestFailure<'_> {
    /// The name, with the method if it does not begin with it.
    fn shown_name(&self) -> String {
        let rest = self.name.strip_prefix(self.method);
        if self.method.is_empty() || rest.is_some_and(|rest| rest.starts_with(' ')) {
            self.name.to_owned()
        } else {
            format!("{} {}", self.method, self.name)
        }
    }
}

fn percentiles(of: &Histogram) -> Option<Percentiles> {
    let ms = |quantile| of.quantile_ns(quantile) as f64 / 1e6;
    (of.count() > 0).then(|| Percentiles {
        p50_ms: ms(0.50),
        p95_ms: ms(0.95),
        p99_ms: ms(0.99),
    })
}

fn event((number, event): &(u64, Event)) -> ProgressEvent {
    ProgressEvent {
        number: *number,
        at_s: event.at_ns as f64 / 1e9,
        kind: clip(&event.kind),
        who: clip(&event.who),
        old_value: clip(&event.old_value),
        new_value: clip(&event.new_value),
    }
}

fn clip(text: &str) -> String {
    text.chars().take(LONGEST_TEXT).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::tests::job;
    use super::*;
    use crate::progress::OverdueAgent;
    use crate::stats::{Closing, Delta, Errors, Iterations, Requests};
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
        Aggregator::new(load, ["a", "b"].map(str::to_owned)).watching(&thresholds)
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
            aggregator.apply("a", &delta(second, 5, 200));
        }
        aggregator.apply("b", &delta(0, 5, 200));
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
        aggregator.leave("b");
        let gone = aggregator.live(0);
        assert_eq!((gone.known_before, &gone.overdue[..]), (4, &[silent][..]));
        aggregator.close(
            "b",
            Closing {
                ended: Some(Ended::Finished),
                ..Closing::default()
            },
        );
        assert_eq!(aggregator.live(0).overdue, [], "it has told of everything");
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
            aggregator.apply("a", &delta);
        }
        aggregator.leave("b");
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
}
