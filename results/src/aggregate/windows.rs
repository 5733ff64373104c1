//! Iterations and requests by window: warm-up, steady and ramp-down.

use std::collections::BTreeMap;

use super::interval::Interval;
use crate::stats::{Iterations, Requests};
use crate::summary::{Accounting, Distribution, WindowSummary};
use heavy_load::histogram::Histogram;
use heavy_load::load::Load;
use heavy_load::measured_time::MeasuredTime;
use heavy_load::window::{Window, Windows};

/// The totals of every window in which anything was reported.
#[derive(Debug, Default)]
pub(super) struct WindowTable(BTreeMap<Window, WindowSums>);

#[derive(Debug, Default)]
struct WindowSums {
    sums: Interval,
    iteration_duration: Histogram,
}

impl WindowTable {
    pub(super) fn add_requests(&mut self, row: &Requests) {
        self.0.entry(row.window).or_default().sums.add_requests(row);
    }

    pub(super) fn add_iterations(&mut self, row: &Iterations) {
        let window = self.0.entry(row.window).or_default();
        window.sums.add_iterations(row);
        window.iteration_duration.merge(&row.duration);
    }

    /// The durations of all requests, and how many of them failed.
    pub(super) fn requests(&self) -> (Histogram, u64) {
        let (mut all, mut failed) = (Histogram::default(), 0);
        for window in self.0.values() {
            all.merge(&window.sums.duration);
            failed += window.sums.requests_failed;
        }
        (all, failed)
    }

    /// Each window that is not empty, in the order of time. The last one ends at `end_ns`.
    pub(super) fn summaries(&self, load: &Load, measured: MeasuredTime, end_ns: u64) -> Vec<WindowSummary> {
        let windows = Windows::new(load);
        let all = [Window::WarmUp, Window::Steady, Window::RampDown];
        let summary = |window: Window| {
            let sums = self.0.get(&window);
            let span = windows.span_ns(window, end_ns);
            // A change of the plan may have removed a window that has results.
            let span_ns = span.or_else(|| sums.map(|_| (end_ns, end_ns)))?;
            let none = WindowSums::default();
            // What ends after the load belongs to the last window.
            let until_ns = if span_ns.1 >= end_ns { u64::MAX } else { span_ns.1 };
            let measured = measured.between(span_ns.0, until_ns);
            Some(sums.unwrap_or(&none).summary(window, load, span_ns, measured))
        };
        all.into_iter().filter_map(summary).collect()
    }
}

impl WindowSums {
    fn summary(
        &self,
        window: Window,
        load: &Load,
        (from_ns, until_ns): (u64, u64),
        measured: MeasuredTime,
    ) -> WindowSummary {
        let Self {
            sums,
            iteration_duration,
        } = self;
        let done = sums.iterations.ok + sums.iterations.failed;
        WindowSummary {
            name: window.as_str().to_owned(),
            from_s: from_ns as f64 / 1e9,
            until_s: until_ns as f64 / 1e9,
            iterations: Accounting {
                planned: load.count_before(until_ns) - load.count_before(from_ns),
                ..sums.iterations
            },
            iteration_rate: Some(measured.ends_per_second(done as f64)),
            iteration_duration: Distribution::from(iteration_duration),
            response_time: Distribution::from_nonempty(&sums.response),
            requests_failed: sums.requests_failed,
            request_rate: measured.ends_per_second(sums.duration.count() as f64),
            duration: Distribution::from(&sums.duration),
        }
    }
}
