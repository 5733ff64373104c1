//! The settings of an engine, and what it counts.

use std::time::Duration;

use http::HeaderValue;

use super::tls::{HttpVersion, TlsOptions};

/// The settings of one [`Engine`](super::Engine). There is one engine per thread: limits are each thread's share.
#[derive(Debug, Clone)]
pub struct EngineConfig {
    /// Maximum number of connections, open or opening. Further requests wait, in the phase `blocked`.
    pub max_connections: usize,
    /// Maximum number of connections opening at once. Without this limit, a pool opens a connection for every request of a
    /// burst and collapses under it.
    pub max_connects_in_progress: usize,
    /// Timeout of a request, from asking for a connection to the last body byte.
    pub request_timeout: Duration,
    /// Timeout of resolving, connecting and the TLS handshake together.
    pub connect_timeout: Duration,
    /// Whether connections serve more than one request. If not, HTTP/1 requests carry `connection: close`.
    pub keep_alive: bool,
    /// How long an idle connection stays open.
    pub idle_timeout: Duration,
    /// The HTTP versions to use.
    pub http_version: HttpVersion,
    /// Maximum number of HTTP/2 connections of an origin; another one is opened when all are full.
    pub h2_connections_per_origin: usize,
    /// Maximum number of concurrent requests on an HTTP/2 connection, if the server allows as many.
    pub h2_streams_per_connection: usize,
    /// How long a resolved name is cached. Failures are not cached.
    pub dns_ttl: Duration,
    /// The trusted certificates.
    pub tls: TlsOptions,
    /// The default `user-agent` header.
    pub user_agent: HeaderValue,
    /// Maximum number of bytes kept of a body. All of it is read and counted.
    pub max_kept_body_bytes: usize,
}

impl Default for EngineConfig {
    fn default() -> Self {
        Self {
            max_connections: 4_096,
            max_connects_in_progress: 64,
            request_timeout: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(10),
            keep_alive: true,
            idle_timeout: Duration::from_secs(90),
            http_version: HttpVersion::Auto,
            h2_connections_per_origin: 8,
            h2_streams_per_connection: 100,
            dns_ttl: Duration::from_secs(60),
            tls: TlsOptions::default(),
            user_agent: HeaderValue::from_static(concat!("heavy/", env!("CARGO_PKG_VERSION"))),
            max_kept_body_bytes: 64 << 20,
        }
    }
}

/// The connections of an engine, counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct EngineStats {
    /// Open connections, in use or not.
    pub open: usize,
    /// HTTP/1 connections that wait for a request.
    pub idle: usize,
    /// Connections being opened.
    pub connecting: usize,
    /// Connections opened since the engine was made.
    pub opened: u64,
    /// Requests that wait for a connection.
    pub waiting: usize,
}
