//! Connections for HTTP clients that have TLS of their own.

use std::error::Error;
use std::net::SocketAddr;
use std::path::PathBuf;

use http::Uri;
use rustls::ClientConfig;

use super::error::{ConnectError, explained};
use super::home::loopback;
use crate::home::HOME;
use crate::proof::Trust;

/// How an HTTP client reaches what a URL means.
#[derive(Debug, Clone)]
pub struct HttpRoute {
    /// The URL to ask for instead, without a path.
    pub base: String,
    /// The host in it, which no resolver knows.
    pub host: &'static str,
    /// Where that is.
    pub addresses: Vec<SocketAddr>,
    /// How to speak there.
    pub tls: ClientConfig,
    /// The file of the key that is shown.
    key: PathBuf,
}

impl HttpRoute {
    /// How to reach what `url` means.
    ///
    /// # Errors
    /// When the URL leads to another host, its name cannot be resolved, or there is no home key.
    pub async fn to(url: &Uri, trust: &Trust) -> Result<Self, ConnectError> {
        let host = url.host().ok_or(ConnectError::NoHost)?;
        let port = url.port_u16().unwrap_or(80);
        let addresses = loopback(host, port).await?;
        let home = trust.home()?;
        Ok(Self {
            base: format!("https://{HOME}:{port}"),
            host: HOME,
            addresses,
            tls: ClientConfig::clone(&home.client),
            key: home.key.path().to_owned(),
        })
    }

    /// What a failed request says about keys, if it does.
    #[must_use]
    pub fn explain(&self, error: &(dyn Error + 'static)) -> Option<ConnectError> {
        explained(error, &self.key)
    }
}
