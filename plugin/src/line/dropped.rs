//! Dropped lines: their fields, and how they are written and read.

use std::borrow::Cow;

use serde::Deserialize;

use super::fields::Text;
use super::json::{number_field, string, text_field};

/// Iterations that were due and never started. `[first, last]` spans the numbers; `count` says how many of this
/// process's released iterations in that span were dropped.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DroppedLine<'a> {
    /// The workflow.
    pub workflow: Cow<'a, str>,
    /// `full` or `late`.
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

#[derive(Deserialize)]
pub(super) struct DroppedWire<'a> {
    #[serde(borrow)]
    workflow: Text<'a>,
    #[serde(borrow)]
    reason: Text<'a>,
    count: u64,
    first: u64,
    last: u64,
}

impl<'a> From<DroppedWire<'a>> for DroppedLine<'a> {
    fn from(wire: DroppedWire<'a>) -> Self {
        Self {
            workflow: wire.workflow.0,
            reason: wire.reason.0,
            count: wire.count,
            first: wire.first,
            last: wire.last,
        }
    }
}
