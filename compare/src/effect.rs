//! The effect size of two distributions, independent of the number of samples.

use heavy_load::histogram::Histogram;

/// Cliff's delta: how likely a value of `now` is above one of `before`, less how likely it is below (N. Cliff,
/// "Dominance statistics", Psychological Bulletin 114, 1993). From -1 to 1; values in the same bucket are equal. `None`
/// where one of them is empty.
pub(super) fn delta(before: &Histogram, now: &Histogram) -> Option<f64> {
    if before.count() == 0 || now.count() == 0 {
        return None;
    }
    let mut earlier = before.buckets().peekable();
    let (mut below, mut sum) = (0.0, 0.0);
    let all = before.count() as f64;
    for (upper, count) in now.buckets() {
        while let Some((_, less)) = earlier.next_if(|(other, _)| *other < upper) {
            below += less as f64;
        }
        let equal = earlier
            .next_if(|(other, _)| *other == upper)
            .map_or(0.0, |(_, equal)| equal as f64);
        let above = all - below - equal;
        sum += count as f64 * (below - above);
        below += equal;
    }
    Some(sum / all / now.count() as f64)
}

/// What an effect of this size is commonly called (J. Romano and others, "Appropriate statistics for ordinal level
/// data", Florida Association of Institutional Research, 2006).
pub(super) fn word(delta: f64) -> &'static str {
    match delta.abs() {
        size if size < 0.147 => "negligible",
        size if size < 0.33 => "small",
        size if size < 0.474 => "medium",
        _ => "large",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[u64]) -> Histogram {
        let mut histogram = Histogram::default();
        values.iter().for_each(|value| histogram.record(*value));
        histogram
    }

    #[test]
    fn pairs_are_counted() {
        // Of nine pairs six are above and one is below, two are equal.
        let found = delta(&of(&[1, 2, 3]), &of(&[2, 3, 4])).unwrap();
        assert!((found - 5.0 / 9.0).abs() < 1e-12, "{found}");
        let found = delta(&of(&[5, 6]), &of(&[1, 2])).unwrap();
        assert!((found + 1.0).abs() < 1e-12, "{found}");
        assert!(delta(&of(&[5, 6]), &of(&[5, 6])).unwrap().abs() < 1e-12);
        assert_eq!(delta(&of(&[]), &of(&[1])), None);
        assert_eq!(word(0.1), "negligible");
        assert_eq!(word(-0.5), "large");
    }
}
