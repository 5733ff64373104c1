//! Which versions of HTTP an engine speaks.

/// Which versions of HTTP are spoken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum HttpVersion {
    /// What the server chooses during the TLS handshake (ALPN); HTTP/1.1 without TLS.
    #[default]
    Auto,
    /// HTTP/1.1 only.
    Http1,
    /// HTTP/2 from the first byte, also without TLS ("prior knowledge").
    Http2,
}
