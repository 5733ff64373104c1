//! The cookies of one user, as RFC 6265 says. Pure.
//!
//! There is no list of public suffixes: a server may set cookies for any parent domain of its own that has a dot. `SameSite`
//! and `HttpOnly` have no meaning here, because there are no pages and no scripts.

mod date;
mod set_cookie;

use std::net::IpAddr;

use crate::http::{HeaderValue, Request, Target, header};
use set_cookie::SetCookie;

/// The metric that counts cookies that were too long or that made room for others.
pub(crate) const COOKIES_DROPPED: &str = "heavy_cookies_dropped";

/// Longer ones are dropped: name and value together.
const MAX_COOKIE_BYTES: usize = 4_096;
const MAX_PER_DOMAIN: usize = 50;
const MAX_COOKIES: usize = 200;
const MAX_BYTES: usize = 64 << 10;

/// The cookies of one user, oldest first. Bounded: the oldest make room for new ones.
#[derive(Debug, Default)]
pub(crate) struct CookieJar {
    cookies: Vec<Cookie>,
    version: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Cookie {
    name: Box<[u8]>,
    value: Box<[u8]>,
    domain: Box<str>,
    /// Whether subdomains do not get it.
    host_only: bool,
    path: Box<str>,
    secure: bool,
    /// In s since the Unix epoch; none: as long as the user exists.
    expires_s: Option<i64>,
}

impl CookieJar {
    /// Changes with every change of the cookies.
    pub(crate) const fn version(&self) -> u64 {
        self.version
    }

    pub(crate) fn clear(&mut self) {
        self.cookies.clear();
        self.version += 1;
    }

    /// Takes what an answer of `target` sets; returns how many cookies were dropped.
    pub(crate) fn take<'a>(
        &mut self,
        target: &Target,
        set: impl IntoIterator<Item = &'a HeaderValue>,
        now_s: i64,
    ) -> u64 {
        let set = set.into_iter();
        set.map(|header| self.set(target, header.as_bytes(), now_s)).sum()
    }

    /// Takes one `Set-Cookie`; returns how many cookies were dropped.
    pub(crate) fn set(&mut self, target: &Target, header: &[u8], now_s: i64) -> u64 {
        let (Some(set), Ok(parsed)) = (SetCookie::parse(header, now_s), target.parsed()) else {
            return 0;
        };
        if set.name.len() + set.value.len() > MAX_COOKIE_BYTES {
            return 1;
        }
        let (host, is_secure) = (&*parsed.origin.host, parsed.origin.tls);
        let domain = match &set.domain {
            Some(domain) if is_within(host, domain) && may_be_shared(host, domain) => domain.clone(),
            Some(_) => return 0,
            None => host.to_owned(),
        };
        if set.secure && !is_secure {
            return 0;
        }
        let cookie = Cookie {
            name: set.name.into(),
            value: set.value.into(),
            host_only: set.domain.is_none(),
            domain: domain.into(),
            path: set
                .path
                .unwrap_or_else(|| default_path(target.path()).to_owned())
                .into(),
            secure: set.secure,
            expires_s: set.expires_s,
        };
        self.put(cookie, is_secure, now_s)
    }

    /// The value of a cookie that a request to `target` would carry.
    pub(crate) fn value(&self, target: &Target, name: &str, now_s: i64) -> Option<String> {
        let sent = self.sent_to(target, now_s);
        let cookie = sent.into_iter().find(|cookie| *cookie.name == *name.as_bytes())?;
        Some(String::from_utf8_lossy(&cookie.value).into_owned())
    }

    /// Adds the cookies for a request to it, unless the load test has set its own.
    pub(crate) fn attach(&self, request: &mut Request, now_s: i64) {
        if self.cookies.is_empty() || request.header_map().contains_key(header::COOKIE) {
            return;
        }
        let mut line: Vec<u8> = Vec::new();
        for cookie in self.sent_to(request.target(), now_s) {
            if !line.is_empty() {
                line.extend_from_slice(b"; ");
            }
            line.extend_from_slice(&cookie.name);
            line.push(b'=');
            line.extend_from_slice(&cookie.value);
        }
        if let (false, Ok(mut value)) = (line.is_empty(), HeaderValue::from_bytes(&line)) {
            value.set_sensitive(true);
            request.header_map_mut().insert(header::COOKIE, value);
        }
    }

    /// The cookies for a target: those of longer paths first, then the older ones.
    fn sent_to(&self, target: &Target, now_s: i64) -> Vec<&Cookie> {
        let Ok(parsed) = target.parsed() else {
            return Vec::new();
        };
        let (host, path) = (&*parsed.origin.host, target.path());
        let is_sent = |cookie: &&Cookie| {
            let domain = &*cookie.domain;
            let is_meant = if cookie.host_only {
                host == domain
            } else {
                is_within(host, domain)
            };
            is_meant
                && covers(&cookie.path, path)
                && (parsed.origin.tls || !cookie.secure)
                && !cookie.is_over(now_s)
        };
        let mut sent: Vec<&Cookie> = self.cookies.iter().filter(is_sent).collect();
        sent.sort_by_key(|cookie| std::cmp::Reverse(cookie.path.len()));
        sent
    }

    /// Puts a cookie in, in the place of an earlier one of the same name, domain and path.
    fn put(&mut self, cookie: Cookie, is_secure: bool, now_s: i64) -> u64 {
        let place = self.cookies.iter().position(|known| known.is_same(&cookie));
        if let Some(place) = place {
            let known = &mut self.cookies[place];
            if known.secure && !is_secure {
                return 0;
            }
            if cookie.is_over(now_s) {
                self.cookies.remove(place);
                self.version += 1;
            } else if *known != cookie {
                *known = cookie;
                self.version += 1;
            }
        } else if !cookie.is_over(now_s) {
            self.cookies.push(cookie);
            self.version += 1;
        }
        self.make_room(now_s)
    }

    /// Drops cookies until all limits are met; returns how many had not expired.
    fn make_room(&mut self, now_s: i64) -> u64 {
        if !self.is_too_large() {
            return 0;
        }
        self.cookies.retain(|cookie| !cookie.is_over(now_s));
        let mut dropped = 0;
        while self.is_too_large() {
            let newest = self.cookies.last().map(|cookie| cookie.domain.clone());
            let crowded = newest.filter(|domain| self.count_of(domain) > MAX_PER_DOMAIN);
            let oldest = self.cookies.iter().position(|cookie| match &crowded {
                Some(domain) => cookie.domain == *domain,
                None => true,
            });
            self.cookies.remove(oldest.unwrap_or_default());
            dropped += 1;
        }
        dropped
    }

    fn is_too_large(&self) -> bool {
        let newest = self.cookies.last();
        self.cookies.len() > MAX_COOKIES
            || newest.is_some_and(|cookie| self.count_of(&cookie.domain) > MAX_PER_DOMAIN)
            || self.cookies.iter().map(Cookie::bytes).sum::<usize>() > MAX_BYTES
    }

    fn count_of(&self, domain: &str) -> usize {
        let cookies = self.cookies.iter();
        cookies.filter(|cookie| &*cookie.domain == domain).count()
    }
}

impl Cookie {
    fn is_same(&self, other: &Self) -> bool {
        (&self.name, &self.domain, &self.path) == (&other.name, &other.domain, &other.path)
    }

    fn is_over(&self, now_s: i64) -> bool {
        self.expires_s.is_some_and(|expires_s| expires_s <= now_s)
    }

    fn bytes(&self) -> usize {
        self.name.len() + self.value.len() + self.domain.len() + self.path.len()
    }
}

/// Whether a host is this domain or below it. Addresses are below nothing.
fn is_within(host: &str, domain: &str) -> bool {
    host == domain
        || (host
            .strip_suffix(domain)
            .is_some_and(|rest| rest.ends_with('.') && rest.len() > 1)
            && host.parse::<IpAddr>().is_err())
}

/// Whether a host may set cookies for a domain: not for all of `com` or `localhost`.
fn may_be_shared(host: &str, domain: &str) -> bool {
    host == domain || domain.contains('.')
}

/// The directory of a path.
fn default_path(path: &str) -> &str {
    match path.rfind('/') {
        None | Some(0) => "/",
        Some(end) => &path[..end],
    }
}

/// Whether a cookie of one path is sent to another.
fn covers(cookie: &str, path: &str) -> bool {
    let path = if path.is_empty() { "/" } else { path };
    path.strip_prefix(cookie)
        .is_some_and(|rest| rest.is_empty() || cookie.ends_with('/') || rest.starts_with('/'))
}

#[cfg(test)]
mod tests;
