//! The outcomes of the job's thresholds.

use heavy_results::summary::Summary;
use heavy_results::threshold::ThresholdOutcome;

use super::sheet::{Cells, Head, Sheet};
use crate::markup::html;
use crate::standing::{observed, outcome_mood};

pub(super) fn section(sheet: &mut Sheet, summary: &Summary) {
    if summary.thresholds.is_empty() {
        return;
    }
    sheet.section("Thresholds");
    let heads = [
        Head::Words("Threshold"),
        Head::Words("outcome"),
        Head::Words("observed"),
    ];
    let rows = summary.thresholds.iter().map(|threshold| {
        let mark = match threshold.outcome {
            ThresholdOutcome::Met => "✓",
            ThresholdOutcome::Broken => "✗",
            ThresholdOutcome::NoSamples => "?",
        };
        let cells: Cells = vec![
            format!("<code>{}</code>", html(&threshold.expression)),
            format!(
                "<b class=\"{}\">{mark} {}</b>",
                outcome_mood(threshold.outcome).as_str(),
                threshold.outcome.as_str()
            ),
            html(&observed(threshold)),
        ];
        ("", cells)
    });
    sheet.table("Thresholds and their outcomes", &heads, rows);
    sheet.sql(summary.job.id, "thresholds");
    sheet.end();
}
