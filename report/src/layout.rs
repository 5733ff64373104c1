//! Texts of a fixed width, and bars of characters.

use heavy_results::summary::LatencyBucket;

use crate::HEIGHTS;
use crate::clip::columns;

/// The buckets as one column each, as high as their share of the fullest; an empty one is blank.
pub(crate) fn shape(buckets: &[LatencyBucket]) -> String {
    let fullest = buckets.iter().map(|bucket| bucket.count).max().unwrap_or(0);
    buckets
        .iter()
        .map(|bucket| match eighths(bucket.count, fullest, 1) {
            0 => ' ',
            height => HEIGHTS[(height - 1).min(7)],
        })
        .collect()
}

/// `part` of `whole` in eighths of `room` columns; something is never nothing.
pub(crate) fn eighths(part: u64, whole: u64, room: usize) -> usize {
    if part == 0 || whole == 0 {
        return 0;
    }
    let most = room * 8;
    ((part as f64 / whole as f64 * most as f64).round() as usize).clamp(1, most)
}

/// The text at the right of `width` columns.
pub(crate) fn right(text: &str, width: usize) -> String {
    format!("{}{text}", " ".repeat(width.saturating_sub(columns(text))))
}

/// The text at the left of `width` columns.
pub(crate) fn left(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(columns(text))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_show_something_for_anything() {
        let bucket = |count| LatencyBucket { upper_ms: 1.0, count };
        assert_eq!(
            shape(&[bucket(1), bucket(0), bucket(1_000_000), bucket(500_000)]),
            "▁ █▄"
        );
        assert_eq!(shape(&[]), "");
    }
}
