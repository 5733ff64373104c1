//! Binding a port: loopback only, until there is authentication.

use std::io;
use std::net::SocketAddr;

use tokio::net::{TcpListener, lookup_host};

/// Why an address cannot be listened on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Neither `host:port` nor resolvable.
    #[error("{address:?} is no address to listen on ({problem}): write one as in 127.0.0.1:7701")]
    Address {
        /// As given.
        address: String,
        /// What the system said.
        problem: io::Error,
    },
    /// Others could reach it.
    #[error(
        "refusing to listen on {0}: whoever reaches the port can store results, and authentication comes first; listen \
         on a loopback address such as 127.0.0.1:7701"
    )]
    NotLoopback(SocketAddr),
    /// The system refused.
    #[error("cannot listen on {address}: {problem}; choose another port with --listen")]
    Bind {
        /// Resolved.
        address: SocketAddr,
        /// What the system said.
        problem: io::Error,
    },
}

impl Error {
    /// Whether another command line would help, whatever the machine.
    #[must_use]
    pub const fn is_wrong_usage(&self) -> bool {
        matches!(self, Self::Address { .. } | Self::NotLoopback(_))
    }
}

/// Binds `address`, which must be of the loopback interface.
///
/// # Errors
/// When it is no such address, or it is in use.
pub async fn bind(address: &str) -> Result<TcpListener, Error> {
    let wrong = |problem| Error::Address {
        address: address.to_owned(),
        problem,
    };
    let resolved: Vec<SocketAddr> = lookup_host(address).await.map_err(wrong)?.collect();
    if let Some(open) = resolved.iter().find(|resolved| !resolved.ip().is_loopback()) {
        return Err(Error::NotLoopback(*open));
    }
    let Some(address) = resolved.first().copied() else {
        return Err(wrong(io::Error::other("it resolves to nothing")));
    };
    TcpListener::bind(address)
        .await
        .map_err(|problem| Error::Bind { address, problem })
}
