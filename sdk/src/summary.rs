//! What printed summaries have in common: tables that stay small, percentiles.

use std::collections::BTreeMap;

use heavy_load::histogram::Histogram;

/// Maximum number of distinct names or errors; the rest is added up under [`OTHER`].
const MAX_KEYS: usize = 1_000;

const OTHER: &str = "(other)";

/// The value of a key, or that of [`OTHER`] when there are too many.
pub(crate) fn entry<'a, T: Default>(map: &'a mut BTreeMap<String, T>, key: &str) -> &'a mut T {
    let key = if map.len() < MAX_KEYS || map.contains_key(key) {
        key
    } else {
        OTHER
    };
    map.entry(key.to_owned()).or_default()
}

/// What people look at first, in ms.
pub(crate) fn percentiles(histogram: &Histogram) -> String {
    let quantile = |quantile| milliseconds(histogram.quantile_ns(quantile));
    format!(
        "p50 {}, p90 {}, p99 {}, slowest {} ms",
        quantile(0.5),
        quantile(0.9),
        quantile(0.99),
        quantile(1.0)
    )
}

fn milliseconds(ns: u64) -> String {
    format!("{:.3}", ns as f64 / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_bounded() {
        let mut map: BTreeMap<String, u64> = BTreeMap::new();
        for n in 0..2 * MAX_KEYS {
            *entry(&mut map, &n.to_string()) += 1;
        }
        assert_eq!((map.len(), map[OTHER]), (MAX_KEYS + 1, MAX_KEYS as u64));
    }
}
