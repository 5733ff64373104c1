//! Hostile text made harmless for a terminal: names, errors and output of load tests and their targets. Pure.

use std::fmt::Write as _;

/// The text on one line, with everything that could steer a terminal or reorder what a person reads written as an
/// escape: control characters (`\n`, `\t`, `\u{1b}`), bidirectional marks, invisible characters.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => escaped.push_str("\\n"),
            '\r' => escaped.push_str("\\r"),
            '\t' => escaped.push_str("\\t"),
            c if steers(c) => {
                write!(escaped, "\\u{{{:x}}}", u32::from(c)).expect("writing to a String cannot fail");
            }
            c => escaped.push(c),
        }
    }
    escaped
}

/// Whether a character acts on its surroundings rather than being shown: C0, C1, bidirectional controls, line
/// separators, zero-width characters, tags.
#[must_use]
pub fn steers(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_steers_is_written_out() {
        for (text, expected) in [
            ("GET /items/{id}", "GET /items/{id}"),
            ("two\nlines\r\n", "two\\nlines\\r\\n"),
            ("\u{1b}[2J", "\\u{1b}[2J"),
            ("\u{9b}31m", "\\u{9b}31m"),
            ("\u{202e}gpj.exe", "\\u{202e}gpj.exe"),
            ("\u{7f}\0", "\\u{7f}\\u{0}"),
            ("naïve 数据 🙂", "naïve 数据 🙂"),
        ] {
            assert_eq!(escape(text), expected);
        }
    }

    proptest! {
        #[test]
        fn nothing_that_steers_is_left(text in any::<String>()) {
            prop_assert!(!escape(&text).chars().any(steers));
        }
    }
}
