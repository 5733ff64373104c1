//! One job's statistics at every place, each with its standard error.

use std::collections::BTreeMap;

use super::blocks::{Blocks, correlation};
use super::bootstrap::Resamples;
use super::place::{Level, Place};
use super::recorder::{JobRecorder, Slice};
use super::statistic::Statistic;
use super::windows::{PlaceWindows, place_windows, windows};
use heavy_load::histogram::Histogram;

/// The fewest values beyond a percentile with which it is judged.
const FEWEST_BEYOND: f64 = 20.0;

/// Values that a mean or a rate must rest on.
const FEWEST_OF_A_MEAN: u64 = 30;

/// Values that a share must rest on.
const FEWEST_OF_A_SHARE: u64 = 100;

/// Blocks in which something must have happened.
const FEWEST_FILLED_BLOCKS: usize = 5;

/// At this many standard errors of its share a percentile's error is measured: about where intervals end.
const REACH: f64 = 4.0;

/// The resolution of histograms, as a share of the value.
const RESOLUTION: f64 = 0.000_5;

/// The percentiles that are compared, ascending.
const QUANTILES: [(Statistic, f64); 8] = [
    (Statistic::P10, 0.10),
    (Statistic::P25, 0.25),
    (Statistic::P50, 0.50),
    (Statistic::P75, 0.75),
    (Statistic::P90, 0.90),
    (Statistic::P95, 0.95),
    (Statistic::P99, 0.99),
    (Statistic::P999, 0.999),
];

/// One statistic of one job.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct StatisticEstimate {
    /// In the unit of its kind.
    pub(super) value: f64,
    /// Of a share's percentage points, of all others' logarithm; `None`: too few samples to tell.
    pub(super) error: Option<f64>,
}

/// What one job has at one place.
#[derive(Debug, Clone)]
pub(super) struct Measures {
    pub(super) count: u64,
    pub(super) failed: u64,
    pub(super) duration: Histogram,
    pub(super) estimates: BTreeMap<Statistic, StatisticEstimate>,
    /// By second, of a job with [`Measured::windows`].
    pub(super) windows: PlaceWindows,
}

/// One job's statistics.
#[derive(Debug, Clone)]
pub struct Measured {
    pub(super) places: BTreeMap<Place, Measures>,
    /// How many blocks its time was cut into, less one; `None` of a job that is too short.
    pub(super) freedom: Option<f64>,
    /// How many whole seconds it has, if it is short enough to be judged by them.
    pub(super) windows: Option<usize>,
    /// How long the measured part is, in seconds.
    pub(super) length_s: f64,
}

impl Measured {
    /// Computes the statistics of what was recorded; `seed` decides which blocks are drawn.
    #[must_use]
    pub fn from_recorder(recorder: &JobRecorder, seed: u64) -> Self {
        let slices_s = recorder.slice_lengths_s();
        let blocks = Blocks::of(recorder.seconds, slices_s.len(), correlation(&recorder.pace));
        let resamples = blocks.map(|blocks| Resamples::draw(blocks.count, seed));
        let grouping = blocks.unwrap_or(Blocks::ONE);
        let lengths_s = grouped(&slices_s, grouping);
        let windows = windows(&slices_s, recorder.seconds);
        let measures = |(place, slices): (&Place, &Vec<Slice>)| {
            let own = PlaceBlocks {
                level: place.level,
                blocks: merged(slices, grouping),
                lengths_s: &lengths_s,
                resamples: resamples.as_ref(),
            };
            let mut measures = own.measures();
            if let Some(count) = windows {
                measures.windows = place_windows(slices, count);
            }
            (place.clone(), measures)
        };
        Self {
            places: recorder.places.iter().map(measures).collect(),
            freedom: blocks.map(|blocks| blocks.count as f64 - 1.0),
            windows,
            length_s: recorder.extent.length_s,
        }
    }

    /// Whether nothing at all was recorded.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }
}

fn merged(slices: &[Slice], blocks: Blocks) -> Vec<Slice> {
    let mut merged = vec![Slice::default(); blocks.count];
    for (place, slice) in slices.iter().enumerate() {
        merged[blocks.block_of(place)].add(slice);
    }
    merged
}

fn grouped(values: &[f64], blocks: Blocks) -> Vec<f64> {
    let mut sums = vec![0.0; blocks.count];
    for (place, value) in values.iter().enumerate() {
        sums[blocks.block_of(place)] += value;
    }
    sums
}

/// One place of one job, block by block.
struct PlaceBlocks<'a> {
    level: Level,
    blocks: Vec<Slice>,
    lengths_s: &'a [f64],
    resamples: Option<&'a Resamples>,
}

impl PlaceBlocks<'_> {
    fn measures(&self) -> Measures {
        let mut whole = Slice::default();
        self.blocks.iter().for_each(|block| whole.add(block));
        let mut estimates = BTreeMap::new();
        // The rate of response times and checks is that of their workflow.
        if whole.count > 0 && !matches!(self.level, Level::ResponseTime | Level::Check) {
            estimates.insert(Statistic::Rate, self.rate(whole.count));
        }
        if whole.count > 0 && self.level != Level::ResponseTime {
            let share = self.share(whole.failed, whole.count, |slice| (slice.failed, slice.count));
            estimates.insert(Statistic::ErrorRate, share);
        }
        if whole.due > 0 {
            let share = self.share(whole.dropped, whole.due, |slice| (slice.dropped, slice.due));
            estimates.insert(Statistic::DropRate, share);
        }
        if whole.duration.count() > 0 {
            estimates.insert(Statistic::Mean, self.mean(&whole.duration));
            estimates.extend(self.quantiles(&whole.duration));
        }
        Measures {
            count: whole.count,
            failed: whole.failed,
            duration: whole.duration,
            estimates,
            windows: PlaceWindows::new(),
        }
    }

    /// The resamples, if the place has at least `fewest` samples, in enough blocks.
    fn enough(&self, samples: u64, fewest: u64) -> Option<&Resamples> {
        let filled = self.blocks.iter().filter(|block| block.count + block.due > 0);
        self.resamples
            .filter(|_| samples >= fewest && filled.count() >= FEWEST_FILLED_BLOCKS)
    }

    fn sums(&self, of: impl Fn(&Slice) -> f64) -> Vec<f64> {
        self.blocks.iter().map(of).collect()
    }

    fn rate(&self, count: u64) -> StatisticEstimate {
        let value = count as f64 / self.lengths_s.iter().sum::<f64>();
        let error = self.enough(count, FEWEST_OF_A_MEAN).map(|resamples| {
            let error =
                resamples.error_of_quotient(&self.sums(|slice| slice.count as f64), self.lengths_s) / value;
            error.max(RESOLUTION)
        });
        StatisticEstimate { value, error }
    }

    /// A share of few or no cases varies by more than its blocks show: its error is at least that of independent
    /// draws, with half a case added (L. D. Brown, T. T. Cai, A. DasGupta, "Interval estimation for a binomial
    /// proportion", Statistical Science 16, 2001).
    fn share(&self, part: u64, whole: u64, of: impl Fn(&Slice) -> (u64, u64)) -> StatisticEstimate {
        let error = self.enough(whole, FEWEST_OF_A_SHARE).map(|resamples| {
            let parts = self.sums(|slice| of(slice).0 as f64);
            let wholes = self.sums(|slice| of(slice).1 as f64);
            let share = (part as f64 + 0.5) / (whole as f64 + 1.0);
            let independent = (share * (1.0 - share) / whole as f64).sqrt();
            100.0 * resamples.error_of_quotient(&parts, &wholes).max(independent)
        });
        StatisticEstimate {
            value: 100.0 * part as f64 / whole as f64,
            error,
        }
    }

    fn mean(&self, duration: &Histogram) -> StatisticEstimate {
        let mean_ns = duration.mean_ns().max(1.0);
        let error = self.enough(duration.count(), FEWEST_OF_A_MEAN).map(|resamples| {
            let sums = self.sums(|slice| slice.duration.sum_ns() as f64);
            let counts = self.sums(|slice| slice.duration.count() as f64);
            // The error of a logarithm is that of the value, relative to it.
            (resamples.error_of_quotient(&sums, &counts) / mean_ns).max(RESOLUTION)
        });
        StatisticEstimate {
            value: mean_ns / 1e6,
            error,
        }
    }

    fn quantiles(&self, whole: &Histogram) -> [(Statistic, StatisticEstimate); 8] {
        QUANTILES.map(|(kind, quantile)| {
            let value = whole.quantile_ns(quantile);
            // Adds a tenth, since quantiles such as 0.9 are not exact in binary.
            let beyond = whole.count() as f64 * quantile.min(1.0 - quantile) + 0.1;
            let error = (beyond >= FEWEST_BEYOND)
                .then(|| self.error_of_quantile(whole, quantile, value))
                .flatten();
            let value = value as f64 / 1e6;
            (kind, StatisticEstimate { value, error })
        })
    }

    /// The error of the logarithm of a quantile: the standard error of the share of values up to it, which is at least that
    /// of independent ones (blocks that happen to agree are not believed beyond it), carried over by the distribution
    /// itself. `None` where that reaches to the ends of the distribution, of which too little is known.
    fn error_of_quantile(&self, whole: &Histogram, quantile: f64, value_ns: u64) -> Option<f64> {
        let resamples = self.enough(whole.count(), 1)?;
        let up_to = self.sums(|slice| slice.duration.count_up_to(value_ns) as f64);
        let counts = self.sums(|slice| slice.duration.count() as f64);
        let count = whole.count() as f64;
        let independent = (quantile * (1.0 - quantile) / count).sqrt();
        let error = resamples.error_of_quotient(&up_to, &counts).max(independent);
        let (low, high) = (quantile - REACH * error, quantile + REACH * error);
        if low < 1.0 / count || high > 1.0 - 1.0 / count {
            return None;
        }
        let logarithm = |quantile: f64| (whole.quantile_ns(quantile).max(1) as f64).ln();
        Some(((logarithm(high) - logarithm(low)) / (2.0 * REACH)).max(RESOLUTION))
    }
}
