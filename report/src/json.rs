//! The summary as its JSON document.

use std::fmt::Write as _;

use heavy_results::summary::Summary;

use crate::escape::steers;

pub(crate) fn render(summary: &Summary) -> String {
    let document =
        serde_json::to_string_pretty(summary).expect("a summary has only JSON's types and text keys");
    harmless(&document)
}

/// A JSON document without anything that acts on a terminal, ending in a newline.
pub(crate) fn harmless(document: &str) -> String {
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
