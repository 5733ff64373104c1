//! The outcomes of the job's thresholds, in words, not only in colour.

use heavy_results::threshold::ThresholdSummary;

use crate::page::{Page, Tone};
use crate::standing::{observed, outcome_mood};

pub(super) fn section(page: &mut Page, thresholds: &[ThresholdSummary]) {
    if thresholds.is_empty() {
        return;
    }
    page.heading("Thresholds");
    lines(page, thresholds, 2);
}

/// The outcome, the expression, and below it what was observed.
pub(super) fn lines(page: &mut Page, thresholds: &[ThresholdSummary], indent: usize) {
    for threshold in thresholds {
        let tone = Tone::of(outcome_mood(threshold.outcome));
        let outcome = format!("{:indent$}{:<12}", "", threshold.outcome.as_str());
        page.wrapped(&outcome, &threshold.expression, Some(tone));
        page.wrapped(
            &format!("{:width$}", "", width = indent + 12),
            &observed(threshold),
            None,
        );
    }
}
