//! What commands write to stdout and stderr.

use std::io::Write;

use heavy_process::log::has_colour;
use heavy_report::Style;
use serde::Serialize;

use super::Error;

/// Colours on a terminal that wants them.
pub(super) fn plain_style() -> Style {
    Style {
        colour: has_colour(&std::io::stdout()),
        ..Style::default()
    }
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
    Ok(std::io::stdout().lock().write_all(text.as_bytes())?)
}
