//! Responses: fixed ones, and a small stateless shop.

use std::time::Duration;

use bytes::Bytes;
use http::{Response, StatusCode};
use serde::Deserialize;

use crate::body::Body;
use crate::options::Latency;
use crate::random::Random;
use crate::route::Route;

const PRODUCTS: u64 = 100;
/// Standard deviation of the logarithm of a lifelike latency.
const SPREAD: f64 = 0.5;
const SLOW_SHARE: f64 = 0.003;
const SLOW: Duration = Duration::from_millis(50);
const CHECKOUT_FAILURES: f64 = 0.002;

/// The body of a login.
#[derive(Debug, Deserialize)]
struct Login {
    user: String,
}

#[derive(Debug, Deserialize)]
struct Cart {
    product: u64,
    #[serde(default = "one")]
    quantity: u32,
}

fn one() -> u32 {
    1
}

/// Latency of a response, without the [`Behaviour`] of the whole target.
pub(crate) fn latency(route: Route, latency: Latency, random: &mut Random) -> Duration {
    let median_ms = match route {
        Route::Delay { ms } => return Duration::from_millis(ms),
        _ if latency == Latency::None => return Duration::ZERO,
        Route::Home => 2,
        Route::Product { .. } => 3,
        Route::Products | Route::Item { .. } => 4,
        Route::Cart => 5,
        Route::Login => 6,
        Route::Checkout => 8,
        _ => return Duration::ZERO,
    };
    if random.share() < SLOW_SHARE {
        return random.skewed(SLOW, SPREAD / 4.0);
    }
    random.skewed(Duration::from_millis(median_ms), SPREAD)
}

/// Whether the shop's own error rate fails this request.
pub(crate) fn fails(route: Route, latency: Latency, random: &mut Random) -> bool {
    route == Route::Checkout && latency == Latency::Lifelike && random.share() < CHECKOUT_FAILURES
}

/// Whether the response depends on the request's body.
pub(crate) fn wants_body(route: Route) -> bool {
    matches!(route, Route::Login | Route::Cart | Route::Checkout)
}

/// The response to a request with this body.
pub(crate) fn answer(route: Route, body: &[u8]) -> Response<Body> {
    match route {
        Route::Home | Route::Delay { .. } => text(StatusCode::OK, Bytes::from_static(b"hello heavy\n")),
        Route::Status(code) => text(code, Bytes::new()),
        Route::Bytes { count } => pattern(count, true),
        Route::Chunked { count } => pattern(count, false),
        Route::Item { id } => json(StatusCode::OK, format!(r#"{{"id":{id},"name":"item {id}"}}"#)),
        Route::Products => json(StatusCode::OK, products()),
        Route::Product { id } if id < PRODUCTS => json(StatusCode::OK, product(id)),
        Route::Login => login(body),
        Route::Cart => cart(body),
        Route::Checkout => json(StatusCode::OK, r#"{"ordered":true}"#.to_owned()),
        Route::WrongMethod => refuse(StatusCode::METHOD_NOT_ALLOWED, "this path takes POST"),
        Route::Product { .. } | Route::Unknown | Route::Reset | Route::Hang => {
            refuse(StatusCode::NOT_FOUND, "no such path")
        }
    }
}

/// An error response with a reason.
pub(crate) fn refuse(code: StatusCode, why: &str) -> Response<Body> {
    json(code, format!(r#"{{"error":"{why}"}}"#))
}

fn login(body: &[u8]) -> Response<Body> {
    match serde_json::from_slice::<Login>(body) {
        Ok(login) => json(
            StatusCode::OK,
            serde_json::json!({ "token": format!("token-{}", login.user) }).to_string(),
        ),
        Err(_) => refuse(StatusCode::BAD_REQUEST, "wanted JSON like {'user': 'ann'}"),
    }
}

fn cart(body: &[u8]) -> Response<Body> {
    match serde_json::from_slice::<Cart>(body) {
        Ok(cart) if cart.product < PRODUCTS => {
            let answer = format!(r#"{{"product":{},"quantity":{}}}"#, cart.product, cart.quantity);
            json(StatusCode::CREATED, answer)
        }
        Ok(_) => refuse(StatusCode::NOT_FOUND, "no such product"),
        Err(_) => refuse(
            StatusCode::BAD_REQUEST,
            "wanted JSON like {'product': 7, 'quantity': 1}",
        ),
    }
}

fn products() -> String {
    let list: Vec<String> = (0..10).map(product).collect();
    format!("[{}]", list.join(","))
}

fn product(id: u64) -> String {
    format!(
        r#"{{"id":{id},"name":"product {id}","price_cents":{}}}"#,
        199 + id * 50
    )
}

fn json(code: StatusCode, body: String) -> Response<Body> {
    with_type(code, "application/json", Body::text(body))
}

fn text(code: StatusCode, body: Bytes) -> Response<Body> {
    with_type(code, "text/plain", Body::text(body))
}

fn pattern(count: u64, told: bool) -> Response<Body> {
    with_type(
        StatusCode::OK,
        "application/octet-stream",
        Body::Pattern { left: count, told },
    )
}

pub(crate) fn with_type(code: StatusCode, kind: &'static str, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = code;
    let kind = http::HeaderValue::from_static(kind);
    response.headers_mut().insert(http::header::CONTENT_TYPE, kind);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    const REQUESTS: u64 = 100_000;

    #[test]
    fn checkout_fails_rarely_and_only_when_lifelike() {
        let failures = |kind, route| {
            let fails_one = |request: &u64| fails(route, kind, &mut Random::new(1, *request));
            (0..REQUESTS).filter(fails_one).count()
        };
        let share = failures(Latency::Lifelike, Route::Checkout) as f64 / REQUESTS as f64;
        assert!((0.001..0.003).contains(&share), "{share}");
        assert_eq!(failures(Latency::Lifelike, Route::Cart), 0);
        assert_eq!(failures(Latency::None, Route::Checkout), 0);
    }

    #[test]
    fn lifelike_latencies_are_skewed_with_a_rare_slow_one() {
        let mut all: Vec<Duration> = (0..REQUESTS)
            .map(|request| latency(Route::Cart, Latency::Lifelike, &mut Random::new(1, request)))
            .collect();
        all.sort();
        let at = |share: f64| all[(share * REQUESTS as f64) as usize].as_secs_f64() * 1e3;
        assert!((4.8..5.2).contains(&at(0.5)), "p50 {}", at(0.5));
        assert!((8.0..20.0).contains(&at(0.95)), "p95 {}", at(0.95));
        assert!((40.0..80.0).contains(&at(0.999)), "p99.9 {}", at(0.999));
        assert_eq!(
            latency(Route::Cart, Latency::None, &mut Random::new(1, 1)),
            Duration::ZERO
        );
        assert_eq!(
            latency(Route::Delay { ms: 7 }, Latency::None, &mut Random::new(1, 1)).as_millis(),
            7
        );
    }
}
