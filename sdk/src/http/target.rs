//! Where a request goes: a URL, parsed once, and the parts of it that requests need again and again.

use std::collections::HashMap;
use std::fmt::{self, Write as _};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderValue, Uri};
use percent_encoding::percent_decode_str;
use url::{Host, Url};

/// A parsed URL, or the error of parsing it. Cheap to clone.
///
/// Parsing never fails: a request to an invalid target has the error kind `invalid-url`, like any other result.
#[derive(Clone)]
pub struct Target(Arc<TargetParts>);

struct TargetParts {
    url: Box<str>,
    parsed: Result<Parsed, Box<str>>,
}

/// The parts of a valid URL.
pub(crate) struct Parsed {
    pub(crate) origin: OriginKey,
    /// Path and query, as HTTP/1 wants them.
    pub(crate) origin_form: Uri,
    /// Scheme, authority, path and query, as HTTP/2 wants them.
    pub(crate) absolute: Uri,
    /// The `host` header.
    pub(crate) host: HeaderValue,
    /// The `authorization` header made of the URL's user information.
    pub(crate) authorization: Option<HeaderValue>,
}

/// What a connection can be shared by: scheme, host and port.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct OriginKey {
    /// A name, or an address without brackets.
    pub(crate) host: Arc<str>,
    pub(crate) port: u16,
    pub(crate) tls: bool,
}

impl Target {
    /// Parses a URL. `http` and `https` only; user information becomes a basic `authorization` header, a fragment
    /// stays here.
    #[must_use]
    pub fn parse(url: &str) -> Self {
        Self(Arc::new(TargetParts {
            url: url.into(),
            parsed: parse(url).map_err(String::into_boxed_str),
        }))
    }

    /// The URL as it was given.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.0.url
    }

    /// The path without its query; empty when the URL is invalid.
    #[must_use]
    pub fn path(&self) -> &str {
        self.parsed().map_or("", |parsed| parsed.origin_form.path())
    }

    /// The error of parsing the URL, if any.
    #[must_use]
    pub fn error(&self) -> Option<&str> {
        self.parsed().err()
    }

    /// The URL resolved against this one, as a `location` header wants it.
    #[must_use]
    pub fn join(&self, reference: &str) -> Self {
        match Url::parse(self.url()).and_then(|base| base.join(reference)) {
            Ok(url) => Self::parse(url.as_str()),
            Err(_) => Self::parse(reference),
        }
    }

    pub(crate) fn parsed(&self) -> Result<&Parsed, &str> {
        self.0.parsed.as_ref().map_err(|reason| &**reason)
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Target").field(&self.0.url).finish()
    }
}

impl From<&str> for Target {
    fn from(url: &str) -> Self {
        Self::parse(url)
    }
}

impl From<&String> for Target {
    fn from(url: &String) -> Self {
        Self::parse(url)
    }
}

impl From<String> for Target {
    fn from(url: String) -> Self {
        Self::parse(&url)
    }
}

fn parse(text: &str) -> Result<Parsed, String> {
    let url = Url::parse(text)
        .map_err(|error| format!("invalid URL {text:?}: {error}; expected one such as http://host/path"))?;
    let (tls, scheme) = match url.scheme() {
        "http" => (false, Scheme::HTTP),
        "https" => (true, Scheme::HTTPS),
        other => {
            return Err(format!(
                "the scheme {other:?} of {text:?} is not supported; use http or https"
            ));
        }
    };
    let (host, mut authority) = match url.host() {
        Some(Host::Domain(name)) => (name.to_owned(), name.to_owned()),
        Some(Host::Ipv4(address)) => (address.to_string(), address.to_string()),
        Some(Host::Ipv6(address)) => (address.to_string(), format!("[{address}]")),
        None => {
            return Err(format!(
                "missing host in {text:?}: expected a URL such as http://host/path"
            ));
        }
    };
    if let Some(port) = url.port() {
        let _ = write!(authority, ":{port}");
    }
    let path_and_query = match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    };
    let refused = |error: http::Error| format!("{text:?} cannot be requested: {error}");
    let path_and_query =
        PathAndQuery::try_from(path_and_query).map_err(|error| refused(http::Error::from(error)))?;
    let host_header = HeaderValue::try_from(authority.as_str()).map_err(|error| refused(error.into()))?;
    let authority = Authority::try_from(authority).map_err(|error| refused(error.into()))?;
    let absolute = Uri::builder()
        .scheme(scheme)
        .authority(authority)
        .path_and_query(path_and_query.clone())
        .build()
        .map_err(refused)?;
    Ok(Parsed {
        origin: OriginKey {
            host: host.into(),
            port: url.port().unwrap_or(if tls { 443 } else { 80 }),
            tls,
        },
        origin_form: Uri::from(path_and_query),
        absolute,
        host: host_header,
        authorization: basic_authorization(&url),
    })
}

fn basic_authorization(url: &Url) -> Option<HeaderValue> {
    if url.username().is_empty() && url.password().is_none() {
        return None;
    }
    let mut credentials: Vec<u8> = percent_decode_str(url.username()).collect();
    credentials.push(b':');
    credentials.extend(percent_decode_str(url.password().unwrap_or_default()));
    let mut value = HeaderValue::try_from(format!("Basic {}", STANDARD.encode(credentials)))
        .expect("base64 is always a header value");
    value.set_sensitive(true);
    Some(value)
}

/// Parsed URLs by their text. Emptied when full: a test with that many different URLs gains nothing from it.
pub(crate) struct TargetCache(HashMap<Box<str>, Target, foldhash::fast::RandomState>);

impl TargetCache {
    const CAPACITY: usize = 4_096;

    pub(crate) fn new() -> Self {
        Self(HashMap::default())
    }

    pub(crate) fn get(&mut self, url: &str) -> Target {
        if let Some(target) = self.0.get(url) {
            return target.clone();
        }
        if self.0.len() >= Self::CAPACITY {
            self.0.clear();
        }
        let target = Target::parse(url);
        self.0.insert(url.into(), target.clone());
        target
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_valid_url_is_taken_apart() {
        let cases = [
            ("http://example.com", "example.com", 80, false, "example.com", "/"),
            (
                "http://example.com:8080/a?b=c#d",
                "example.com",
                8080,
                false,
                "example.com:8080",
                "/a?b=c",
            ),
            (
                "https://Example.com:443/x",
                "example.com",
                443,
                true,
                "example.com",
                "/x",
            ),
            (
                "http://B\u{fc}cher.example/",
                "xn--bcher-kva.example",
                80,
                false,
                "xn--bcher-kva.example",
                "/",
            ),
            (
                "http://\u{4f8b}\u{3048}.example/",
                "xn--r8jz45g.example",
                80,
                false,
                "xn--r8jz45g.example",
                "/",
            ),
            ("http://[::1]:9/", "::1", 9, false, "[::1]:9", "/"),
            ("http://10.0.0.1/a b", "10.0.0.1", 80, false, "10.0.0.1", "/a%20b"),
        ];
        for (url, host, port, tls, header, path) in cases {
            let target = Target::parse(url);
            let parsed = target.parsed().unwrap();
            assert_eq!(*parsed.origin.host, *host, "{url}");
            assert_eq!((parsed.origin.port, parsed.origin.tls), (port, tls), "{url}");
            assert_eq!(parsed.host, header, "{url}");
            assert_eq!(parsed.origin_form, path, "{url}");
            assert_eq!(parsed.absolute.authority().unwrap(), header, "{url}");
        }
    }

    #[test]
    fn user_information_becomes_basic_authorization() {
        let target = Target::parse("http://al%40ice:s3cret@host/");
        let parsed = target.parsed().unwrap();
        assert_eq!(
            parsed.authorization.as_ref().unwrap(),
            "Basic YWxAaWNlOnMzY3JldA=="
        );
        assert_eq!(parsed.host, "host");
    }

    #[test]
    fn an_invalid_url_says_what_is_wrong() {
        for (url, part) in [
            ("", "invalid URL"),
            ("host/path", "invalid URL"),
            ("ftp://host/", "scheme"),
            ("http://", "invalid URL"),
        ] {
            let target = Target::parse(url);
            assert!(
                target.error().unwrap().contains(part),
                "{url}: {:?}",
                target.error()
            );
        }
    }

    #[test]
    fn a_relative_reference_is_resolved() {
        let target = Target::parse("http://host/a/b?c").join("../d");
        assert_eq!(target.url(), "http://host/d");
        assert_eq!(
            Target::parse("http://host/").join("https://other/x").url(),
            "https://other/x"
        );
    }

    #[test]
    fn the_cache_stays_bounded() {
        let mut cache = TargetCache::new();
        for n in 0..3 * TargetCache::CAPACITY {
            cache.get(&format!("http://host/{n}"));
            assert!(cache.0.len() <= TargetCache::CAPACITY);
        }
    }
}
