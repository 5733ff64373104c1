//! The HTTP versions of an engine.

/// The HTTP versions to use.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum HttpVersion {
    /// The server chooses during the TLS handshake (ALPN); HTTP/1.1 without TLS.
    #[default]
    Auto,
    /// HTTP/1.1 only.
    Http1,
    /// HTTP/2 from the first byte, also without TLS ("prior knowledge").
    Http2,
}
