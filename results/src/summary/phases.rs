//! Where the time of requests went.

use serde::{Deserialize, Serialize};

/// Mean time of each phase over all requests of an identity, in ms.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct PhaseMeans {
    /// Waiting for a connection.
    pub blocked_ms: f64,
    /// Resolving.
    pub dns_ms: f64,
    /// TCP connect.
    pub connect_ms: f64,
    /// TLS handshake.
    pub tls_ms: f64,
    /// Writing.
    pub send_ms: f64,
    /// To the first byte.
    pub wait_ms: f64,
    /// To the last byte.
    pub receive_ms: f64,
}

impl PhaseMeans {
    /// The phases by name, in the order of a request's life.
    #[must_use]
    pub const fn named(&self) -> [(&'static str, f64); 7] {
        [
            ("blocked", self.blocked_ms),
            ("dns", self.dns_ms),
            ("connect", self.connect_ms),
            ("tls", self.tls_ms),
            ("send", self.send_ms),
            ("wait", self.wait_ms),
            ("receive", self.receive_ms),
        ]
    }
}
