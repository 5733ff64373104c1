//! Why a connection could not be made, in terms of what has to be shown or had.

use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};

use crate::home::{HomeError, VARIABLE};

/// Why a connection could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// There is no home key.
    #[error(transparent)]
    Home(#[from] HomeError),
    /// The other side does not take the home key.
    #[error(
        "it does not accept the home key {key}: it is run by another user, or with another {VARIABLE}",
        key = .key.display()
    )]
    Refused {
        /// The file of this side's key.
        key: PathBuf,
    },
    /// The other side has another key.
    #[error(
        "what listens there does not have the home key {key}: it is run by another user, or with another {VARIABLE}",
        key = .key.display()
    )]
    Stranger {
        /// The file of this side's key.
        key: PathBuf,
    },
    /// The other side does not speak TLS.
    #[error(
        "what listens there cannot prove that it has the home key {key} (it does not speak TLS): it is another program, or an \
         older version of heavy",
        key = .key.display()
    )]
    NotTls {
        /// The file of this side's key.
        key: PathBuf,
    },
    /// The URL leads to another host, and nothing proves who is there.
    #[error("{address} is not on this host: nothing proves who answers plain http there")]
    Beyond {
        /// The address, as in the URL or resolved.
        address: String,
    },
    /// The URL has no host.
    #[error("the URL names no host")]
    NoHost,
    /// The system.
    #[error("{0}")]
    Io(io::Error),
}

impl ConnectError {
    /// What a failed connection with this key means.
    pub(super) fn of(error: io::Error, key: &Path) -> Self {
        match explained(&error, key) {
            Some(explained) => explained,
            None if error.kind() == io::ErrorKind::UnexpectedEof => Self::NotTls { key: key.to_owned() },
            None => Self::Io(error),
        }
    }
}

/// What TLS says about a failure, wherever it is in the chain of errors.
pub(super) fn explained(error: &(dyn Error + 'static), key: &Path) -> Option<ConnectError> {
    let mut next = Some(error);
    while let Some(error) = next {
        let of_tls = error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref)
            .and_then(|inner| inner.downcast_ref::<rustls::Error>())
            .or_else(|| error.downcast_ref());
        if let Some(of_tls) = of_tls {
            let key = key.to_owned();
            return Some(match of_tls {
                rustls::Error::InvalidCertificate(_) => ConnectError::Stranger { key },
                rustls::Error::AlertReceived(_) => ConnectError::Refused { key },
                _ => ConnectError::NotTls { key },
            });
        }
        next = error.source();
    }
    None
}
