//! The HTTP engine: sends a load test's requests and measures the phases of each.
//!
//! | file | subject |
//! |---|---|
//! | `request`, `target`, `exchange`, `error` | requests and their results, for every client |
//! | `config`, `tls` | the settings of an [`Engine`] |
//! | `engine`, `draft` | [`Engine`], the default client: one exchange from lease to result |
//! | `pool`, `origins`, `origin`, `permit` | which connection a request gets, and how many may be open |
//! | `connector`, `dial`, `dns` | opening connections: one task per engine, a bounded number at a time |
//! | `wire`, `h1`, `h2` | one exchange on one connection |
//! | `phases`, `stamp`, `clock` | the seven phases and the instants they are made of |
//! | `reqwest_client` | the same over reqwest (feature `reqwest`) |
//!
//! Every client guarantees three things: the error of a request is part of its result and never an `Err`; no request is
//! sent again once a byte of it may have left; and the phases of an [`Exchange`] add up to its duration exactly.

mod clock;
mod config;
mod connector;
mod dial;
mod dns;
mod draft;
mod engine;
mod error;
mod exchange;
mod h1;
mod h2;
mod origin;
mod origins;
mod permit;
mod phases;
mod pool;
mod request;
#[cfg(feature = "reqwest")]
mod reqwest_client;
mod stamp;
mod target;
mod tls;
mod turnover;
mod wire;

use std::pin::Pin;

pub use bytes::Bytes;
pub use http::header;
pub use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version};

pub use clock::monotonic_ns;
pub(crate) use clock::{duration_ns, wall_ns};
pub use config::{EngineConfig, EngineStats};
pub use engine::Engine;
pub use error::{ErrorKind, RequestError};
pub use exchange::Exchange;
pub(crate) use phases::PhaseClock;
pub use request::Request;
/// The version of reqwest that [`ReqwestClient`] is built on.
#[cfg(feature = "reqwest")]
pub use reqwest;
#[cfg(feature = "reqwest")]
pub use reqwest_client::{ReqwestClient, ReqwestClientError};
pub use target::Target;
pub use tls::{HttpVersion, IdentityError, RootError, TlsOptions};

/// One exchange under way. It need not be `Send`: a client stays on its thread.
pub type ExchangeFuture<'a> = Pin<Box<dyn Future<Output = Exchange> + 'a>>;

/// An HTTP client. Replace it to add authentication, or to test without a network: change
/// the [`Request`], pass it to an [`Engine`], inspect the [`Exchange`].
///
/// A client belongs to one thread and is used as `Rc<dyn HttpClient>` inside a `tokio::task::LocalSet`.
pub trait HttpClient {
    /// Sends one request. Its error is part of the exchange; dropping the future abandons the request and its connection.
    fn execute(&self, request: Request) -> ExchangeFuture<'_>;

    /// Parses a URL. Clients may cache the result.
    fn target(&self, url: &str) -> Target {
        Target::parse(url)
    }

    /// Closes the connections of a group (see [`Request::group`]); the group may be used again afterwards.
    fn close_group(&self, group: u64) {
        let _ = group;
    }
}
