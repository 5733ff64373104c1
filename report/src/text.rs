//! The full report for a terminal: what it says, in which order.

mod closing;
mod opening;
mod times;
mod totals;
mod workflows;

use heavy_results::summary::Summary;
use heavy_results::threshold::ThresholdSummary;

use crate::page::Page;
use crate::{Style, screen};

/// The report for a terminal: lines of at most [`Style::width`] columns, ending in a newline. It is a summary of the size of
/// a screen, or everything with [`Style::full`]; the verdict is its last line, beside the prompt.
#[must_use]
pub fn render(summary: &Summary, style: &Style) -> String {
    if style.full {
        full(summary, style)
    } else {
        screen::summary(summary, style)
    }
}

/// The verdict comes first, then thresholds, the job, totals, workflows with their steps and requests, errors and agents,
/// and the verdict again.
fn full(summary: &Summary, style: &Style) -> String {
    let mut page = Page::new(style);
    opening::verdict(&mut page, summary);
    opening::thresholds(&mut page, &summary.thresholds);
    opening::identity(&mut page, summary);
    totals::iterations(&mut page, summary);
    totals::requests(&mut page, summary);
    totals::times(&mut page, summary);
    totals::windows(&mut page, summary);
    for workflow in &summary.workflows {
        workflows::workflow(&mut page, workflow);
    }
    closing::metrics(&mut page, &summary.metrics);
    closing::errors(&mut page, &summary.errors);
    closing::not_results(&mut page, &summary.not_results);
    closing::agents(&mut page, summary);
    closing::events(&mut page, &summary.events);
    closing::warnings(&mut page, summary);
    page.footnotes();
    page.blank();
    opening::verdict(&mut page, summary);
    page.finish()
}

/// The outcomes of thresholds, one or more lines each, as in the report for a terminal.
#[must_use]
pub fn render_thresholds(thresholds: &[ThresholdSummary], style: &Style) -> String {
    let mut page = Page::new(style);
    opening::threshold_lines(&mut page, thresholds, 0);
    page.finish()
}
