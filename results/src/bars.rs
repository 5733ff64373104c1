//! Automatic buckets that show a distribution: at most a dozen bars with round bounds.

use heavy_load::histogram::Histogram;

const MOST_BARS: usize = 12;

/// Bounds within one decade, from fine to coarse.
const LADDERS: [&[u64]; 5] = [
    &[100, 120, 150, 200, 250, 300, 400, 500, 600, 800],
    &[100, 150, 200, 300, 500, 700],
    &[100, 200, 500],
    &[100, 300],
    &[100],
];

/// The bars of a histogram as (upper bound in ns, number of values): ascending bounds, the last one the largest value;
/// counts add up to all values. Bounds are round numbers as long as the values span more than a fraction of a decade,
/// else equal steps.
#[must_use]
pub fn bars(histogram: &Histogram) -> Vec<(u64, u64)> {
    let range_ns = (histogram.count() > 0).then(|| (histogram.min_ns(), histogram.max_ns()));
    let bounds = bounds(range_ns, MOST_BARS);
    let mut below = 0;
    let up_to = histogram.counts_up_to(&bounds).into_iter();
    up_to
        .zip(bounds)
        .map(|(up_to, upper)| {
            let count = up_to - below;
            below = up_to;
            (upper, count)
        })
        .collect()
}

/// At most `most` ascending bounds in ns that show values well of which these are the smallest and the largest; the last one
/// is the largest value. None without values.
pub(crate) fn bounds(range_ns: Option<(u64, u64)>, most: usize) -> Vec<u64> {
    let Some((min, max)) = range_ns else {
        return Vec::new();
    };
    let mut bounds = LADDERS
        .iter()
        .map(|ladder| round_bounds(ladder, min, max))
        .find(|bounds| bounds.len() < most)
        .unwrap_or_default();
    if bounds.len() < 3 {
        let steps = (max - min).min(10);
        bounds = (1..steps).map(|step| min + (max - min) * step / steps).collect();
    }
    bounds.push(max);
    bounds
}

/// The bounds of a ladder that lie in [min, max), over all decades.
fn round_bounds(ladder: &[u64], min: u64, max: u64) -> Vec<u64> {
    let decades = std::iter::successors(Some(1u64), |decade| decade.checked_mul(10));
    decades
        .flat_map(|decade| {
            ladder
                .iter()
                .map(move |bound| u128::from(*bound) * u128::from(decade) / 100)
        })
        .filter_map(|bound| u64::try_from(bound).ok())
        .filter(|bound| *bound >= min.max(1) && *bound < max)
        .collect::<std::collections::BTreeSet<_>>()
        .into_iter()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn nothing_has_no_bars_and_one_value_has_one() {
        let mut histogram = Histogram::default();
        assert_eq!(bars(&histogram), []);
        histogram.record_n(1_500_000, 7);
        assert_eq!(bars(&histogram), [(1_500_000, 7)]);
    }

    proptest! {
        #[test]
        fn bars_are_few_ascending_and_hold_everything(values in prop::collection::vec(0u64..60_000_000_000, 1..100)) {
            let mut histogram = Histogram::default();
            values.iter().for_each(|value| histogram.record(*value));
            let bars = bars(&histogram);
            prop_assert!(bars.len() <= MOST_BARS);
            prop_assert!(bars.is_sorted_by(|a, b| a.0 < b.0));
            prop_assert_eq!(bars.iter().map(|(_, count)| count).sum::<u64>(), values.len() as u64);
        }
    }
}
