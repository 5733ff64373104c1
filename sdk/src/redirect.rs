//! The request that follows a redirect, by the Fetch standard. Pure.

use crate::http::{
    ErrorKind, Exchange, HeaderMap, HeaderName, HeaderValue, Method, RequestError, Target, header,
};

/// Headers that describe a body.
const OF_BODY: [HeaderName; 5] = [
    header::CONTENT_TYPE,
    header::CONTENT_LENGTH,
    header::CONTENT_ENCODING,
    header::CONTENT_LANGUAGE,
    header::CONTENT_LOCATION,
];

/// Headers that are meant for one origin.
const OF_ORIGIN: [HeaderName; 4] = [
    header::AUTHORIZATION,
    header::PROXY_AUTHORIZATION,
    header::COOKIE,
    header::HOST,
];

/// The redirects that one request has followed.
#[derive(Debug)]
pub(crate) struct Redirects {
    limit: u32,
    followed: Vec<Followed>,
}

/// A request that was redirected. With other cookies, the same request may be answered otherwise.
#[derive(Debug, PartialEq, Eq)]
struct Followed {
    method: Method,
    url: Box<str>,
    /// The version of the user's cookies that it was sent with.
    cookies: u64,
}

/// The next request of a chain.
#[derive(Debug)]
pub(crate) struct Hop {
    pub(crate) method: Method,
    pub(crate) target: Target,
    pub(crate) headers: HeaderMap,
    /// Whether the body is sent again.
    pub(crate) keeps_body: bool,
}

impl Redirects {
    pub(crate) const fn new(limit: u32) -> Self {
        Self {
            limit,
            followed: Vec::new(),
        }
    }

    /// The request after one of this method, target and headers; none if its answer is no redirect. `sent_cookies` is the
    /// version of the user's cookies that it was sent with, `cookies` that after the answer.
    pub(crate) fn next(
        &mut self,
        (method, target, headers): (&Method, &Target, &HeaderMap),
        exchange: &Exchange,
        sent_cookies: u64,
        cookies: u64,
    ) -> Result<Option<Hop>, RequestError> {
        if exchange.error.is_some() || !matches!(exchange.status, 301 | 302 | 303 | 307 | 308) {
            return Ok(None);
        }
        let Some(location) = exchange.headers.get(header::LOCATION) else {
            return Ok(None);
        };
        if self.followed.len() >= self.limit as usize {
            return Err(RequestError::new(
                ErrorKind::TooManyRedirects,
                format!("more than {} redirects", self.limit),
            ));
        }
        self.followed.push(Followed {
            method: method.clone(),
            url: target.url().into(),
            cookies: sent_cookies,
        });
        let hop = hop((method, target, headers), exchange.status, location)?;
        let again = Followed {
            method: hop.method.clone(),
            url: hop.target.url().into(),
            cookies,
        };
        if self.followed.contains(&again) {
            let (method, path) = (&again.method, hop.target.path());
            return Err(RequestError::new(
                ErrorKind::RedirectLoop,
                format!("the redirects lead back to {method} {path}"),
            ));
        }
        Ok(Some(hop))
    }
}

fn hop(
    (method, target, headers): (&Method, &Target, &HeaderMap),
    status: u16,
    location: &HeaderValue,
) -> Result<Hop, RequestError> {
    let next = target.join(&String::from_utf8_lossy(location.as_bytes()));
    let (Ok(from), Ok(to)) = (target.parsed(), next.parsed()) else {
        let reason = next.error().unwrap_or_default();
        return Err(RequestError::new(
            ErrorKind::Location,
            format!("the redirect leads nowhere: {reason}"),
        ));
    };
    let mut headers = headers.clone();
    if from.origin != to.origin {
        OF_ORIGIN.iter().for_each(|name| drop(headers.remove(name)));
    } else if let (Some(authorization), None) = (&from.authorization, &to.authorization) {
        // The URL's user is meant for all of the origin.
        headers
            .entry(header::AUTHORIZATION)
            .or_insert_with(|| authorization.clone());
    }
    let becomes_get = match status {
        301 | 302 => method == Method::POST,
        303 => !matches!(*method, Method::GET | Method::HEAD),
        _ => false,
    };
    if becomes_get {
        OF_BODY.iter().for_each(|name| drop(headers.remove(name)));
    }
    Ok(Hop {
        method: if becomes_get { Method::GET } else { method.clone() },
        target: next,
        headers,
        keeps_body: !becomes_get,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, location: &'static str) -> Exchange {
        let mut exchange = Exchange::answered(status, "");
        exchange
            .headers
            .insert(header::LOCATION, HeaderValue::from_static(location));
        exchange
    }

    fn next(method: Method, url: &str, headers: &HeaderMap, answer: &Exchange) -> Option<Hop> {
        let mut redirects = Redirects::new(5);
        redirects
            .next((&method, &Target::parse(url), headers), answer, 0, 0)
            .unwrap()
    }

    #[test]
    fn methods_change_as_in_browsers() {
        for (status, method, becomes, keeps_body) in [
            (301, Method::POST, Method::GET, false),
            (302, Method::POST, Method::GET, false),
            (302, Method::PUT, Method::PUT, true),
            (303, Method::POST, Method::GET, false),
            (303, Method::DELETE, Method::GET, false),
            (303, Method::HEAD, Method::HEAD, true),
            (307, Method::POST, Method::POST, true),
            (308, Method::POST, Method::POST, true),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain"));
            headers.insert(header::ACCEPT, HeaderValue::from_static("*/*"));
            let hop = next(
                method.clone(),
                "http://h/a/b",
                &headers,
                &answer(status, "../c?d=1"),
            )
            .unwrap();
            assert_eq!(
                (&hop.method, hop.keeps_body),
                (&becomes, keeps_body),
                "{status} {method}"
            );
            assert_eq!(hop.target.url(), "http://h/c?d=1");
            assert_eq!(hop.headers.contains_key(header::CONTENT_TYPE), keeps_body);
            assert!(hop.headers.contains_key(header::ACCEPT));
        }
    }

    #[test]
    fn only_redirects_with_a_location_are_followed() {
        let headers = HeaderMap::new();
        for status in [200, 300, 304, 404] {
            assert!(next(Method::GET, "http://h/", &headers, &answer(status, "/x")).is_none());
        }
        assert!(next(Method::GET, "http://h/", &headers, &Exchange::answered(302, "")).is_none());
    }

    #[test]
    fn secrets_stay_with_their_origin() {
        let mut headers = HeaderMap::new();
        for name in [
            header::AUTHORIZATION,
            header::COOKIE,
            header::HOST,
            header::ACCEPT,
        ] {
            headers.insert(name, HeaderValue::from_static("x"));
        }
        for (location, left) in [
            ("/next", 4),
            ("http://h:80/next", 4),
            ("https://h/next", 1),
            ("http://h:81/next", 1),
            ("//other/next", 1),
        ] {
            let hop = next(Method::GET, "http://h/", &headers, &answer(302, location)).unwrap();
            assert_eq!(hop.headers.len(), left, "{location}");
        }
        let none = HeaderMap::new();
        let hop = next(
            Method::GET,
            "http://me:pw@h/",
            &none,
            &answer(302, "http://h/next"),
        )
        .unwrap();
        assert!(hop.headers.contains_key(header::AUTHORIZATION));
        let hop = next(Method::GET, "http://me:pw@h/", &none, &answer(302, "http://o/")).unwrap();
        assert!(hop.headers.is_empty() && hop.target.parsed().unwrap().authorization.is_none());
    }

    #[test]
    fn chains_end() {
        let with_cookies = |redirects: &mut Redirects, url: &str, location, sent, cookies| {
            let request = (&Method::GET, &Target::parse(url), &HeaderMap::new());
            redirects
                .next(request, &answer(302, location), sent, cookies)
                .err()
                .map(|error| error.kind)
        };
        let kind =
            |redirects: &mut Redirects, url: &str, location| with_cookies(redirects, url, location, 0, 0);
        let mut redirects = Redirects::new(2);
        assert_eq!(kind(&mut redirects, "http://h/1", "/2"), None);
        assert_eq!(kind(&mut redirects, "http://h/2", "/3"), None);
        assert_eq!(
            kind(&mut redirects, "http://h/3", "/4"),
            Some(ErrorKind::TooManyRedirects)
        );
        let mut redirects = Redirects::new(9);
        assert_eq!(kind(&mut redirects, "http://h/1", "/2"), None);
        assert_eq!(
            kind(&mut redirects, "http://h/2", "/1"),
            Some(ErrorKind::RedirectLoop)
        );
        let mut redirects = Redirects::new(9);
        let own = kind(&mut redirects, "http://h/1", "/1");
        assert_eq!(own, Some(ErrorKind::RedirectLoop));
        let mut redirects = Redirects::new(9);
        assert_eq!(kind(&mut redirects, "http://h/1", "/2"), None);
        let set = with_cookies(&mut redirects, "http://h/2", "/1", 0, 1);
        assert_eq!(set, None, "a cookie was set");
        let mut redirects = Redirects::new(9);
        let set = with_cookies(&mut redirects, "http://h/1", "/1", 0, 1);
        assert_eq!(set, None, "the answer itself set a cookie");
        let not_set = with_cookies(&mut redirects, "http://h/1", "/1", 1, 1);
        assert_eq!(not_set, Some(ErrorKind::RedirectLoop));
        for location in ["ftp://h/", "http://", "http://[", "mailto:me@h"] {
            let mut redirects = Redirects::new(9);
            let kind = kind(&mut redirects, "http://h/1", location);
            assert_eq!(kind, Some(ErrorKind::Location), "{location}");
        }
    }
}
