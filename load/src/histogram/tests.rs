//! Histograms against sorted values, and against HdrHistogram.

use super::*;
use proptest::prelude::*;

fn of(values: &[u64]) -> Histogram {
    let mut histogram = Histogram::default();
    values.iter().for_each(|value| histogram.record(*value));
    histogram
}

fn values() -> impl Strategy<Value = Vec<u64>> {
    prop::collection::vec(
        (0u64..60_000_000_000, 0u32..30).prop_map(|(value, shift)| value >> shift),
        0..300,
    )
}

#[test]
fn the_ends_of_the_scale_have_buckets() {
    for value in [0, 1, 2047, 2048, 4095, 4096, u64::MAX / 2, u64::MAX] {
        let bucket = bucket_of(value);
        assert!(
            lowest_of(bucket) <= value && value - lowest_of(bucket) < width_of(bucket),
            "{value}"
        );
    }
}

#[test]
fn nothing_recorded_is_nothing() {
    let empty = Histogram::default();
    assert_eq!(
        (empty.count(), empty.quantile_ns(0.99), empty.max_ns()),
        (0, 0, 0)
    );
    assert_eq!(Histogram::decode(&empty.encode()), Ok(empty));
}

proptest! {
    #[test]
    fn quantiles_are_those_of_the_values(values in values(), quantile in 0.0f64..=1.0) {
        prop_assume!(!values.is_empty());
        let quantile = (quantile * 1000.0).round() / 1000.0;
        let mut sorted = values.clone();
        sorted.sort_unstable();
        let rank = (sorted.len() * (quantile * 1000.0).round() as usize).div_ceil(1000).max(1);
        let exact = sorted[rank - 1] as f64;
        let estimate = of(&values).quantile_ns(quantile) as f64;
        prop_assert!((estimate - exact).abs() <= exact * 0.0005, "{estimate} {exact}");
    }

    #[test]
    fn all_at_once_is_one_after_the_other(values in values(), asked in prop::collection::vec(0u64..70_000_000_000, 0..5)) {
        let histogram = of(&values);
        let quantiles = [0.0, 0.1, 0.5, 0.5, 0.999, 1.0];
        prop_assert_eq!(histogram.quantiles_ns(quantiles), quantiles.map(|quantile| histogram.quantile_ns(quantile)));
        let mut asked = asked;
        asked.sort_unstable();
        let each: Vec<u64> = asked.iter().map(|value| histogram.count_up_to(*value)).collect();
        prop_assert_eq!(histogram.counts_up_to(&asked), each);
    }

    #[test]
    fn merging_is_recording(a in values(), b in values()) {
        let mut merged = of(&a);
        merged.merge(&of(&b));
        prop_assert_eq!(merged, of(&[a, b].concat()));
    }

    #[test]
    fn merging_a_few_is_recording(a in prop::collection::vec(0u64..400, 100..300), b in prop::collection::vec(0u64..500, 1..15)) {
        let mut merged = of(&a);
        merged.merge(&of(&b));
        prop_assert_eq!(merged, of(&[a, b].concat()));
    }

    #[test]
    fn every_histogram_survives_its_encoding(values in values()) {
        let histogram = of(&values);
        prop_assert_eq!(Histogram::decode(&histogram.encode()), Ok(histogram));
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        let _ = Histogram::decode(&bytes);
    }

    #[test]
    fn buckets_are_those_of_an_hdr_histogram(values in values()) {
        prop_assume!(!values.is_empty());
        let mut hdr = hdrhistogram::Histogram::<u64>::new_with_bounds(1, 100_000_000_000, 3).unwrap();
        values.iter().for_each(|value| hdr.record(*value).unwrap());
        let theirs: Vec<(u64, u64)> =
            hdr.iter_recorded().map(|bucket| (bucket.value_iterated_to(), bucket.count_at_value())).collect();
        prop_assert_eq!(of(&values).buckets().collect::<Vec<_>>(), theirs);
    }
}
