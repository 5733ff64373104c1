//! Log lines: what a load test prints, on the stream of its results.

use std::borrow::Cow;

use serde::Deserialize;

use super::fields::text;
use super::json::{number_field, string};

/// Lines of a job's log that are kept each second, per agent. More need not be sent.
pub const LOG_LINES_PER_SECOND: u32 = 100;

/// Longer log lines are cut before they are sent; agents keep less of them.
pub const MAX_LOG_BYTES: usize = 16 << 10;

/// A line that the load test printed. Its text is data here, so that nothing that is printed can look like a result.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct PrintedLine<'a> {
    /// The line, without its newline.
    #[serde(borrow, deserialize_with = "text")]
    pub text: Cow<'a, str>,
    /// Lines before it that were not sent. An empty text with a count is no line of its own.
    #[serde(default)]
    pub dropped: u64,
}

impl PrintedLine<'_> {
    /// Whether it is a line, and not only a count.
    #[must_use]
    pub fn has_text(&self) -> bool {
        !self.text.is_empty() || self.dropped == 0
    }

    /// Appends the line, newline included.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"type\":\"log\",\"text\":");
        string(&self.text, out);
        if self.dropped > 0 {
            number_field(b",\"dropped\":", self.dropped, out);
        }
        out.extend_from_slice(b"}\n");
    }
}
