//! What of headers and URLs is a secret, and how little of it is shown. Pure.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Shorter secrets are not shown at all; of longer ones the start is, so that two can be told apart.
const SHOWN_FROM_CHARS: usize = 16;
const SHOWN_CHARS: usize = 4;

/// Parts of names that are those of secrets.
const SECRET_NAMES: [&str; 12] = [
    "token",
    "secret",
    "passw",
    "api-key",
    "apikey",
    "api_key",
    "auth",
    "session",
    "credential",
    "signature",
    "cookie",
    "private",
];

/// The value of a header as it may be shown.
pub(super) fn header<'v>(name: &str, value: &'v str) -> Cow<'v, str> {
    match name {
        "cookie" => pairs(value, "; ", |_| true),
        // What follows the first pair are attributes: Path, Max-Age and so on.
        "set-cookie" => {
            let (cookie, attributes) = value.split_at(value.find(';').unwrap_or(value.len()));
            Cow::Owned(format!("{}{attributes}", pairs(cookie, "; ", |_| true)))
        }
        "location" | "content-location" | "referer" => Cow::Owned(url(value)),
        // A challenge says what is wanted; it is no credential.
        "www-authenticate" | "proxy-authenticate" => Cow::Borrowed(value),
        name if is_secret(name) => match value.split_once(' ') {
            // The scheme: Basic, Bearer.
            Some((scheme, rest)) if scheme.bytes().all(|byte| byte.is_ascii_alphanumeric()) => {
                Cow::Owned(format!("{scheme} {}", shortened(rest)))
            }
            _ => Cow::Owned(shortened(value)),
        },
        _ => Cow::Borrowed(value),
    }
}

/// A URL without its password and without the values of secret query parameters.
pub(super) fn url(url: &str) -> String {
    let authority = url.find("://").map_or(0, |colon| colon + 3);
    let authority_end = url[authority..]
        .find(['/', '?', '#'])
        .map_or(url.len(), |end| authority + end);
    let mut out = url[..authority].to_owned();
    let host = match url[authority..authority_end].rsplit_once('@') {
        Some((user, host)) => {
            let user = user.split(':').next().unwrap_or_default();
            let _ = write!(out, "{user}:\u{2026}@");
            host
        }
        None => &url[authority..authority_end],
    };
    out.push_str(host);
    let rest = &url[authority_end..];
    match rest.split_once('?') {
        Some((path, query)) => {
            let (query, fragment) = query.split_at(query.find('#').unwrap_or(query.len()));
            let _ = write!(out, "{path}?{}{fragment}", pairs(query, "&", is_secret));
        }
        None => out.push_str(rest),
    }
    out
}

/// `name=value` pairs in which the values of secret names are shortened.
fn pairs<'t>(text: &'t str, separator: &str, is_secret: impl Fn(&str) -> bool) -> Cow<'t, str> {
    let separators = separator.trim_end();
    let shown = text.split(separators).map(|pair| match pair.split_once('=') {
        Some((name, value)) if is_secret(name) => format!("{}={}", name.trim_start(), shortened(value)),
        _ => pair.trim_start().to_owned(),
    });
    Cow::Owned(shown.collect::<Vec<_>>().join(separator))
}

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SECRET_NAMES.iter().any(|part| name.contains(part)) || matches!(&*name, "key" | "sig" | "code" | "pwd")
}

fn shortened(secret: &str) -> String {
    let chars = secret.chars().count();
    if chars < SHOWN_FROM_CHARS {
        return "\u{2026}".to_owned();
    }
    let start: String = secret.chars().take(SHOWN_CHARS).collect();
    format!("{start}\u{2026} ({chars} characters)")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_secrets_in_headers_little_is_shown() {
        for (name, value, shown) in [
            ("accept", "text/html; q=0.9", "text/html; q=0.9"),
            ("authorization", "Bearer abc", "Bearer \u{2026}"),
            (
                "authorization",
                "Bearer eyJhbGciOiJIUzI1NiJ9",
                "Bearer eyJh\u{2026} (20 characters)",
            ),
            ("x-api-key", "0123456789abcdef", "0123\u{2026} (16 characters)"),
            ("www-authenticate", "Basic realm=\"shop\"", "Basic realm=\"shop\""),
            ("location", "/cb?code=abc&state=1", "/cb?code=\u{2026}&state=1"),
            ("cookie", "sid=abc; theme=dark", "sid=\u{2026}; theme=\u{2026}"),
            (
                "set-cookie",
                "sid=abc; Path=/; HttpOnly",
                "sid=\u{2026}; Path=/; HttpOnly",
            ),
        ] {
            assert_eq!(header(name, value), shown, "{name}: {value}");
        }
    }

    #[test]
    fn of_secrets_in_urls_little_is_shown() {
        for (given, shown) in [
            ("http://h/a?q=boots#f", "http://h/a?q=boots#f"),
            ("http://ann:secret@h:1/a", "http://ann:\u{2026}@h:1/a"),
            (
                "http://h/?q=1&access_token=abc&page=2",
                "http://h/?q=1&access_token=\u{2026}&page=2",
            ),
            ("no url", "no url"),
        ] {
            assert_eq!(url(given), shown);
        }
    }
}
