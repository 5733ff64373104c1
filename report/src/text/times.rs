//! Distributions of times: rows of percentiles, bars, and the one-line shape.

use heavy_results::summary::{Distribution, LatencyBucket};

use crate::HEIGHTS;
use crate::escape::columns;
use crate::page::{Page, Tone};
use crate::percentiles::PERCENTILES;
use crate::units::{count, percent, round_time, time};

/// Columns before the percentiles.
const LABEL: usize = 11;

/// Columns of each percentile.
const WIDTHS: [usize; PERCENTILES.len()] = [7, 7, 7, 7, 8, 8, 8, 8, 8];

pub(super) fn percentile_heads(page: &mut Page) {
    let mut heads = " ".repeat(LABEL);
    for (percentile, width) in PERCENTILES.iter().zip(WIDTHS) {
        heads.push_str(&right(percentile.name, width));
    }
    let heads = page.paint(Tone::Quiet, &heads);
    page.line(&heads);
}

/// One distribution under [`percentile_heads`]; what rests on too few values is marked with `~`.
pub(super) fn percentile_row(page: &mut Page, label: &str, distribution: &Distribution) {
    let mut row = format!("  {label}");
    row.push_str(&" ".repeat(LABEL.saturating_sub(columns(&row))));
    if distribution.count == 0 {
        row.push_str("   none");
        page.line(&row);
        return;
    }
    for (percentile, width) in PERCENTILES.iter().zip(WIDTHS) {
        let mut value = time((percentile.of)(distribution));
        if percentile.is_rough(distribution) {
            value.insert(0, '~');
            page.mark_few_samples();
        }
        row.push_str(&right(&value, width));
    }
    page.line(&row);
}

/// `fastest 210µs ▁▃█▅▁ slowest 3.41ms, average 340µs`; the shape is that of the automatic buckets.
pub(super) fn extremes(distribution: &Distribution) -> String {
    format!(
        "fastest {} {} slowest {}, average {}",
        time(distribution.min_ms),
        shape(&distribution.buckets),
        time(distribution.max_ms),
        time(distribution.mean_ms)
    )
}

/// The buckets as one column each, as high as their share of the fullest; an empty one is blank.
fn shape(buckets: &[LatencyBucket]) -> String {
    let fullest = buckets.iter().map(|bucket| bucket.count).max().unwrap_or(0);
    buckets
        .iter()
        .map(|bucket| match eighths(bucket.count, fullest, 1) {
            0 => ' ',
            height => HEIGHTS[(height - 1).min(7)],
        })
        .collect()
}

/// The buckets as bars with bounds, counts and shares.
pub(super) fn bars(page: &mut Page, distribution: &Distribution) {
    const PARTS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let fullest = distribution
        .buckets
        .iter()
        .map(|bucket| bucket.count)
        .max()
        .unwrap_or(0);
    let counts = columns(&count(fullest));
    let room = page.width.saturating_sub(LABEL + 4 + counts + 9);
    let last = distribution.buckets.len().saturating_sub(1);
    for (place, bucket) in distribution.buckets.iter().enumerate() {
        let bound = if place == last {
            time(bucket.upper_ms)
        } else {
            round_time(bucket.upper_ms)
        };
        let filled = eighths(bucket.count, fullest, room);
        let bar = format!("{}{}", "█".repeat(filled / 8), PARTS[filled % 8]);
        let blank = room.saturating_sub(columns(&bar));
        page.line(&format!(
            "  {} │{bar}{:blank$} {}  {}",
            right(&format!("≤ {bound}"), LABEL),
            "",
            right(&count(bucket.count), counts),
            right(&percent(bucket.count as f64, distribution.count as f64), 6),
        ));
    }
}

/// `part` of `whole` in eighths of `room` columns; something is never nothing.
fn eighths(part: u64, whole: u64, room: usize) -> usize {
    if part == 0 || whole == 0 {
        return 0;
    }
    let most = room * 8;
    ((part as f64 / whole as f64 * most as f64).round() as usize).clamp(1, most)
}

/// The text at the right of `width` columns.
pub(super) fn right(text: &str, width: usize) -> String {
    format!("{}{text}", " ".repeat(width.saturating_sub(columns(text))))
}

/// The text at the left of `width` columns.
pub(super) fn left(text: &str, width: usize) -> String {
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

    #[test]
    fn a_row_of_percentiles_fits_80_columns() {
        assert!(LABEL + WIDTHS.iter().sum::<usize>() <= 80);
    }
}
