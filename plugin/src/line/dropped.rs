//! Dropped lines: their fields, and how they are written and read.

use std::borrow::Cow;

use serde::Deserialize;

use super::fields::text;
use super::json::{number_field, string, text_field};

/// Iterations that were due and never started. `[first, last]` spans the numbers; `count` says how many of this
/// process's released iterations in that span were dropped.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
pub struct DroppedLine<'a> {
    /// The workflow.
    #[serde(borrow, deserialize_with = "text")]
    pub workflow: Cow<'a, str>,
    /// `full` or `late`.
    #[serde(borrow, deserialize_with = "text")]
    pub reason: Cow<'a, str>,
    /// How many.
    pub count: u64,
    /// The lowest number among them.
    pub first: u64,
    /// The highest number among them.
    pub last: u64,
}

impl DroppedLine<'_> {
    /// Appends the line, newline included.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"type\":\"dropped\",\"workflow\":");
        string(&self.workflow, out);
        text_field(b",\"reason\":", &self.reason, out);
        number_field(b",\"count\":", self.count, out);
        number_field(b",\"first\":", self.first, out);
        number_field(b",\"last\":", self.last, out);
        out.extend_from_slice(b"}\n");
    }
}
