//! Hostile text made harmless in HTML and in Markdown.

use heavy_load::escape::escape;

use crate::clip::clip;

/// Text of a page or value of an attribute, on one line.
pub(crate) fn html(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in escape(text).chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c => safe.push(c),
        }
    }
    safe
}

/// Text on one line of at most `most` columns: no markup, no HTML, no mention of anybody, no link, no formula.
pub(crate) fn markdown(text: &str, most: usize) -> String {
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
            // GitHub finds mentions and references to issues after the markup is gone: no name may follow at once.
            '@' => safe.push_str("&#64;&#8203;"),
            '#' => safe.push_str("&#35;&#8203;"),
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
    fn html_holds_no_markup() {
        assert_eq!(
            html("<script>alert('1 & \"2\"')</script>\n\u{1b}"),
            "&lt;script&gt;alert(&#39;1 &amp; &quot;2&quot;&#39;)&lt;/script&gt;\\n\\u{1b}"
        );
    }

    #[test]
    fn markdown_is_shown_and_does_nothing() {
        for (hostile, expected) in [
            ("GET /items/{id}", "GET /items/{id}"),
            ("a|b `c` [x](y)", "a\\|b \\`c\\` \\[x\\](y)"),
            ("<img src=x>", "&lt;img src=x&gt;"),
            ("@everyone fixes #1", "&#64;&#8203;everyone fixes &#35;&#8203;1"),
            ("see http://x/ or www.x", "see http&#58;//x/ or www&#46;x"),
            ("costs $5 or $6", "costs &#36;5 or &#36;6"),
            ("**bold**\n# head", "\\*\\*bold\\*\\*\\\\n&#35;&#8203; head"),
        ] {
            assert_eq!(markdown(hostile, 80), expected);
        }
        assert_eq!(markdown("abcdefgh", 6), "abcde…");
    }
}
