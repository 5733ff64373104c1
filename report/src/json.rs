//! Summaries, comparisons and histories as their JSON documents.

use std::fmt::Write as _;

use heavy_load::escape::steers;
use serde::Serialize;

/// A summary, comparison or history as its versioned document: JSON without anything that acts on a terminal, indented, ending in a newline.
#[must_use]
pub fn render(value: &impl Serialize) -> String {
    let document = serde_json::to_string_pretty(value).expect("reports have only JSON's types and text keys");
    let mut safe = String::with_capacity(document.len() + 1);
    for c in document.chars() {
        // The document's own line breaks stay; all others are inside of strings, where an escape means the same.
        if c != '\n' && steers(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(safe, "\\u{unit:04x}").expect("writing to a String cannot fail");
            }
        } else {
            safe.push(c);
        }
    }
    safe.push('\n');
    safe
}
