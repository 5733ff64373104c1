//! What became of the job's thresholds: said in words, not only in colour.

use heavy_model::threshold::{ThresholdOutcome, ThresholdSummary};

use super::page::{Page, Tone};
use crate::units::count;

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
        let tone = match threshold.outcome {
            ThresholdOutcome::Met => Tone::Good,
            ThresholdOutcome::Broken => Tone::Bad,
            ThresholdOutcome::NoSamples => Tone::Doubtful,
        };
        let outcome = format!("{:indent$}{:<12}", "", threshold.outcome.as_str());
        page.wrapped(&outcome, &threshold.expression, Some(tone));
        page.wrapped(
            &format!("{:width$}", "", width = indent + 12),
            &observed(threshold),
            None,
        );
    }
}

fn observed(threshold: &ThresholdSummary) -> String {
    let mut text = threshold.observed();
    if threshold.value.is_some() {
        text.push_str(&format!(" (n={})", count(threshold.samples)));
    }
    if let Some(second) = threshold.aborted_at_second {
        text.push_str(&format!(
            "; it stopped the load after second {}",
            second.saturating_sub(1)
        ));
    }
    text
}
