//! The seconds of a job that is too short for blocks.
//!
//! Requests within a second are dependent: one pause of the server delays all of them, so they say little more than one
//! of them does. A job shorter than [`super::blocks::FEWEST_SECONDS`] is therefore judged by one value for each of its whole
//! seconds: the median of durations, or the share that failed or was dropped. [`super::permutation`] compares them.

use std::collections::BTreeMap;

use super::pool::PooledSample;
use super::recorder::Slice;
use super::statistic::Statistic;

/// Jobs of more seconds are not compared by seconds: if both jobs are that long, blocks are better.
const MOST_WINDOWS: usize = 20;

/// The fewest seconds in which something must have ended: of 5 and 5 there are 252 arrangements, of 4 and 4 only 70.
pub(super) const FEWEST_WINDOWS: usize = 5;

/// The resolution of histograms, as a share of the value.
const RESOLUTION: f64 = 0.000_5;

/// One second of one job at one place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct SecondWindow {
    /// The logarithm of a median in ms, or a share in per cent.
    pub(super) value: f64,
    /// Of a share: the cases counted.
    part: u64,
    /// Of a share: all cases.
    whole: u64,
}

/// The windows of each statistic that is judged by them; `None` where nothing ended in a second.
pub(super) type PlaceWindows = BTreeMap<Statistic, Vec<Option<SecondWindow>>>;

/// How many windows a job has whose slices have these lengths; `None` if it is too long, or its slices are not seconds.
pub(super) fn windows(lengths_s: &[f64], seconds: usize) -> Option<usize> {
    let whole = lengths_s.iter().filter(|length| **length > 1.0 - 1e-9).count();
    // A second that is not whole can only be the last one.
    (lengths_s.len() == seconds && seconds <= MOST_WINDOWS).then_some(whole)
}

/// What a place has in the first `count` slices, each of which is a second.
pub(super) fn place_windows(slices: &[Slice], count: usize) -> PlaceWindows {
    let slices = slices.get(..count).unwrap_or_default();
    let share = |part: u64, whole: u64| {
        (whole > 0).then(|| SecondWindow {
            value: 100.0 * part as f64 / whole as f64,
            part,
            whole,
        })
    };
    let median = |slice: &Slice| {
        (slice.duration.count() > 0).then(|| SecondWindow {
            value: (slice.duration.quantile_ns(0.5).max(1) as f64 / 1e6).ln(),
            part: 0,
            whole: 0,
        })
    };
    let all = [
        (Statistic::P50, slices.iter().map(median).collect()),
        (
            Statistic::ErrorRate,
            slices
                .iter()
                .map(|slice| share(slice.failed, slice.count))
                .collect(),
        ),
        (
            Statistic::DropRate,
            slices
                .iter()
                .map(|slice| share(slice.dropped, slice.due))
                .collect(),
        ),
    ];
    all.into_iter().collect()
}

/// The variance that one window has at least: that of independent cases with half a case added, or the resolution of a
/// histogram. It is that of all windows together, so that every arrangement of them has the same.
pub(super) fn least_variance<'a>(kind: Statistic, windows: impl Iterator<Item = &'a SecondWindow>) -> f64 {
    if !kind.is_share() {
        return RESOLUTION.powi(2);
    }
    let (mut count, mut part, mut whole) = (0.0, 0.0, 0.0);
    for window in windows {
        count += 1.0;
        part += window.part as f64;
        whole += window.whole as f64;
    }
    let share = (part + 0.5) / (whole + 1.0);
    1e4 * share * (1.0 - share) * count / f64::max(whole, 1.0)
}

/// How windows spread around their mean.
#[derive(Debug, Clone, Copy)]
pub(super) struct Spread {
    count: f64,
    mean: f64,
    /// The sum of squared distances from the mean.
    squares: f64,
}

impl Spread {
    pub(super) fn new(values: impl Iterator<Item = f64>) -> Self {
        // Welford's recurrence.
        let (mut count, mut mean, mut squares) = (0.0, 0.0, 0.0);
        for value in values {
            count += 1.0;
            let distance = value - mean;
            mean += distance / count;
            squares += distance * (value - mean);
        }
        Self { count, mean, squares }
    }

    pub(super) fn has(&self, fewest: usize) -> bool {
        self.count >= fewest as f64
    }

    fn sample(&self, variance: f64) -> PooledSample {
        PooledSample {
            value: self.mean,
            variance: variance / self.count,
            freedom: self.count - 1.0,
        }
    }
}

/// The means of the windows of earlier jobs and of the judged one, with their variances; all have at least two windows, and there is
/// at least one earlier job. Earlier jobs are runs of one system: how its seconds vary is known best from all of them.
pub(super) fn samples(
    earlier: &[Spread],
    now: Spread,
    least_variance: f64,
) -> (Vec<PooledSample>, PooledSample) {
    let squares: f64 = earlier.iter().map(|own| own.squares).sum();
    let freedom: f64 = earlier.iter().map(|own| own.count - 1.0).sum();
    let variance = (squares / freedom).max(least_variance);
    let of_now = (now.squares / (now.count - 1.0)).max(least_variance);
    let earlier = earlier.iter().map(|own| own.sample(variance));
    (earlier.collect(), now.sample(of_now))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_seconds_of_short_jobs_are_windows() {
        assert_eq!(windows(&[1.0, 1.0, 0.3], 3), Some(2));
        assert_eq!(windows(&[1.0; 20], 20), Some(20));
        assert_eq!(windows(&[1.0; 21], 21), None);
        assert_eq!(windows(&[2.0; 10], 20), None, "slices of two seconds");
    }

    fn spread(values: &[f64]) -> Spread {
        Spread::new(values.iter().copied())
    }

    #[test]
    fn earlier_jobs_share_their_variance() {
        let earlier = [spread(&[1.0, 2.0, 3.0]), spread(&[5.0, 5.0, 5.0, 5.0])];
        let (earlier, now) = samples(&earlier, spread(&[1.0, 2.0, 3.0, 4.0]), 0.0);
        // 2 and 0 squares around their means, with 2 and 3 degrees of freedom.
        assert!(
            (earlier[0].variance - 2.0 / 5.0 / 3.0).abs() < 1e-12,
            "{earlier:?}"
        );
        assert!(
            (earlier[1].variance - 2.0 / 5.0 / 4.0).abs() < 1e-12,
            "{earlier:?}"
        );
        assert!((earlier[1].value - 5.0).abs() < 1e-12, "{earlier:?}");
        assert!((now.value - 2.5).abs() < 1e-12 && (now.freedom - 3.0).abs() < 1e-12);
        assert!((now.variance - 5.0 / 3.0 / 4.0).abs() < 1e-12, "{now:?}");
        let (_, still) = samples(&[spread(&[1.0, 1.0])], spread(&[1.0, 1.0]), 0.5);
        assert!((still.variance - 0.25).abs() < 1e-12, "never less than the least");
        assert!(spread(&[1.0, 1.0]).has(2) && !spread(&[1.0]).has(2));
    }

    #[test]
    fn a_share_of_no_cases_has_a_variance_too() {
        let none = SecondWindow {
            value: 0.0,
            part: 0,
            whole: 40,
        };
        let least = least_variance(Statistic::ErrorRate, [none; 8].iter());
        assert!(least > 0.0 && least < 1.0, "{least}");
    }
}
