//! What an engine can be told.

use std::time::Duration;

use http::HeaderValue;

use super::tls::TlsOptions;
use super::version::HttpVersion;

/// The settings of one [`Engine`](super::Engine). There is one engine per thread: limits are each thread's share.
#[derive(Debug, Clone)]
pub struct EngineConfig {
    /// How many connections may be open or opening at once; further requests wait, and the wait is `blocked`.
    pub max_connections: usize,
    /// How many connections may be opening at once. A pool without this bound opens one connection for every request
    /// of a burst and collapses under it.
    pub max_connects_in_progress: usize,
    /// How long a request may take, from asking for a connection to the last body byte.
    pub request_timeout: Duration,
    /// How long resolving, connecting and the TLS handshake may take together.
    pub connect_timeout: Duration,
    /// Whether connections serve more than one request. When not, HTTP/1 requests say `connection: close`.
    pub keep_alive: bool,
    /// How long an unused connection is kept.
    pub idle_timeout: Duration,
    /// Which versions of HTTP are spoken.
    pub http_version: HttpVersion,
    /// How many HTTP/2 connections one origin may have; another is opened when all others are full.
    pub h2_connections_per_origin: usize,
    /// How many requests share one HTTP/2 connection at a time, if the server allows as many.
    pub h2_streams_per_connection: usize,
    /// How long a resolved name is believed. Failures are not remembered.
    pub dns_ttl: Duration,
    /// Whom to trust.
    pub tls: TlsOptions,
    /// Sent when a request has no `user-agent` of its own.
    pub user_agent: HeaderValue,
    /// The most that is kept of a body that is asked for; all of it is read and counted in any case.
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
