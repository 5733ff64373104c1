//! The figures of a job while it runs, as far as agents have reported.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::Aggregator;
use super::requests::RequestFailure;
use crate::job::JobState;
use crate::progress::{LiveFigures, Percentiles, ProgressEvent, TopError};
use crate::stats::Event;
use crate::summary::Accounting;
use crate::verdict::generator::{FEWEST_FOR_P99, lag_limit_ms};
use heavy_load::histogram::Histogram;
use heavy_load::load::LoadModel;

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
        let mut accounting = self.accounting();
        let running = self.agents.started(!self.load.is_open());
        let running = running.saturating_sub(accounting.started);
        accounting.started += running;
        accounting.scheduled = accounting
            .scheduled
            .max(accounting.started + accounting.dropped.total());
        let lag_limit_ms = lag_limit_ms(response.quantile_ns(0.5) as f64 / 1e6);
        let lag_p99_ms = (lag.count() > 0).then(|| lag.quantile_ns(0.99) as f64 / 1e6);
        LiveFigures {
            known_before,
            first_workflow: workflows
                .names()
                .next()
                .map(ToString::to_string)
                .unwrap_or_default(),
            accounting,
            in_flight: second.map_or(0, |second| self.agent_series.in_flight(second)),
            rates: self.rates(known_before, running),
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

    /// Starts in the last seconds, those of `running` iterations included, which no second counts yet. They are taken
    /// to be the oldest that have no outcome, as slots are given. Users tell of a start by their readings of health alone.
    fn rates(&self, known_before: u32, running: u64) -> Vec<u64> {
        let first = known_before.saturating_sub(MOST_RATES);
        let mut models = self.load.workflows.iter().map(|workflow| &workflow.model);
        if models.all(|model| matches!(model, LoadModel::Closed(_))) {
            return (first..known_before)
                .map(|second| self.agent_series.seen_started(second))
                .collect();
        }
        let open = |counts: &Accounting| {
            let told = counts.started + counts.dropped.total();
            counts.scheduled.saturating_sub(told)
        };
        let newer = (first..self.series.len()).filter_map(|second| self.series.counts(second));
        let newer: u64 = newer.map(open).sum();
        let older = open(&self.accounting()).saturating_sub(newer);
        let mut running = running.saturating_sub(older);
        let mut started = |second| {
            let counts = self.series.counts(second)?;
            let still = open(counts).min(running);
            running -= still;
            Some(counts.started + still)
        };
        (first..known_before)
            .map(|second| started(second).unwrap_or_default())
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
mod tests;
