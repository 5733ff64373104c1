//! Takes secrets out of URLs before anything is stored: userinfo always, query values and fragments unless they are
//! to be kept.

use std::borrow::Cow;

/// Longer texts are cut: rows and messages are for people, and everything is bounded.
pub(crate) const MAX_TEXT_BYTES: usize = 4 << 10;

/// Truncates a string to [`MAX_TEXT_BYTES`], at a character boundary.
pub(crate) fn bounded(text: &str) -> &str {
    &text[..text.floor_char_boundary(MAX_TEXT_BYTES)]
}

/// A URL without userinfo and, unless `keep_query`, without the values of its query and without its fragment.
pub(crate) fn url(url: &str, keep_query: bool) -> Cow<'_, str> {
    if memchr::memchr3(b'@', b'?', b'#', url.as_bytes()).is_none() {
        return Cow::Borrowed(bounded(url));
    }
    let mut out = String::with_capacity(url.len());
    push_url(url, keep_query, &mut out);
    Cow::Owned(cut(out))
}

/// A text in which every URL is redacted, as far as it looks like one.
pub(crate) fn text(text: &str, keep_query: bool) -> Cow<'_, str> {
    if memchr::memmem::find(text.as_bytes(), b"://").is_none() {
        return Cow::Borrowed(bounded(text));
    }
    let mut out = String::with_capacity(text.len().min(2 * MAX_TEXT_BYTES));
    let mut rest = text;
    while out.len() < MAX_TEXT_BYTES
        && let Some(colon) = rest.find("://")
    {
        let start = scheme_start(&rest[..colon]);
        let end = colon
            + rest[colon..]
                .find(|c: char| {
                    c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>' | '`' | ')' | '}' | ']')
                })
                .unwrap_or(rest.len() - colon);
        out.push_str(&rest[..start]);
        push_url(&rest[start..end], keep_query, &mut out);
        rest = &rest[end..];
    }
    // What was not looked at begins beyond the bound, and is cut off.
    out.push_str(bounded(rest));
    Cow::Owned(cut(out))
}

/// Cuts only what is already redacted: a cut before that could hide the end of a userinfo.
fn cut(mut text: String) -> String {
    text.truncate(text.floor_char_boundary(MAX_TEXT_BYTES));
    text
}

fn scheme_start(before: &str) -> usize {
    before
        .rfind(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '+' | '-' | '.'))
        .map_or(0, |place| {
            place + before[place..].chars().next().map_or(1, char::len_utf8)
        })
}

fn push_url(url: &str, keep_query: bool, out: &mut String) {
    let authority = url.find("://").map_or(0, |colon| colon + 3);
    let authority_end = url[authority..]
        .find(['/', '?', '#'])
        .map_or(url.len(), |end| authority + end);
    let host = url[authority..authority_end]
        .rfind('@')
        .map_or(authority, |at| authority + at + 1);
    out.push_str(&url[..authority]);
    // Without a scheme, what stands before an @ may be a path; it is dropped all the same.
    let rest = &url[host..];
    if keep_query {
        out.push_str(rest);
        return;
    }
    let rest = &rest[..rest.find('#').unwrap_or(rest.len())];
    let Some((path, query)) = rest.split_once('?') else {
        out.push_str(rest);
        return;
    };
    out.push_str(path);
    out.push('?');
    for (place, pair) in query.split('&').enumerate() {
        if place > 0 {
            out.push('&');
        }
        // A pair without a name is all value.
        if let Some((name, _)) = pair.split_once('=') {
            out.push_str(name);
            out.push('=');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn secrets_leave_urls() {
        for (given, stored, kept) in [
            ("http://h/a/b", "http://h/a/b", "http://h/a/b"),
            ("http://u:p@h/a", "http://h/a", "http://h/a"),
            ("http://u:p@x@h:1", "http://h:1", "http://h:1"),
            ("http://h/a?k=v&t=s#f", "http://h/a?k=&t=", "http://h/a?k=v&t=s#f"),
            ("http://h?secret", "http://h?", "http://h?secret"),
            ("http://h/a@b", "http://h/a@b", "http://h/a@b"),
            ("http://h/#tok", "http://h/", "http://h/#tok"),
        ] {
            assert_eq!(url(given, false), stored);
            assert_eq!(url(given, true), kept);
        }
    }

    #[test]
    fn secrets_leave_texts() {
        assert_eq!(
            text(
                "GET \"https://u:p@h/x?k=v\": refused (see http://h?q=1) ok",
                false
            ),
            "GET \"https://h/x?k=\": refused (see http://h?q=) ok"
        );
        assert_eq!(text("no url: //", false), "no url: //");
    }

    #[test]
    fn a_userinfo_across_the_bound_is_redacted() {
        for before in [0, MAX_TEXT_BYTES - 20, MAX_TEXT_BYTES - 3, MAX_TEXT_BYTES + 9] {
            for user in [9, MAX_TEXT_BYTES, 3 * MAX_TEXT_BYTES] {
                let given = format!("http://SECRET{}@host/p?a=SECRET", "u".repeat(user));
                let message = format!("{} {given} {given}", "x".repeat(before));
                let stored = text(&message, false).into_owned();
                assert!(!stored.contains("SECRET"), "{before} {user}");
                assert!(stored.len() <= MAX_TEXT_BYTES, "{before} {user}");
                assert_eq!(url(&given, false), "http://host/p?a=");
            }
        }
        let long = format!("http://h/{}?a=SECRET", "p".repeat(MAX_TEXT_BYTES));
        assert_eq!(url(&long, false).len(), MAX_TEXT_BYTES);
    }

    proptest! {
        #[test]
        fn no_userinfo_and_no_value_is_left(
            user in "SECRET[a-z:]{0,5}", value in "SECRET[a-z0-9]{0,8}", before in "[ a-z\u{e9}(\"]{0,6}",
        ) {
            let message = format!("{before}http://{user}@host/p?a={value}&b={value} end");
            prop_assert!(!text(&message, false).contains("SECRET"));
        }

        #[test]
        fn no_text_panics(given in "\\PC{0,80}") {
            text(&given, false);
            url(&given, true);
        }
    }
}
