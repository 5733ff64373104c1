//! Statistics of a set of durations.

use serde::{Deserialize, Serialize};

use crate::bars::bars;
use heavy_load::histogram::Histogram;

/// Statistics of a set of durations, in ms. Percentiles are those of SQL's `percentile_disc`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Distribution {
    /// How many; with 0 all else is 0.
    pub count: u64,
    /// Fastest.
    pub min_ms: f64,
    /// Average.
    pub mean_ms: f64,
    /// 10th percentile.
    pub p10_ms: f64,
    /// 25th percentile.
    pub p25_ms: f64,
    /// 50th percentile.
    pub p50_ms: f64,
    /// 75th percentile.
    pub p75_ms: f64,
    /// 90th percentile.
    pub p90_ms: f64,
    /// 95th percentile.
    pub p95_ms: f64,
    /// 99th percentile.
    pub p99_ms: f64,
    /// 99.9th percentile.
    pub p999_ms: f64,
    /// Slowest; P100.
    pub max_ms: f64,
    /// The distribution in at most a dozen automatic buckets, ascending; together they hold all values.
    pub buckets: Vec<LatencyBucket>,
}

/// One bar of a latency distribution.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct LatencyBucket {
    /// Holds values above the bucket before and up to this.
    pub upper_ms: f64,
    /// How many.
    pub count: u64,
}

impl From<&Histogram> for Distribution {
    fn from(histogram: &Histogram) -> Self {
        let ms = |ns: u64| ns as f64 / 1e6;
        let quantiles = histogram.quantiles_ns([0.10, 0.25, 0.50, 0.75, 0.90, 0.95, 0.99, 0.999]);
        let [p10_ms, p25_ms, p50_ms, p75_ms, p90_ms, p95_ms, p99_ms, p999_ms] = quantiles.map(ms);
        Self {
            count: histogram.count(),
            min_ms: ms(histogram.min_ns()),
            mean_ms: histogram.mean_ns() / 1e6,
            p10_ms,
            p25_ms,
            p50_ms,
            p75_ms,
            p90_ms,
            p95_ms,
            p99_ms,
            p999_ms,
            max_ms: ms(histogram.max_ns()),
            buckets: bars(histogram)
                .into_iter()
                .map(|(upper_ns, count)| LatencyBucket {
                    upper_ms: ms(upper_ns),
                    count,
                })
                .collect(),
        }
    }
}

impl Distribution {
    /// The statistics of a histogram; `None` if it is empty.
    pub(crate) fn from_nonempty(histogram: &Histogram) -> Option<Self> {
        (histogram.count() > 0).then(|| Self::from(histogram))
    }
}
