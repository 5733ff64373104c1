//! Renderings of a summary: pure functions from [`Summary`](heavy_results::summary::Summary) to text, JSON, CSV, JUnit XML, Markdown and HTML.
//!
//! A report contains nothing but the summary: nothing here reads a clock, a file or a database. Names, errors and log
//! texts come from load tests and the systems they test: they are hostile, and every rendering escapes them.

mod clip;
pub mod compare;
pub mod csv;
mod events;
mod format;
pub mod history;
mod html;
mod json;
mod junit;
mod layout;
mod markdown;
mod markup;
mod names;
mod page;
mod percentiles;
mod queries;
mod screen;
mod standing;
mod statuses;
mod text;
mod units;

pub use clip::{clip, columns, first_columns, last_columns};
pub use format::ReportFormat;
pub use heavy_load::escape::escape;
pub use json::render as json;
pub use queries::{Query, queries};
pub use screen::status;
pub use text::{render as text, render_thresholds as thresholds};
pub use units::bytes;

/// Eighths of a line.
pub const HEIGHTS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// The style of a text report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Style {
    /// Whether ANSI colours may be used.
    pub colour: bool,
    /// Columns of the terminal; the report uses at least 80 and at most 120 of them.
    pub width: usize,
    /// Whether to show every figure, with bars, phases and all percentiles of every step and request, rather than a summary
    /// that fits one screen.
    pub full: bool,
    /// The command that prints the full report when the job's id and `--full` follow it; the summary ends with it.
    pub full_report: String,
}

impl Default for Style {
    fn default() -> Self {
        Self {
            colour: false,
            width: 80,
            full: false,
            full_report: "heavy report".to_owned(),
        }
    }
}
