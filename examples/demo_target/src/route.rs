//! The routes of the target.

use http::{Method, StatusCode};

/// Maximum size of a body from `/bytes` and `/chunked`, in bytes.
const BYTES_MAX: u64 = 1 << 30;
const DELAY_MAX_MS: u64 = 60_000;

/// A route with its parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Route {
    Home,
    Delay { ms: u64 },
    Status(StatusCode),
    Bytes { count: u64 },
    Chunked { count: u64 },
    Item { id: u64 },
    Products,
    Product { id: u64 },
    Login,
    Cart,
    Checkout,
    Reset,
    Hang,
    Unknown,
    WrongMethod,
}

/// Names under which requests are counted, in the order of [`Route::index`].
pub(crate) const NAMES: [&str; 14] = [
    "/",
    "/delay/{ms}",
    "/status/{code}",
    "/bytes/{n}",
    "/chunked/{n}",
    "/items/{id}",
    "/products",
    "/products/{id}",
    "/login",
    "/cart",
    "/checkout",
    "/reset",
    "/hang",
    "(other)",
];

impl Route {
    pub(crate) fn of(method: &Method, path: &str) -> Route {
        if path == "/" {
            return Route::Home;
        }
        let (first, rest) = match path[1..].split_once('/') {
            Some((first, rest)) => (first, Some(rest)),
            None => (&path[1..], None),
        };
        let posted = |route| {
            if *method == Method::POST {
                route
            } else {
                Route::WrongMethod
            }
        };
        match (first, rest) {
            ("delay", Some(ms)) => at_most(ms, DELAY_MAX_MS).map(|ms| Route::Delay { ms }),
            ("status", Some(code)) => status(code).map(Route::Status),
            ("bytes", Some(count)) => at_most(count, BYTES_MAX).map(|count| Route::Bytes { count }),
            ("chunked", Some(count)) => at_most(count, BYTES_MAX).map(|count| Route::Chunked { count }),
            ("items", Some(id)) => at_most(id, u64::MAX).map(|id| Route::Item { id }),
            ("products", None) => Some(Route::Products),
            ("products", Some(id)) => at_most(id, u64::MAX).map(|id| Route::Product { id }),
            ("login", None) => Some(posted(Route::Login)),
            ("cart", None) => Some(posted(Route::Cart)),
            ("checkout", None) => Some(posted(Route::Checkout)),
            ("reset", None) => Some(Route::Reset),
            ("hang", None) => Some(Route::Hang),
            _ => None,
        }
        .unwrap_or(Route::Unknown)
    }

    /// Index in [`NAMES`].
    pub(crate) fn index(self) -> usize {
        match self {
            Route::Home => 0,
            Route::Delay { .. } => 1,
            Route::Status(_) => 2,
            Route::Bytes { .. } => 3,
            Route::Chunked { .. } => 4,
            Route::Item { .. } => 5,
            Route::Products => 6,
            Route::Product { .. } => 7,
            Route::Login => 8,
            Route::Cart => 9,
            Route::Checkout => 10,
            Route::Reset => 11,
            Route::Hang => 12,
            Route::Unknown | Route::WrongMethod => 13,
        }
    }
}

fn at_most(text: &str, max: u64) -> Option<u64> {
    text.parse().ok().filter(|value| *value <= max)
}

/// A final status: 1xx is not.
fn status(text: &str) -> Option<StatusCode> {
    let code = text.parse().ok().filter(|code| (200..600).contains(code))?;
    StatusCode::from_u16(code).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_routed() {
        let cases = [
            ("GET", "/", Route::Home, "/"),
            ("GET", "/delay/25", Route::Delay { ms: 25 }, "/delay/{ms}"),
            ("GET", "/delay/60001", Route::Unknown, "(other)"),
            ("GET", "/delay/x", Route::Unknown, "(other)"),
            (
                "GET",
                "/status/503",
                Route::Status(StatusCode::SERVICE_UNAVAILABLE),
                "/status/{code}",
            ),
            ("GET", "/status/101", Route::Unknown, "(other)"),
            ("GET", "/bytes/0", Route::Bytes { count: 0 }, "/bytes/{n}"),
            ("GET", "/chunked/7", Route::Chunked { count: 7 }, "/chunked/{n}"),
            ("GET", "/items/12", Route::Item { id: 12 }, "/items/{id}"),
            ("GET", "/products", Route::Products, "/products"),
            ("GET", "/products/3", Route::Product { id: 3 }, "/products/{id}"),
            ("POST", "/login", Route::Login, "/login"),
            ("POST", "/cart", Route::Cart, "/cart"),
            ("GET", "/cart", Route::WrongMethod, "(other)"),
            ("POST", "/checkout", Route::Checkout, "/checkout"),
            ("GET", "/reset", Route::Reset, "/reset"),
            ("GET", "/hang", Route::Hang, "/hang"),
            ("GET", "/hang/on", Route::Unknown, "(other)"),
        ];
        for (method, path, route, name) in cases {
            let found = Route::of(&method.parse().unwrap(), path);
            assert_eq!(found, route, "{method} {path}");
            assert_eq!(NAMES[found.index()], name, "{method} {path}");
        }
    }
}
