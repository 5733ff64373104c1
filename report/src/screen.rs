//! The summary of a job that fits one screen, and its status in five lines.

mod facts;
mod opening;
mod pieces;
mod table;

use heavy_load::escape::escape;
use heavy_results::summary::Summary;

use crate::Style;
use crate::clip::{clip, columns};
use crate::page::{Page, Tone};
use crate::standing::{reason, standing};

/// Lines of the reason of a verdict at most.
const MOST_REASON: usize = 4;

/// Lines of the summary, as long as the table of times keeps [`FEWEST_ROWS`].
const MOST_LINES: usize = 44;

/// Workflows, steps and requests that are shown at least.
const FEWEST_ROWS: usize = 10;

/// What was asked and achieved, the percentiles of workflows, steps and requests, what went wrong, and the verdict: at most
/// some 50 lines, whatever the job.
pub(crate) fn summary(summary: &Summary, style: &Style) -> String {
    let mut page = Page::new(style);
    opening::identity(&mut page, summary);
    opening::iterations(&mut page, summary);
    opening::requests(&mut page, summary);
    let below = below(summary, style);
    let others = page.line_count() + below.line_count() + table::OTHER_LINES;
    let rows = MOST_LINES.saturating_sub(others).max(FEWEST_ROWS);
    table::table(&mut page, summary, rows);
    page.append(below);
    page.finish()
}

/// What comes after the table of times.
fn below(summary: &Summary, style: &Style) -> Page {
    let mut page = Page::new(style);
    facts::windows(&mut page, &summary.windows);
    facts::metrics(&mut page, &summary.metrics);
    facts::checks(&mut page, &summary.workflows);
    facts::errors(&mut page, &summary.errors);
    facts::thresholds(&mut page, &summary.thresholds);
    facts::events(&mut page, &summary.events);
    facts::agents(&mut page, summary);
    facts::not_results(&mut page, &summary.not_results);
    facts::warnings(&mut page, summary);
    if !style.full_report.is_empty() {
        let command = format!("{} {} --full", escape(&style.full_report), summary.job.id);
        let label = page.paint(Tone::Quiet, &pieces::label("more"));
        // Never broken, so that it can be copied.
        page.line(&format!("{label}{command}"));
    }
    verdict(&mut page, summary, MOST_REASON);
    page
}

/// A job in five lines: what it is, where it stands, its iterations and requests, and its verdict.
#[must_use]
pub fn status(summary: &Summary, style: &Style) -> String {
    let mut page = Page::new(style);
    opening::whole_identity(&mut page, summary);
    opening::state(&mut page, summary);
    opening::iterations_lines(&mut page, summary, 1);
    opening::requests_and_times(&mut page, summary);
    verdict(&mut page, summary, 1);
    page.finish()
}

fn verdict(page: &mut Page, summary: &Summary, most_lines: usize) {
    let (words, mood) = standing(&summary.job, summary.complete);
    let first = format!("{words}  ");
    let room = page.width.saturating_sub(columns(&first));
    // Lines break at blanks: a text that fills the columns exactly may need one line more.
    let room = if most_lines > 1 {
        (most_lines - 1) * room
    } else {
        room
    };
    page.wrapped(&first, &clip(reason(summary), room), Some(Tone::of(mood)));
}
