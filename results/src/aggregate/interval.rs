//! What happened in a span of time: a second of the series, or a point of the timeline.

use crate::stats::{Iterations, Requests};
use crate::summary::Accounting;
use heavy_load::histogram::Histogram;

/// Sums over an interval. Two neighbouring ones merge without loss.
#[derive(Debug, Clone, Default)]
pub(super) struct Interval {
    pub(super) iterations: Accounting,
    pub(super) requests_failed: u64,
    /// Of requests; its count is the number of requests.
    pub(super) duration: Histogram,
    pub(super) response: Histogram,
}

impl Interval {
    pub(super) fn add_requests(&mut self, row: &Requests) {
        self.duration.merge(&row.duration);
        self.requests_failed += if row.failed { row.duration.count() } else { 0 };
    }

    pub(super) fn add_iterations(&mut self, row: &Iterations) {
        self.iterations.add(&Accounting::from(row));
        self.response.merge(&row.response);
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.iterations.add(&other.iterations);
        self.requests_failed += other.requests_failed;
        self.duration.merge(&other.duration);
        self.response.merge(&other.response);
    }
}

impl Accounting {
    /// Adds every count but `planned`, which is not additive.
    pub(super) fn add(&mut self, other: &Self) {
        self.scheduled += other.scheduled;
        self.started += other.started;
        self.ok += other.ok;
        self.failed += other.failed;
        self.interrupted += other.interrupted;
        self.lost += other.lost;
        self.dropped.add(&other.dropped);
        self.unknown += other.unknown;
    }
}

impl From<&Iterations> for Accounting {
    fn from(row: &Iterations) -> Self {
        Self {
            planned: 0,
            scheduled: row.scheduled,
            started: row.started,
            ok: row.ok,
            failed: row.failed,
            interrupted: row.interrupted,
            lost: row.lost,
            dropped: row.dropped,
            unknown: row.unknown,
        }
    }
}

/// A quantile in ms; `None` without values.
pub(super) fn quantile_ms(of: &Histogram, quantile: f64) -> Option<f64> {
    let [ms] = quantiles_ms(of, [quantile]);
    ms
}

/// Ascending quantiles in ms; `None` without values.
pub(super) fn quantiles_ms<const N: usize>(of: &Histogram, quantiles: [f64; N]) -> [Option<f64>; N] {
    let all = of.quantiles_ns(quantiles);
    all.map(|ns| (of.count() > 0).then(|| ns as f64 / 1e6))
}
