//! Protocol families: what the exchanges of a request name are counted apart by.

use std::borrow::Cow;

/// The family of every HTTP version, and of exchanges that name no protocol.
pub const HTTP: &str = "http";

/// A longer family is cut.
const MOST_CHARS: usize = 32;

/// The family of a protocol as a line names it: lower case, without a version, `http` where it is absent.
///
/// `HTTP/1.1`, `HTTP/2`, `h2`, `https` and the empty string are all [`HTTP`]; `WebSocket` is `websocket`, `gRPC/1` is `grpc`.
#[must_use]
pub fn family(protocol: &str) -> Cow<'_, str> {
    let name = without_version(protocol);
    if is_http_name(name) {
        return Cow::Borrowed(HTTP);
    }
    let plain = |c: char| !c.is_ascii_uppercase() && !c.is_control();
    if name.len() <= MOST_CHARS && name.chars().all(plain) {
        return Cow::Borrowed(name);
    }
    let cleaned = name.chars().filter(|c| !c.is_control()).take(MOST_CHARS);
    let cleaned: String = cleaned.map(|c| c.to_ascii_lowercase()).collect();
    if is_http_name(cleaned.trim()) {
        return Cow::Borrowed(HTTP);
    }
    Cow::Owned(cleaned)
}

/// Whether a protocol, as a line names it, is of the family [`HTTP`].
#[must_use]
pub fn is_http(protocol: &str) -> bool {
    let name = without_version(protocol);
    // Control characters are no part of a family, so a name with some may be of HTTP all the same.
    is_http_name(name) || (name.contains(char::is_control) && family(name) == HTTP)
}

fn without_version(protocol: &str) -> &str {
    protocol.split_once('/').map_or(protocol, |(name, _)| name).trim()
}

fn is_http_name(name: &str) -> bool {
    ["", "http", "https", "h1", "h2", "h2c", "h3"]
        .iter()
        .any(|http| name.eq_ignore_ascii_case(http))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_http_version_is_one_family() {
        for protocol in [
            "",
            "HTTP/1.1",
            "http/2",
            "HTTP/3",
            "h2",
            "H2C",
            "https",
            "\u{1b}",
            "h\u{7}ttp/1.1",
            "\u{1b} h2",
        ] {
            assert_eq!(family(protocol), HTTP, "{protocol}");
            assert!(is_http(protocol), "{protocol}");
        }
    }

    #[test]
    fn other_protocols_are_families_of_their_own() {
        for (protocol, is) in [
            ("WebSocket", "websocket"),
            ("grpc", "grpc"),
            ("gRPC/1", "grpc"),
            ("redis", "redis"),
            ("a\u{1b}b", "ab"),
        ] {
            assert_eq!(family(protocol), is, "{protocol}");
            assert!(!is_http(protocol), "{protocol}");
        }
        assert_eq!(family(&"X".repeat(100)).len(), MOST_CHARS);
    }
}
