//! Hostile text made harmless for a terminal.

use std::fmt::Write as _;

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

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
pub(crate) fn steers(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// How many columns a string without control characters takes.
pub(crate) fn columns(text: &str) -> usize {
    text.width()
}

/// The escaped text, cut to `most` columns with an ellipsis at its end if it is longer.
pub(crate) fn clip(text: &str, most: usize) -> String {
    let text = escape(text);
    if columns(&text) <= most {
        return text;
    }
    let mut used = 0;
    let mut cut: String = text
        .chars()
        .take_while(|c| {
            used += c.width().unwrap_or(0);
            used < most
        })
        .collect();
    cut.push('…');
    cut
}

/// The escaped text, shortened in its middle to `most` columns if it is longer: names differ at both ends.
pub(crate) fn clip_middle(text: &str, most: usize) -> String {
    let text = escape(text);
    if columns(&text) <= most {
        return text;
    }
    let room = most.saturating_sub(1);
    let taken = |chars: &mut dyn Iterator<Item = char>, room: usize| -> Vec<char> {
        let mut used = 0;
        chars
            .take_while(|c| {
                used += c.width().unwrap_or(0);
                used <= room
            })
            .collect()
    };
    let head: String = taken(&mut text.chars(), room - room / 2).iter().collect();
    let tail = taken(&mut text.chars().rev(), room / 2);
    format!("{head}…{}", tail.iter().rev().collect::<String>())
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

    #[test]
    fn clipped_texts_end_in_an_ellipsis() {
        assert_eq!(clip("abcdef", 6), "abcdef");
        assert_eq!(clip("abcdefg", 6), "abcde…");
        assert_eq!(clip("数据数据", 5), "数据…");
    }

    #[test]
    fn names_are_shortened_in_the_middle() {
        assert_eq!(clip_middle("abcdef", 6), "abcdef");
        assert_eq!(clip_middle("GET /a/long/path/{id}", 12), "GET /a…/{id}");
        assert_eq!(clip_middle("数据数据数据", 6), "数…据");
    }

    proptest! {
        #[test]
        fn nothing_that_steers_is_left_and_clips_fit(text in any::<String>(), most in 1usize..50) {
            prop_assert!(!escape(&text).chars().any(steers));
            prop_assert!(columns(&clip(&text, most)) <= most);
            prop_assert!(columns(&clip_middle(&text, most)) <= most);
        }
    }
}
