//! The percentiles that every format shows, and from how many samples on each means something.

use heavy_results::summary::Distribution;

use crate::units::time;

#[derive(Debug, Clone, Copy)]
pub(crate) struct Percentile {
    /// `P50`.
    pub(crate) name: &'static str,
    /// `p50_ms`.
    pub(crate) column: &'static str,
    /// From how many samples on it means something: one of them is then as slow.
    pub(crate) least: u64,
    /// Its value in ms.
    pub(crate) of: fn(&Distribution) -> f64,
}

/// The percentile that represents slow requests.
pub(crate) const P99: Percentile = percentile("P99", "p99_ms", 100, |d| d.p99_ms);

/// All of them, ascending.
pub(crate) const PERCENTILES: [Percentile; 9] = [
    percentile("P10", "p10_ms", 0, |d| d.p10_ms),
    percentile("P25", "p25_ms", 0, |d| d.p25_ms),
    percentile("P50", "p50_ms", 0, |d| d.p50_ms),
    percentile("P75", "p75_ms", 0, |d| d.p75_ms),
    percentile("P90", "p90_ms", 10, |d| d.p90_ms),
    percentile("P95", "p95_ms", 20, |d| d.p95_ms),
    P99,
    percentile("P99.9", "p999_ms", 1_000, |d| d.p999_ms),
    percentile("P100", "max_ms", 0, |d| d.max_ms),
];

/// What the mark of [`Percentile::is_rough`] means.
pub(crate) const ROUGH_NOTE: &str = "~ has too few samples: P90 requires 10, P95 20, P99 100, P99.9 1,000";

impl Percentile {
    /// Its value as people read it, marked where there are too few samples for it.
    pub(crate) fn shown(&self, distribution: &Distribution) -> String {
        let rough = if self.is_rough(distribution) { "~" } else { "" };
        format!("{rough}{}", time((self.of)(distribution)))
    }

    /// Whether there are too few samples for it.
    pub(crate) const fn is_rough(&self, distribution: &Distribution) -> bool {
        distribution.count < self.least
    }
}

const fn percentile(
    name: &'static str,
    column: &'static str,
    least: u64,
    of: fn(&Distribution) -> f64,
) -> Percentile {
    Percentile {
        name,
        column,
        least,
        of,
    }
}
