//! The summary as one self-contained page: no script, no request to any network, charts as inline SVG.

mod axis;
mod chart;
mod charts;
mod closing;
mod failures;
mod heat;
mod label;
mod opening;
mod outcomes;
mod scatter;
mod sheet;
mod tables;
mod tree;

use heavy_results::summary::Summary;

use crate::markup::html;
use crate::standing::standing;
use sheet::Sheet;

const STYLE: &str = include_str!("html/style.css");

/// Verdict and thresholds come first, then errors, totals, charts over time, workflows with their steps and requests, agents and
/// provenance.
pub(crate) fn render(summary: &Summary) -> String {
    let mut sheet = Sheet::default();
    let (words, _) = standing(&summary.job, summary.complete);
    let title = format!("{words}: {}", summary.job.spec.shown_name());
    sheet.put("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    sheet.put("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    sheet.put("<meta name=\"color-scheme\" content=\"light dark\">\n");
    // Should a text get through the escaping one day, it still could neither run nor load anything.
    sheet.put(
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:; \
         base-uri 'none'; form-action 'none'\">\n",
    );
    // Without it browsers ask for /favicon.ico.
    sheet.put("<link rel=\"icon\" href=\"data:,\">\n");
    sheet.put(&format!(
        "<title>{}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n",
        html(&title)
    ));
    opening::header(&mut sheet, summary);
    sheet.navigation();
    sheet.put("<main>\n");
    opening::thresholds(&mut sheet, summary);
    opening::warnings(&mut sheet, summary);
    opening::figures(&mut sheet, summary);
    failures::errors(&mut sheet, summary);
    failures::ok_and_failed(&mut sheet, summary);
    tables::iterations(&mut sheet, summary);
    tables::times(&mut sheet, summary);
    charts::over_time(&mut sheet, summary);
    heat::map(&mut sheet, summary);
    scatter::latency_by_rate(&mut sheet, summary);
    tables::distribution(&mut sheet, summary);
    tables::windows(&mut sheet, summary);
    tree::overview(&mut sheet, summary);
    tables::phases(&mut sheet, summary);
    tree::details(&mut sheet, summary);
    tables::statuses(&mut sheet, summary);
    closing::checks(&mut sheet, summary);
    closing::metrics(&mut sheet, summary);
    closing::agents(&mut sheet, summary);
    closing::events(&mut sheet, summary);
    closing::not_results(&mut sheet, summary);
    closing::provenance(&mut sheet, summary);
    sheet.put("</main>\n<footer>\n");
    sheet.put(&format!(
        "<p>Test ID {}</p>\n</footer>\n</body>\n</html>\n",
        summary.job.id
    ));
    sheet.finish()
}
