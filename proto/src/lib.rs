//! The gRPC contract between the services of heavy, and the settings under which both ends speak it.
//!
//! [`v1`] is generated at build time from `proto/heavy/v1/*.proto`, whose comments are its documentation.
//! `net` (feature `rpc`) holds the HTTP/2 settings of clients and servers: windows, keep-alive, message limits. [`stats`]
//! converts statistics between bytes and the types of heavy-results.
//! [`window`] numbers windows. [`kernel`] tells whether both ends read the same clocks.

pub mod kernel;
#[cfg(feature = "rpc")]
pub mod net;
pub mod stats;
pub mod window;

/// The generated messages; with the feature `rpc` the clients and servers of the services too.
#[expect(missing_docs, clippy::all, reason = "generated code")]
#[cfg_attr(
    feature = "rpc",
    expect(clippy::allow_attributes, clippy::too_many_lines, reason = "generated code")
)]
pub mod v1 {
    include!(concat!(env!("OUT_DIR"), "/heavy.v1.rs"));
}
