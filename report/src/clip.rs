//! Hostile text cut to columns of a terminal.

use heavy_load::escape::escape;
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// How many columns a string without control characters takes.
#[must_use]
pub fn columns(text: &str) -> usize {
    text.width()
}

/// The most columns that a character adds to a text. The variation selector of emoji has none of its own, but makes the character
/// before it wide.
fn most_columns(c: char) -> usize {
    const EMOJI_PRESENTATION: char = '\u{fe0f}';
    if c == EMOJI_PRESENTATION {
        1
    } else {
        c.width().unwrap_or(0)
    }
}

/// How many bytes of these characters take at most `most` columns.
fn fitting_bytes(chars: impl Iterator<Item = char>, most: usize) -> usize {
    let mut used = 0;
    let fitting = chars.take_while(|c| {
        used += most_columns(*c);
        used <= most
    });
    fitting.map(char::len_utf8).sum()
}

/// The start of a string without control characters, at most `most` columns of it.
#[must_use]
pub fn first_columns(text: &str, most: usize) -> &str {
    &text[..fitting_bytes(text.chars(), most)]
}

/// The end of a string without control characters, at most `most` columns of it.
#[must_use]
pub fn last_columns(text: &str, most: usize) -> &str {
    &text[text.len() - fitting_bytes(text.chars().rev(), most)..]
}

/// The escaped text, cut to `most` columns with an ellipsis at its end if it is longer.
#[must_use]
pub fn clip(text: &str, most: usize) -> String {
    let text = escape(text);
    if columns(&text) <= most {
        return text;
    }
    format!("{}…", first_columns(&text, most.saturating_sub(1)))
}

/// The escaped text, shortened in its middle to `most` columns if it is longer: names differ at both ends.
pub(crate) fn clip_middle(text: &str, most: usize) -> String {
    let text = escape(text);
    if columns(&text) <= most {
        return text;
    }
    let room = most.saturating_sub(1);
    let (head, tail) = (
        first_columns(&text, room - room / 2),
        last_columns(&text, room / 2),
    );
    format!("{head}…{tail}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

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

    #[test]
    fn emoji_that_a_selector_makes_wide_fit_too() {
        let hearts = "\u{2764}\u{fe0f}".repeat(40);
        assert_eq!(columns(&hearts), 80);
        for most in 1..80 {
            for clipped in [clip(&hearts, most), clip_middle(&hearts, most)] {
                assert!(
                    (most.saturating_sub(4)..=most).contains(&columns(&clipped)),
                    "{most}: {clipped}"
                );
            }
        }
    }

    proptest! {
        #[test]
        fn clips_fit(text in "((?s:.)|[\u{2764}\u{fe0f}\u{1f3fb}\u{1f600}\u{644}\u{627}]){0,80}", most in 1usize..50) {
            prop_assert!(columns(&clip(&text, most)) <= most);
            prop_assert!(columns(&clip_middle(&text, most)) <= most);
        }
    }
}
