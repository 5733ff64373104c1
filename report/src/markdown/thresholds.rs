//! The outcomes of the job's thresholds.

use heavy_results::threshold::{ThresholdOutcome, ThresholdSummary};

use super::write::{left_out, line};
use crate::markup::markdown as text;
use crate::standing::observed;

const MOST: usize = 40;

/// Columns of a threshold and of what was observed.
const CELL: usize = 160;

pub(super) fn table(out: &mut String, thresholds: &[ThresholdSummary]) {
    if thresholds.is_empty() {
        return;
    }
    line(out, "| | Threshold | Observed |");
    line(out, "| :-- | :-- | :-- |");
    for threshold in thresholds.iter().take(MOST) {
        let mark = match threshold.outcome {
            ThresholdOutcome::Met => "✅",
            ThresholdOutcome::Broken => "❌",
            ThresholdOutcome::NoSamples => "⚠️",
        };
        line(
            out,
            &format!(
                "| {mark} {} | {} | {} |",
                threshold.outcome.as_str(),
                text(&threshold.expression, CELL),
                text(&observed(threshold), CELL)
            ),
        );
    }
    left_out(out, thresholds.len(), MOST, "thresholds");
    line(out, "");
}
