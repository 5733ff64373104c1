//! The gRPC contract between the services of heavy, and the settings under which both ends speak it.
//!
//! [`v1`] is generated at build time from `proto/heavy/v1/*.proto`, whose comments are its documentation.
//! [`net`] holds the HTTP/2 settings (windows, keep-alive, message limits) of clients and servers. [`stats`]
//! converts between the wire form of roll-ups and the one of heavy-results; it is the only place that knows both.
//! [`kernel`] tells whether both ends read the same clocks.

pub mod kernel;
pub mod net;
pub mod stats;

/// The generated messages, clients and servers.
#[expect(
    missing_docs,
    clippy::all,
    clippy::allow_attributes,
    clippy::too_many_lines,
    reason = "generated code"
)]
pub mod v1 {
    tonic::include_proto!("heavy.v1");
}
