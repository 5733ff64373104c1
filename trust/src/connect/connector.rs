//! Connections for gRPC.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::Uri;
use hyper_util::rt::TokioIo;
use tower_service::Service;

use super::error::ConnectError;
use super::home::{self, HomeStream};
use crate::proof::Trust;

/// Makes the connections of a gRPC client: a `Service<Uri>`, as tonic takes it.
#[derive(Debug, Clone)]
pub struct Connector {
    trust: Trust,
}

impl Connector {
    /// Proves itself with what this process has.
    #[must_use]
    pub const fn new(trust: Trust) -> Self {
        Self { trust }
    }

    /// Connects to the host of a URL.
    ///
    /// # Errors
    /// When nobody answers there, or either side does not take the other for a program of this user.
    pub async fn connect(&self, uri: &Uri) -> Result<HomeStream, ConnectError> {
        let host = uri.host().ok_or(ConnectError::NoHost)?;
        let port = uri.port_u16().unwrap_or(80);
        home::connect(host, port, &*self.trust.home()?).await
    }
}

impl Service<Uri> for Connector {
    type Response = TokioIo<HomeStream>;
    type Error = ConnectError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let this = self.clone();
        Box::pin(async move { Ok(TokioIo::new(this.connect(&uri).await?)) })
    }
}
