//! The params of `heavy run URL`: a request as a document, which the scheduler stores. Secrets are in variables, which it does
//! not. Pure.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use heavy_sdk::http::{HeaderName, HeaderValue, Method, TlsOptions};
use serde::{Deserialize, Serialize};
use url::Url;

/// The variable with the private key of the client certificate. No header has it: their variables have a prefix.
pub(crate) const KEY_VARIABLE: &str = "CLIENT_CERTIFICATE_KEY";

/// Words in the names of headers whose values are secrets.
const SECRET: [&str; 8] = [
    "auth",
    "cookie",
    "token",
    "key",
    "secret",
    "password",
    "session",
    "credential",
];

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HttpParams {
    pub(crate) url: String,
    #[serde(default = "get")]
    pub(crate) method: String,
    #[serde(default, skip_serializing_if = "HeaderList::is_empty")]
    pub(crate) headers: HeaderList,
    /// The body; empty for none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) body: String,
    /// A body that is no text.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) body_base64: String,
    /// How many redirects to follow.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) follow: u32,
    /// Whether any certificate is accepted.
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) insecure: bool,
    /// Authorities to trust as well, as PEM.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) ca_pem: String,
    /// The client certificate as PEM; its key is in [`KEY_VARIABLE`].
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) cert_pem: String,
}

fn get() -> String {
    Method::GET.to_string()
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
const fn is_zero(number: &u32) -> bool {
    *number == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
const fn is_false(flag: &bool) -> bool {
    !*flag
}

/// Headers in their order. A value that is missing is a secret, in the variable of its header.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum HeaderList {
    /// With repeated names.
    Pairs(Vec<(String, Option<String>)>),
    /// As earlier versions stored them.
    Map(BTreeMap<String, String>),
}

impl Default for HeaderList {
    fn default() -> Self {
        Self::Pairs(Vec::new())
    }
}

impl HeaderList {
    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Self::Pairs(pairs) => pairs.is_empty(),
            Self::Map(map) => map.is_empty(),
        }
    }

    /// Names and values.
    pub(crate) fn pairs(&self) -> Vec<(&str, Option<&str>)> {
        match self {
            Self::Pairs(pairs) => pairs
                .iter()
                .map(|(name, value)| (&**name, value.as_deref()))
                .collect(),
            Self::Map(map) => map
                .iter()
                .map(|(name, value)| (&**name, Some(&**value)))
                .collect(),
        }
    }
}

/// Whether the value of a header is to be kept out of what is stored.
pub(crate) fn is_secret(header: &str) -> bool {
    let name = header.to_ascii_lowercase();
    SECRET.iter().any(|word| name.contains(word))
}

/// The variable with the values of a secret header, one in a line.
pub(crate) fn variable(header: &str) -> String {
    format!("REQUEST_{}", header.to_ascii_uppercase().replace('-', "_"))
}

impl HttpParams {
    /// The method, if the URL and the rest can be requested.
    pub(crate) fn check(&self) -> Result<Method, String> {
        let url = Url::parse(&self.url).map_err(|error| format!("invalid URL `{}`: {error}", self.url))?;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
            return Err(format!(
                "cannot request `{}`: expected an http or https URL, such as http://127.0.0.1:8080/",
                self.url
            ));
        }
        for (name, value) in self.headers.pairs() {
            HeaderName::try_from(name).map_err(|_| format!("invalid header name `{name}`"))?;
            if value.is_some_and(|value| HeaderValue::try_from(value).is_err()) {
                return Err(format!("invalid value for the header `{name}`"));
            }
        }
        self.body_bytes()?;
        Method::from_bytes(self.method.as_bytes())
            .map_err(|_| format!("invalid HTTP method `{}`: expected one such as POST", self.method))
    }

    /// Sets the body, whatever is in it.
    pub(crate) fn set_body(&mut self, body: Vec<u8>) {
        match String::from_utf8(body) {
            Ok(text) => self.body = text,
            Err(error) => self.body_base64 = STANDARD.encode(error.as_bytes()),
        }
    }

    pub(crate) fn body_bytes(&self) -> Result<Vec<u8>, String> {
        if self.body_base64.is_empty() {
            return Ok(self.body.clone().into_bytes());
        }
        STANDARD
            .decode(&self.body_base64)
            .map_err(|error| format!("body_base64 is not base64: {error}"))
    }

    /// The TLS settings, if there are any; `key` is the private key of the client certificate.
    pub(crate) fn tls(&self, key: Option<&str>) -> Result<Option<TlsOptions>, String> {
        if !self.insecure && self.ca_pem.is_empty() && self.cert_pem.is_empty() {
            return Ok(None);
        }
        let mut tls = TlsOptions::default();
        tls.accept_invalid_certificates(self.insecure);
        if !self.ca_pem.is_empty() {
            tls.add_root_pem(self.ca_pem.as_bytes())
                .map_err(|error| format!("--cacert: {error}"))?;
        }
        if !self.cert_pem.is_empty() {
            let key = key.ok_or_else(|| {
                format!("missing private key of the client certificate: set it with --env {KEY_VARIABLE}=PEM")
            })?;
            tls.set_identity_pem(self.cert_pem.as_bytes(), key.as_bytes())
                .map_err(|error| format!("--cert and --key: {error}"))?;
        }
        Ok(Some(tls))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn params_that_cannot_be_requested_say_why() {
        let params = |url: &str, method: &str| HttpParams {
            url: url.to_owned(),
            method: method.to_owned(),
            ..HttpParams::default()
        };
        assert_eq!(params("http://127.0.0.1:1/", "PUT").check(), Ok(Method::PUT));
        assert_eq!(
            params("https://example.com", "PURGE").check().unwrap().as_str(),
            "PURGE"
        );
        for (url, method, part) in [
            ("nonsense", "GET", "invalid URL"),
            ("ftp://example.com/", "GET", "http://"),
            ("http://", "GET", "invalid URL"),
            ("http://x/", "G T", "invalid HTTP method"),
            ("http://x/", "", "invalid HTTP method"),
        ] {
            let problem = params(url, method).check().unwrap_err();
            assert!(problem.contains(part), "{problem}");
        }
    }

    #[test]
    fn headers_are_pairs_or_as_they_were_stored_before() {
        let read = |text: &str| serde_json::from_str::<HttpParams>(text).unwrap().headers;
        let old = read(r#"{"url":"http://x/","method":"GET","headers":{"a":"1"},"body":""}"#);
        assert_eq!(old.pairs(), [("a", Some("1"))]);
        let new = read(r#"{"url":"http://x/","headers":[["a","1"],["a","2"],["authorization",null]]}"#);
        assert_eq!(
            new.pairs(),
            [("a", Some("1")), ("a", Some("2")), ("authorization", None)]
        );
    }

    #[test]
    fn any_body_survives_the_document() {
        for body in [&b"text"[..], b"\xff\x00\n", b""] {
            let mut params = HttpParams::default();
            params.set_body(body.to_vec());
            let text = serde_json::to_string(&params).unwrap();
            let read: HttpParams = serde_json::from_str(&text).unwrap();
            assert_eq!(read.body_bytes().unwrap(), body);
        }
    }

    #[test]
    fn secrets_are_known_by_the_names_of_their_headers() {
        for header in [
            "Authorization",
            "cookie",
            "X-Api-Key",
            "x-auth-token",
            "Proxy-Authorization",
        ] {
            assert!(is_secret(header), "{header}");
        }
        for header in ["accept", "content-type", "x-request-id"] {
            assert!(!is_secret(header), "{header}");
        }
        assert_eq!(variable("x-api-key"), "REQUEST_X_API_KEY");
    }
}
