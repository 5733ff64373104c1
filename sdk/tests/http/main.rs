//! The HTTP engine against real servers on loopback: well-behaved ones, and ones that are not.

#![expect(
    clippy::unwrap_used,
    reason = "a test whose server cannot be set up has failed"
)]

mod bodies;
mod connections;
mod custom;
mod failures;
mod groups;
mod http2;
#[cfg(feature = "reqwest")]
mod over_reqwest;
mod support;
mod tls;
