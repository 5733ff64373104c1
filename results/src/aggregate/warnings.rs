//! What a reader of a job's results should know.

use super::Aggregator;
use crate::verdict::OUTPUT_DROPPED;

impl Aggregator {
    /// What the deltas and closings say of each other and of themselves.
    pub(super) fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        for (name, fold) in &self.agents {
            let counted = fold.totals.accounting();
            if fold.lost {
                warnings.push(format!("agent {name} was lost before it had reported everything"));
            }
            let Some(closing) = &fold.closing else { continue };
            let closed = (
                closing.scheduled,
                closing.started,
                closing.ok + closing.failed,
                closing.dropped,
            );
            if closed
                != (
                    counted.scheduled - fold.settled_gap,
                    counted.started,
                    counted.ok + counted.failed,
                    counted.dropped.total() - fold.settled_gap,
                )
            {
                warnings.push(format!(
                    "agent {name} closed with other counts than its roll-ups add up to"
                ));
            }
            if closing.voided_requests + closing.voided_iterations > 0 {
                warnings.push(format!(
                    "agent {name} gave up the raw rows of {} requests and {} iterations; the statistics hold them",
                    closing.voided_requests, closing.voided_iterations
                ));
            }
            if closing.log_lines_dropped > 0 {
                warnings.push(format!(
                    "agent {name} did not keep {} log lines",
                    closing.log_lines_dropped
                ));
            }
        }
        let unwritten: f64 = self
            .totals
            .metrics
            .values()
            .filter(|metric| &*metric.name == OUTPUT_DROPPED)
            .map(|metric| metric.sum)
            .sum();
        if unwritten > 0.0 {
            warnings.push(format!(
                "the load test left out {unwritten} lines of requests or metrics because its output was not read fast \
                 enough: counts and percentiles miss them"
            ));
        }
        warnings.extend(self.series.slow_second());
        if self.totals.requests.keys().any(|key| &*key.name == "(other)") {
            warnings.push(
                "there are more request names than are kept apart; the rest are under (other)".to_owned(),
            );
        }
        warnings
    }
}
