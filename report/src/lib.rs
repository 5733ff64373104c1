//! Renderings of a summary: pure functions from [`Summary`] to text, JSON, CSV, JUnit XML, Markdown and HTML.
//!
//! A report contains nothing but the summary: nothing here reads a clock, a file or a database. Names, errors and log
//! texts come from load tests and the systems they test: they are hostile, and every rendering escapes them.

pub mod compare;
pub mod csv;
mod escape;
mod format;
pub mod history;
mod html;
mod json;
mod junit;
mod markdown;
mod markup;
mod names;
mod page;
mod percentiles;
mod queries;
mod standing;
mod statuses;
mod text;
mod units;

use heavy_results::summary::Summary;
use heavy_results::threshold::ThresholdSummary;

pub use escape::escape;
pub use format::ReportFormat;
pub use queries::{Query, queries};

/// Eighths of a line.
const HEIGHTS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// The style of a text report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Whether ANSI colours may be used.
    pub colour: bool,
    /// Columns of the terminal; the report uses at least 80 and at most 120 of them.
    pub width: usize,
    /// Whether every step and request is shown with bars, phases and the durations of successful requests.
    pub full: bool,
}

impl Default for Style {
    fn default() -> Self {
        Self {
            colour: false,
            width: 80,
            full: false,
        }
    }
}

/// The report for a terminal: lines of at most [`Style::width`] columns, ending in a newline.
#[must_use]
pub fn text(summary: &Summary, style: &Style) -> String {
    text::render(summary, style)
}

/// The outcomes of thresholds, one or more lines each, as in the report for a terminal.
#[must_use]
pub fn thresholds(thresholds: &[ThresholdSummary], style: &Style) -> String {
    text::render_thresholds(thresholds, style)
}

/// The versioned document of `docs/summary.schema.json`, indented, ending in a newline.
#[must_use]
pub fn json(summary: &Summary) -> String {
    json::render(summary)
}
