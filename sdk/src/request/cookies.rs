//! The cookies of the user that sends a request.

use heavy_load::vocabulary::MetricKind;

use super::Asked;
use crate::context::inner::ContextState;
use crate::cookies::COOKIES_DROPPED;
use crate::http::{Exchange, Request, Target, header, wall_ns};
use crate::measuring::Measuring;
use crate::scope::Scope;
use crate::tags::Tags;

/// Adds the cookies of the user, if users keep any.
#[inline]
pub(super) fn attach_cookies(inner: &ContextState, request: &mut Request) {
    if inner.resources.cookies {
        inner.user.cookies.borrow().attach(request, now_s());
    }
}

/// Gives the user the cookies of an answer, if users keep any.
#[inline]
pub(super) fn keep_cookies(measuring: &Measuring<'_, Asked>, exchange: &Exchange) {
    let scope = measuring.scope();
    if scope.inner.resources.cookies && exchange.headers.contains_key(header::SET_COOKIE) {
        let set = exchange.headers.get_all(header::SET_COOKIE);
        let target = &measuring.subject.target;
        let dropped = scope.inner.user.cookies.borrow_mut().take(target, set, now_s());
        count_dropped(scope, dropped);
    }
}

/// Gives the user a cookie of the load test.
pub(crate) fn set_cookie(scope: &Scope<'_>, url: &str, set_cookie: &str) {
    let header = set_cookie.as_bytes();
    let dropped = scope
        .inner
        .user
        .cookies
        .borrow_mut()
        .set(&Target::parse(url), header, now_s());
    count_dropped(scope, dropped);
}

fn count_dropped(scope: &Scope<'_>, dropped: u64) {
    if dropped > 0 {
        let dropped = dropped as f64;
        scope.metric(COOKIES_DROPPED, MetricKind::Counter, dropped, &Tags::default());
    }
}

/// The host's time in s since the Unix epoch, by which cookies expire.
pub(crate) fn now_s() -> i64 {
    (wall_ns() / 1_000_000_000).cast_signed()
}
