//! Keeps web pages out: a page in the operator's browser can reach loopback ports, so every request must name this
//! machine as its host and must not come from another site.
//!
//! The rule holds for every route and method: a list of dangerous ones would miss one.

use std::net::IpAddr;

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use http::Uri;
use http::header::{HOST, HeaderMap, ORIGIN};

use heavy_api::error::ApiErrorKind;

use super::refusal::refuse as answer;

/// Lets a request pass or answers 403.
pub(crate) async fn check(request: Request, next: Next) -> Response {
    match refuse(request.uri(), request.headers()) {
        None => next.run(request).await,
        Some(why) => answer(ApiErrorKind::CrossSite, why),
    }
}

/// Why a request may not pass.
fn refuse(uri: &Uri, headers: &HeaderMap) -> Option<String> {
    let header = |name| {
        headers
            .get(name)
            .map(|value| value.to_str().unwrap_or("\u{fffd}"))
    };
    let host = uri
        .authority()
        .map(http::uri::Authority::as_str)
        .or_else(|| header(HOST.as_str()));
    let Some(host) = host else {
        return Some("the request has no Host header".to_owned());
    };
    if !is_loopback(host) {
        return Some(format!(
            "unexpected host `{host}` in the request: use localhost or a loopback address"
        ));
    }
    match header(ORIGIN.as_str()) {
        Some(origin) if origin.strip_prefix("http://") != Some(host) => {
            return Some(format!("the request comes from the site `{origin}`"));
        }
        _ => {}
    }
    match header("sec-fetch-site") {
        None | Some("same-origin" | "none") => None,
        Some(site) => Some(format!("the browser says that the request is {site}")),
    }
}

/// Whether a host (with or without port) is a name or an address of this machine's loopback interface.
fn is_loopback(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => match rest.split_once(']') {
            Some((name, port)) if port.is_empty() || is_port(port) => name,
            _ => return false,
        },
        None => match host.split_once(':') {
            Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
            Some(_) => return false,
            None => host,
        },
    };
    name.eq_ignore_ascii_case("localhost") || name.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

fn is_port(text: &str) -> bool {
    text.strip_prefix(':')
        .is_some_and(|port| port.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(host: Option<&str>, more: &[(&'static str, &str)]) -> bool {
        let mut headers = HeaderMap::new();
        if let Some(host) = host {
            headers.insert(HOST, host.parse().unwrap());
        }
        for (name, value) in more {
            headers.insert(*name, value.parse().unwrap());
        }
        refuse(&Uri::from_static("/api/v1/jobs"), &headers).is_some()
    }

    #[test]
    fn only_loopback_hosts_pass() {
        for host in [
            "localhost",
            "LOCALHOST:7700",
            "127.0.0.1:7700",
            "127.8.9.1",
            "[::1]:7700",
            "[::1]",
        ] {
            assert!(!refused(Some(host), &[]), "{host}");
        }
        for host in [
            "example.com",
            "127.0.0.1.example.com",
            "localhost.example.com:7700",
            "10.0.0.1:7700",
            "[::1]x",
            "localhost:x",
            "user@localhost",
            "0.0.0.0",
            "",
        ] {
            assert!(refused(Some(host), &[]), "{host}");
        }
        assert!(refused(None, &[]));
    }

    #[test]
    fn only_this_site_passes() {
        let host = Some("localhost:7700");
        for (pass, headers) in [
            (true, &[("origin", "http://localhost:7700")][..]),
            (true, &[("sec-fetch-site", "same-origin")]),
            (true, &[("sec-fetch-site", "none")]),
            (false, &[("origin", "http://localhost:8080")]),
            (false, &[("origin", "https://localhost:7700")]),
            (false, &[("origin", "http://example.com")]),
            (false, &[("origin", "null")]),
            (false, &[("sec-fetch-site", "cross-site")]),
            (false, &[("sec-fetch-site", "same-site")]),
        ] {
            assert_eq!(!refused(host, headers), pass, "{headers:?}");
        }
    }

    #[test]
    fn http2_names_its_host_in_the_uri() {
        let uri = Uri::from_static("http://example.com/api/v1/jobs");
        let mut headers = HeaderMap::new();
        headers.insert(HOST, "localhost".parse().unwrap());
        assert!(refuse(&uri, &headers).is_some());
    }
}
