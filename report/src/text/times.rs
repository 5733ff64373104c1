//! Distributions of times: rows of percentiles, bars, and the one-line shape.

use heavy_results::summary::Distribution;

use crate::clip::columns;
use crate::layout::{eighths, right, shape};
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

/// The fastest and the average of distributions that have rows of percentiles: `fastest and average: request 220µs, 319µs`.
pub(super) fn averages<'a>(
    page: &mut Page,
    distributions: impl IntoIterator<Item = (&'a str, &'a Distribution)>,
) {
    let known = distributions.into_iter().filter(|(_, of)| of.count > 0);
    let known: Vec<String> = known
        .map(|(what, of)| format!("{what} {}, {}", time(of.min_ms), time(of.mean_ms)))
        .collect();
    if !known.is_empty() {
        page.wrapped("  fastest and average: ", &known.join("; "), Some(Tone::Quiet));
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_of_percentiles_fits_80_columns() {
        assert!(LABEL + WIDTHS.iter().sum::<usize>() <= 80);
    }
}
