//! HTTP/2 settings of every gRPC client and server of heavy.
//!
//! The defaults of HTTP/2 (64 KiB windows, no keep-alive) cap a stream of results at window / round trip and leave
//! half-open connections unnoticed.

use std::time::Duration;

use tonic::transport::{Endpoint, Server};

/// Flow-control window of one stream.
pub const STREAM_WINDOW_BYTES: u32 = 4 << 20;
/// Flow-control window of one connection.
pub const CONNECTION_WINDOW_BYTES: u32 = 16 << 20;
/// No gRPC message may be longer, in either direction; deliveries of results have a limit of their own.
pub const MAX_MESSAGE_BYTES: usize = 16 << 20;
/// No batch of results may have more content.
pub const MAX_BATCH_BYTES: usize = 64 << 20;
/// A message with such a batch, its producer and checksum.
pub const MAX_DELIVERY_BYTES: usize = MAX_BATCH_BYTES + (64 << 10);
/// How binaries are cut into messages.
pub const CHUNK_BYTES: usize = 512 << 10;

const KEEP_ALIVE: Duration = Duration::from_secs(15);
const KEEP_ALIVE_LIMIT: Duration = Duration::from_secs(10);
const CONNECT_LIMIT: Duration = Duration::from_secs(5);

/// An endpoint with heavy's settings.
///
/// # Errors
/// When `url` is not `http://host:port`.
pub fn endpoint(url: &str) -> Result<Endpoint, tonic::transport::Error> {
    Ok(Endpoint::from_shared(url.to_owned())?
        .connect_timeout(CONNECT_LIMIT)
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .http2_keep_alive_interval(KEEP_ALIVE)
        .keep_alive_timeout(KEEP_ALIVE_LIMIT)
        .keep_alive_while_idle(true)
        .tcp_nodelay(true))
}

/// A server with heavy's settings.
#[must_use]
pub fn server() -> Server {
    Server::builder()
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .http2_keepalive_interval(Some(KEEP_ALIVE))
        .http2_keepalive_timeout(Some(KEEP_ALIVE_LIMIT))
        .tcp_nodelay(true)
}
