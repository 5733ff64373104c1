//! How far statistics of short jobs are apart by chance: by rearranging their seconds.
//!
//! If nothing has changed, it does not matter to which job a second belongs. So all seconds are dealt out anew many
//! times, and the largest distance of any statistic is noted each time. A distance that few of these reach is a
//! change, whichever statistic has it: all are judged at once (P. H. Westfall, S. S. Young, "Resampling-Based Multiple
//! Testing", 1993). The distance is relative to its standard error, as [`super::pool`] computes it, so that jobs whose
//! seconds vary differently are not mistaken for jobs that differ (E. Chung, J. P. Romano, "Exact and asymptotically
//! robust permutation tests", Annals of Statistics 41, 2013).

use super::bootstrap::next;
use super::pool::difference;
use super::windows::{Spread, samples};

/// The most arrangements that are tried.
const MOST_ARRANGEMENTS: usize = 1_999;

/// The fewest: of these, the fourth largest distance is the one that 1% reach.
const FEWEST_ARRANGEMENTS: usize = 399;

/// Arrangements times statistics: many names are tried with fewer arrangements.
const MOST_DISTANCES: usize = 400_000;

/// The windows of one statistic in all jobs, one job after the other; the last job is the one that is judged.
#[derive(Debug)]
pub(super) struct AllWindows {
    /// `None` where nothing ended.
    pub(super) values: Vec<Option<f64>>,
    /// What a window's variance is at least.
    pub(super) least_variance: f64,
}

/// The distance, in standard errors, that the share `alpha` of arrangements exceeds in any statistic. `sizes` are the
/// numbers of windows of the jobs.
pub(super) fn critical_distance(statistics: &[AllWindows], sizes: &[usize], alpha: f64, seed: u64) -> f64 {
    let arrangements =
        (MOST_DISTANCES / statistics.len().max(1)).clamp(FEWEST_ARRANGEMENTS, MOST_ARRANGEMENTS);
    let mut order: Vec<usize> = (0..sizes.iter().sum()).collect();
    let mut state = seed;
    let mut largest: Vec<f64> = (0..arrangements)
        .map(|_| {
            shuffle(&mut order, &mut state);
            let distances = statistics
                .iter()
                .filter_map(|statistic| distance(statistic, &order, sizes));
            distances.fold(0.0, f64::max)
        })
        .collect();
    largest.sort_unstable_by(f64::total_cmp);
    // The arrangement that was found is one of them too.
    let reached = (alpha * (arrangements as f64 + 1.0)) as usize;
    largest[arrangements - reached.clamp(1, arrangements)]
}

/// How far the judged job is from the others in an arrangement; `None` where too few windows have values.
fn distance(statistic: &AllWindows, order: &[usize], sizes: &[usize]) -> Option<f64> {
    let mut rest = order;
    let mut spreads: Vec<Spread> = Vec::with_capacity(sizes.len());
    for size in sizes {
        let (own, others) = rest.split_at(*size);
        rest = others;
        spreads.push(Spread::new(
            own.iter().filter_map(|place| statistic.values[*place]),
        ));
    }
    let now = spreads.pop().filter(|now| now.has(2))?;
    spreads.retain(|earlier| earlier.has(2));
    if spreads.is_empty() {
        return None;
    }
    let (earlier, now) = samples(&spreads, now, statistic.least_variance);
    let found = difference(&earlier, now);
    Some(found.value.abs() / found.error)
}

/// R. Durstenfeld, "Algorithm 235: Random permutation", Communications of the ACM 7, 1964.
fn shuffle(order: &mut [usize], state: &mut u64) {
    for last in (1..order.len()).rev() {
        let other = (u128::from(next(state)) * (last as u128 + 1)) >> 64;
        order.swap(last, other as usize);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(values: &[f64]) -> AllWindows {
        AllWindows {
            values: values.iter().copied().map(Some).collect(),
            least_variance: 1e-9,
        }
    }

    fn distance_found(statistic: &AllWindows, sizes: &[usize]) -> f64 {
        let order: Vec<usize> = (0..statistic.values.len()).collect();
        distance(statistic, &order, sizes).unwrap()
    }

    #[test]
    fn what_is_far_apart_exceeds_nearly_all_arrangements() {
        let sizes = [6, 6];
        let apart = all(&[1.0, 1.1, 0.9, 1.05, 0.95, 1.0, 2.0, 2.1, 1.9, 2.05, 1.95, 2.0]);
        let mixed = all(&[1.0, 2.1, 0.9, 2.05, 0.95, 2.0, 2.0, 1.1, 1.9, 1.05, 1.95, 1.0]);
        let critical = critical_distance(std::slice::from_ref(&apart), &sizes, 0.01, 1);
        assert!(distance_found(&apart, &sizes) > critical, "{critical}");
        let critical = critical_distance(std::slice::from_ref(&mixed), &sizes, 0.01, 1);
        assert!(distance_found(&mixed, &sizes) < critical, "{critical}");
    }

    #[test]
    fn four_and_four_windows_can_say_nothing() {
        let apart = all(&[1.0, 1.1, 0.9, 1.0, 2.0, 2.1, 1.9, 2.0]);
        let critical = critical_distance(std::slice::from_ref(&apart), &[4, 4], 0.01, 1);
        assert!(
            distance_found(&apart, &[4, 4]) <= critical * (1.0 + 1e-9),
            "{critical}"
        );
    }

    #[test]
    fn more_statistics_ask_for_larger_distances() {
        let mut state = 5;
        let mut noise = || {
            let values = (0..16).map(|_| Some((next(&mut state) % 1_000) as f64));
            AllWindows {
                values: values.collect(),
                least_variance: 1e-9,
            }
        };
        let many: Vec<AllWindows> = (0..40).map(|_| noise()).collect();
        let of = |count: usize| critical_distance(&many[..count], &[8, 8], 0.01, 1);
        assert!(of(40) > of(1), "{} {}", of(40), of(1));
        assert!((of(3) - of(3)).abs() < 1e-12, "the same seed gives the same");
    }
}
