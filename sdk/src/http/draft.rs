//! A request before its connection is known, and as the protocol of that connection wants it.

use bytes::Bytes;
use http::header::{AUTHORIZATION, CONNECTION, HOST, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, Version};
use http_body_util::Full;

use super::config::EngineConfig;
use super::target::Parsed;
use super::wire::Message;

/// What of a request does not depend on the protocol.
pub(crate) struct Draft {
    method: Method,
    headers: HeaderMap,
    body: Bytes,
}

impl Draft {
    pub(crate) fn new(method: Method, headers: HeaderMap, body: Bytes) -> Self {
        Self {
            method,
            headers,
            body,
        }
    }

    pub(crate) fn for_http1(&mut self, parsed: &Parsed, config: &EngineConfig) -> Message {
        self.fill(USER_AGENT, &config.user_agent);
        self.fill(HOST, &parsed.host);
        if !config.keep_alive {
            self.headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        self.message(parsed, parsed.origin_form.clone(), Version::HTTP_11)
    }

    pub(crate) fn for_http2(&mut self, parsed: &Parsed, config: &EngineConfig) -> Message {
        self.fill(USER_AGENT, &config.user_agent);
        // The authority says it already, and HTTP/2 knows no connection headers.
        self.headers.remove(HOST);
        self.headers.remove(CONNECTION);
        self.message(parsed, parsed.absolute.clone(), Version::HTTP_2)
    }

    /// Takes back what was not sent; the body was only lent.
    pub(crate) fn recover(&mut self, message: Message) {
        let (parts, _) = message.into_parts();
        self.method = parts.method;
        self.headers = parts.headers;
    }

    fn fill(&mut self, name: HeaderName, value: &HeaderValue) {
        if !self.headers.contains_key(&name) {
            self.headers.insert(name, value.clone());
        }
    }

    fn message(&mut self, parsed: &Parsed, uri: Uri, version: Version) -> Message {
        if let Some(authorization) = &parsed.authorization {
            self.fill(AUTHORIZATION, authorization);
        }
        let mut message = Message::new(Full::new(self.body.clone()));
        *message.method_mut() = std::mem::take(&mut self.method);
        *message.uri_mut() = uri;
        *message.version_mut() = version;
        *message.headers_mut() = std::mem::take(&mut self.headers);
        message
    }
}
