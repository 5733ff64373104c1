//! The default name of a request: method and path, with variable segments templated.
//!
//! A name is a request's identity in every statistic, so `GET /items/17` and `GET /items/18` must share one.

/// Replaces a variable segment.
const ID: &str = "{id}";

/// A run of hexadecimal digits this long, with a decimal digit among them, is a hash or a database's object id and
/// not a word.
const HASH_MIN_DIGITS: usize = 16;

/// `GET /items/{id}` for `GET` and `http://host/items/17?page=2`: the method and the path without query, fragment,
/// scheme and authority; segments that are numbers, UUIDs or hashes become `{id}`. A URL without a path has `/`.
#[must_use]
pub fn default_name(method: &str, url: &str) -> String {
    let mut name = String::with_capacity(method.len() + 1 + url.len());
    push_default_name(method, url, &mut name);
    name
}

/// Appends [`default_name`] to `out`, for callers that reuse a buffer.
pub fn push_default_name(method: &str, url: &str, out: &mut String) {
    out.push_str(method);
    out.push(' ');
    let path = path_of(url);
    if path.is_empty() {
        out.push('/');
    }
    for (place, segment) in path.split('/').enumerate() {
        if place > 0 {
            out.push('/');
        }
        out.push_str(if is_id(segment) { ID } else { segment });
    }
}

fn path_of(url: &str) -> &str {
    let end = url.find(['?', '#']).unwrap_or(url.len());
    let url = &url[..end];
    match url.find("://") {
        Some(scheme) => {
            let rest = &url[scheme + 3..];
            rest.find('/').map_or("", |path| &rest[path..])
        }
        None => url,
    }
}

fn is_id(segment: &str) -> bool {
    is_number(segment) || is_uuid(segment) || is_hash(segment)
}

fn is_number(segment: &str) -> bool {
    !segment.is_empty() && segment.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_uuid(segment: &str) -> bool {
    segment.len() == 36
        && segment.bytes().enumerate().all(|(place, byte)| match place {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

fn is_hash(segment: &str) -> bool {
    segment.len() >= HASH_MIN_DIGITS
        && segment.bytes().all(|byte| byte.is_ascii_hexdigit())
        && segment.bytes().any(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn segments_that_differ_are_templated() {
        for (url, path) in [
            ("http://h/items/17", "/items/{id}"),
            (
                "http://h:8080/items/17/reviews/3?page=2#top",
                "/items/{id}/reviews/{id}",
            ),
            ("https://u:p@h/c276c8c7-6fec-5aa9-b6bd-4de12a49a9bb/", "/{id}/"),
            ("http://h/C276C8C7-6FEC-5AA9-B6BD-4DE12A49A9BB", "/{id}"),
            ("http://h/o/507f1f77bcf86cd799439011", "/o/{id}"),
            (
                "http://h/b/e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
                "/b/{id}",
            ),
            ("/relative/12", "/relative/{id}"),
        ] {
            assert_eq!(default_name("GET", url), format!("GET {path}"), "{url}");
        }
    }

    #[test]
    fn words_stay() {
        for (url, path) in [
            ("http://h", "/"),
            ("http://h/", "/"),
            ("http://h?x=1", "/"),
            ("http://h/v1/products", "/v1/products"),
            ("http://h/deadbeef/facade", "/deadbeef/facade"),
            ("http://h/-17", "/-17"),
            ("http://h/a//b", "/a//b"),
            ("http://h/go?to=http://other/1", "/go"),
            (
                "http://h/c276c8c7+6fec-5aa9-b6bd-4de12a49a9bb",
                "/c276c8c7+6fec-5aa9-b6bd-4de12a49a9bb",
            ),
            ("http://h/größe/7m", "/größe/7m"),
        ] {
            assert_eq!(default_name("PUT", url), format!("PUT {path}"), "{url}");
        }
    }

    proptest! {
        #[test]
        fn every_number_has_the_same_name(a: u64, b: u64) {
            prop_assert_eq!(
                default_name("GET", &format!("http://h/x/{a}")),
                default_name("GET", &format!("http://h/x/{b}"))
            );
        }

        #[test]
        fn no_url_panics_and_templating_is_final(url in "\\PC*") {
            let once = default_name("GET", &url);
            prop_assert!(once.starts_with("GET "));
            let path = &once["GET ".len()..];
            prop_assume!(!path.contains("://"));
            prop_assert_eq!(default_name("GET", path), once);
        }
    }
}
