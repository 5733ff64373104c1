//! The request that a client sends.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};

use super::target::Target;

/// A request, ready to be sent.
#[derive(Debug, Clone)]
pub struct Request {
    pub(super) method: Method,
    pub(super) target: Target,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    pub(super) timeout: Option<Duration>,
    pub(super) keep_body: bool,
    pub(super) group: Option<u64>,
}

impl Request {
    /// A request without headers or body. The target is a URL or, cheaper for repeated use, a [`Target`].
    #[must_use]
    pub fn new(method: Method, target: impl Into<Target>) -> Self {
        Self {
            method,
            target: target.into(),
            headers: HeaderMap::new(),
            body: Bytes::new(),
            timeout: None,
            keep_body: false,
            group: None,
        }
    }

    /// A GET request.
    #[must_use]
    pub fn get(target: impl Into<Target>) -> Self {
        Self::new(Method::GET, target)
    }

    /// A POST request.
    #[must_use]
    pub fn post(target: impl Into<Target>) -> Self {
        Self::new(Method::POST, target)
    }

    /// Sets a header, replacing what was there. `host`, `user-agent`, `content-length` and, from the URL's user
    /// information, `authorization` are filled in when they are not given.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// Replaces all headers.
    #[must_use]
    pub fn headers(mut self, headers: HeaderMap) -> Self {
        self.headers = headers;
        self
    }

    /// Sets the body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    /// Overrides the client's request timeout.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Sets whether the response body is kept. By default it is only read and counted.
    #[must_use]
    pub fn keep_body(mut self, keep: bool) -> Self {
        self.keep_body = keep;
        self
    }

    /// Whether the response body is kept.
    #[must_use]
    pub fn keeps_body(&self) -> bool {
        self.keep_body
    }

    /// Uses only the connections of a group: a user's, or an iteration's. `None` shares connections with all requests that
    /// have no group. The connections of a group last until
    /// [`close_group`](super::HttpClient::close_group).
    #[must_use]
    pub fn group(mut self, group: Option<u64>) -> Self {
        self.group = group;
        self
    }

    /// The method.
    #[must_use]
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// The target.
    #[must_use]
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// The headers given so far.
    #[must_use]
    pub fn header_map(&self) -> &HeaderMap {
        &self.headers
    }

    /// The headers given so far, to be changed.
    #[must_use]
    pub fn header_map_mut(&mut self) -> &mut HeaderMap {
        &mut self.headers
    }

    /// The body.
    #[must_use]
    pub fn body_bytes(&self) -> &Bytes {
        &self.body
    }
}
