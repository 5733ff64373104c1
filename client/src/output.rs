//! What commands write to stdout and stderr.

use std::io::{IsTerminal as _, Stdout, Write};

use heavy_load::span::Span;
use heavy_process::log::has_colour;
use heavy_process::signals::is_unread;
use heavy_report::Style;
use serde::Serialize;

use super::Error;

/// The style of texts on this stdout: colours on a terminal that wants them, and its width. `full_report` is the command that
/// prints a job's full report, up to the job's id; `full` asks for every figure at once.
#[must_use]
pub fn stdout_style(full: bool, full_report: impl Into<String>) -> Style {
    let stdout = std::io::stdout();
    let default = Style::default();
    Style {
        colour: has_colour(&stdout),
        width: width(&stdout).unwrap_or(default.width),
        full,
        full_report: full_report.into(),
    }
}

/// The columns of the terminal, if stdout is one.
fn width(stdout: &Stdout) -> Option<usize> {
    if !stdout.is_terminal() {
        return None;
    }
    let size = rustix::termios::tcgetwinsize(stdout).ok()?;
    // A terminal that does not know its size has no columns.
    (size.ws_col > 0).then_some(usize::from(size.ws_col))
}

/// Writes to stderr; a failure is ignored, since there is nowhere to report it.
pub(super) fn say(text: &str) {
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

/// Writes a value to stdout: as JSON, or as text for people.
pub(super) fn print(json: bool, value: &impl Serialize, text: impl FnOnce() -> String) -> Result<(), Error> {
    let text = if json {
        serde_json::to_string_pretty(value)? + "\n"
    } else {
        text()
    };
    print_text(&text)
}

/// Writes a result to stdout. That nobody reads it (`| head`, a terminal that is gone) is not an error.
pub(super) fn print_text(text: &str) -> Result<(), Error> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if is_unread(&error) => Ok(()),
        written => Ok(written?),
    }
}

/// A span in days where it is a whole number of them.
pub(super) fn in_days(span: Span) -> String {
    const DAY_NS: u64 = 86_400_000_000_000;
    if span.ns() > 0 && span.ns().is_multiple_of(DAY_NS) {
        format!("{}d", span.ns() / DAY_NS)
    } else {
        span.to_string()
    }
}
