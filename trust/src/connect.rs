//! The connecting side: one place decides by the URL how to speak.
//!
//! `http://` leads to a program of the same user on this host, whom only the home key tells from others: so the bytes are TLS,
//! whatever the URL says. A connection counts as made when the other side has accepted this one's key.

mod connector;
mod error;
mod home;
mod route;

pub use connector::Connector;
pub use error::ConnectError;
pub use home::HomeStream;
pub use route::HttpRoute;
