//! The windows of a job in its summary.

use super::Aggregator;
use super::summarise::some;
use crate::summary::{Accounting, Distribution, WindowSummary};
use heavy_load::window::{Window, Windows};

impl Aggregator {
    /// Each window that is not empty, in the order of time. The last one ends with the plan, or with the job if that
    /// ended before.
    pub(super) fn windows(&self, complete: bool) -> Vec<WindowSummary> {
        let planned_ns = self.load.duration_ns();
        let run_ns = self.totals.last_ended_ns;
        let end_ns = if complete && run_ns > 0 {
            planned_ns.min(run_ns)
        } else {
            planned_ns
        };
        let windows = Windows::of(&self.load);
        let all = [Window::WarmUp, Window::Steady, Window::RampDown];
        all.into_iter()
            .filter_map(|window| {
                let total = self.totals.windows.get(&window);
                let span = windows.span_ns(window, end_ns);
                // Something may be in a window that the plan has no room for: it was changed meanwhile.
                let (from_ns, until_ns) = span.or_else(|| total.map(|_| (end_ns, end_ns)))?;
                let seconds = (until_ns - from_ns) as f64 / 1e9;
                let iterations = total.map_or_else(Accounting::default, |total| total.iterations);
                let duration = total
                    .map(|total| Distribution::from(&total.duration))
                    .unwrap_or_default();
                Some(WindowSummary {
                    name: window.as_str().to_owned(),
                    from_s: from_ns as f64 / 1e9,
                    until_s: until_ns as f64 / 1e9,
                    iterations: Accounting {
                        planned: self.load.count_before(until_ns) - self.load.count_before(from_ns),
                        ..iterations
                    },
                    iteration_duration: total
                        .map(|total| Distribution::from(&total.iteration_duration))
                        .unwrap_or_default(),
                    response_time: total.and_then(|total| some(&total.response)),
                    requests_failed: total.map_or(0, |total| total.requests_failed),
                    request_rate: if seconds > 0.0 {
                        duration.count as f64 / seconds
                    } else {
                        0.0
                    },
                    duration,
                })
            })
            .collect()
    }
}
