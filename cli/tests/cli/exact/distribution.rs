//! What a summary says of durations, compared with the durations themselves.

use heavy_results::summary::Distribution;

/// The index of a percentile in sorted values, as `percentile_disc` defines it.
pub(super) fn rank(share: f64, values: usize) -> usize {
    ((share * values as f64 - 1e-9).ceil() as usize).max(1) - 1
}

/// Durations of some rows, compared with what a summary says of them.
pub(super) fn compare(what: &str, said: &Distribution, rows: impl Iterator<Item = f64>) {
    let mut values: Vec<f64> = rows.collect();
    values.sort_by(f64::total_cmp);
    assert_eq!(said.count, values.len() as u64, "{what}: count");
    if values.is_empty() {
        return;
    }
    let near = |name: &str, said: f64, is: f64, within: f64| {
        assert!(
            (said - is).abs() <= is * within,
            "{what}: {name} is {is}, not {said}"
        );
    };
    let sum: f64 = values.iter().sum();
    near("min", said.min_ms, values[0], 1e-9);
    near("max", said.max_ms, values[values.len() - 1], 1e-9);
    near("mean", said.mean_ms, sum / values.len() as f64, 1e-9);
    for (name, share, said) in [
        ("p10", 0.10, said.p10_ms),
        ("p25", 0.25, said.p25_ms),
        ("p50", 0.50, said.p50_ms),
        ("p75", 0.75, said.p75_ms),
        ("p90", 0.90, said.p90_ms),
        ("p95", 0.95, said.p95_ms),
        ("p99", 0.99, said.p99_ms),
        ("p99.9", 0.999, said.p999_ms),
    ] {
        near(name, said, values[rank(share, values.len())], 0.001);
    }
    let mut up_to = 0;
    for bucket in &said.buckets {
        up_to += bucket.count;
        let holds = |factor: f64| {
            values
                .iter()
                .filter(|value| **value <= bucket.upper_ms * factor)
                .count() as u64
        };
        assert!(
            (holds(0.999)..=holds(1.001)).contains(&up_to),
            "{what}: {up_to} values up to {} ms",
            bucket.upper_ms
        );
    }
    assert_eq!(up_to, said.count, "{what}: the buckets hold everything");
}
