//! Lines of Markdown, and hostile text in them.

use crate::escape::clip;
use crate::units::count;

pub(super) fn line(out: &mut String, text: &str) {
    out.push_str(text);
    out.push('\n');
}

/// Says how many rows of a table are not shown.
pub(super) fn left_out(out: &mut String, all: usize, shown: usize, what: &str) {
    if all > shown {
        line(out, "");
        line(
            out,
            &format!(
                "and {} {what} more; the complete report has them",
                count((all - shown) as u64)
            ),
        );
    }
}

/// Hostile text as it is, on one line of at most so many columns: no markup, no HTML, no mention of anybody, no
/// link, no formula.
pub(super) fn text(text: &str, most: usize) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in clip(text, most).chars() {
        match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' => {
                safe.push('\\');
                safe.push(c);
            }
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '&' => safe.push_str("&amp;"),
            '@' => safe.push_str("&#64;"),
            '#' => safe.push_str("&#35;"),
            '$' => safe.push_str("&#36;"),
            c => safe.push(c),
        }
    }
    safe.replace("://", "&#58;//").replace("www.", "www&#46;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_shown_and_do_nothing() {
        for (hostile, expected) in [
            ("GET /items/{id}", "GET /items/{id}"),
            ("a|b", "a\\|b"),
            ("<img src=x>", "&lt;img src=x&gt;"),
            ("@everyone fixes #1", "&#64;everyone fixes &#35;1"),
            ("see http://x/ or www.x", "see http&#58;//x/ or www&#46;x"),
            ("costs $5 or $6", "costs &#36;5 or &#36;6"),
            ("**bold**\n# head", "\\*\\*bold\\*\\*\\\\n&#35; head"),
        ] {
            assert_eq!(text(hostile, 80), expected);
        }
    }
}
