//! Binding a port: loopback only, until there is authentication.

use std::io;
use std::net::SocketAddr;

use tokio::net::{TcpListener, lookup_host};

/// A listening service, for messages about its address.
#[derive(Debug, Clone, Copy)]
pub struct Listens {
    /// A valid address, for example `127.0.0.1:7700`.
    pub example: &'static str,
    /// What anyone who can reach the port can do.
    pub risk: &'static str,
}

/// Why an address cannot be listened on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Neither `HOST:PORT` nor resolvable.
    #[error("invalid listen address `{address}` ({problem}): expected HOST:PORT, for example {example}")]
    Address {
        /// As given.
        address: String,
        /// A valid address.
        example: &'static str,
        /// The system's error.
        problem: io::Error,
    },
    /// Not a loopback address.
    #[error(
        "refusing to listen on {address}: anyone who can reach the port can {risk}, and there is no authentication yet; \
         listen on a loopback address such as {example}"
    )]
    NotLoopback {
        /// Resolved.
        address: SocketAddr,
        /// A valid address.
        example: &'static str,
        /// What anyone who can reach the port can do.
        risk: &'static str,
    },
    /// The system refused.
    #[error("cannot listen on {address}: {problem}; choose another port with --listen")]
    Bind {
        /// Resolved.
        address: SocketAddr,
        /// The system's error.
        problem: io::Error,
    },
}

impl Error {
    /// Whether another command line would help, whatever the machine.
    #[must_use]
    pub const fn is_wrong_usage(&self) -> bool {
        matches!(self, Self::Address { .. } | Self::NotLoopback { .. })
    }
}

/// Binds `address`, which must be a loopback address. Port 0 selects a free port.
///
/// # Errors
/// If the address is not on the loopback interface, or is in use.
pub async fn bind(address: &str, listens: Listens) -> Result<TcpListener, Error> {
    let Listens { example, risk } = listens;
    let wrong = |problem| Error::Address {
        address: address.to_owned(),
        example,
        problem,
    };
    let resolved: Vec<SocketAddr> = lookup_host(address).await.map_err(wrong)?.collect();
    if let Some(open) = resolved.iter().find(|resolved| !resolved.ip().is_loopback()) {
        return Err(Error::NotLoopback {
            address: *open,
            example,
            risk,
        });
    }
    let Some(address) = resolved.first().copied() else {
        return Err(wrong(io::Error::other("the name resolves to no address")));
    };
    TcpListener::bind(address)
        .await
        .map_err(|problem| Error::Bind { address, problem })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LISTENS: Listens = Listens {
        example: "127.0.0.1:7700",
        risk: "run programs on the agents",
    };

    fn bind_now(address: &str) -> Result<TcpListener, Error> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(bind(address, LISTENS))
    }

    #[test]
    fn only_loopback_addresses_are_bound() {
        assert!(bind_now("127.0.0.1:0").is_ok());
        for (address, says) in [
            (
                "0.0.0.0:0",
                "refusing to listen on 0.0.0.0:0: anyone who can reach the port can run programs",
            ),
            ("nonsense", "invalid listen address `nonsense`"),
        ] {
            let error = bind_now(address).unwrap_err();
            assert!(error.is_wrong_usage());
            assert!(error.to_string().contains(says), "{error}");
        }
    }

    #[test]
    fn a_port_in_use_is_the_machines_fault() {
        let first = bind_now("127.0.0.1:0").unwrap();
        let error = bind_now(&first.local_addr().unwrap().to_string()).unwrap_err();
        assert!(!error.is_wrong_usage());
        assert!(error.to_string().contains("--listen"), "{error}");
    }
}
