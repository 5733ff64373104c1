//! Making one connection: resolve, connect, TLS handshake, HTTP preface.

use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use hyper::client::conn::{http1, http2};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::clock::monotonic_ns;
use super::config::EngineConfig;
use super::dns::Dns;
use super::error::{ErrorKind, RequestError, chain};
use super::phases::ConnectTimes;
use super::stamp::{SocketStream, Stamped, Stamps};
use super::target::OriginKey;
use super::tls::HttpVersion;
use super::wire::{FreshConnection, Io, LocalExecutor};

const H2_STREAM_WINDOW_BYTES: u32 = 2 << 20;
const H2_CONNECTION_WINDOW_BYTES: u32 = 16 << 20;

/// What an attempt came to, and when it reached what.
pub(crate) struct Dialed {
    pub(crate) times: ConnectTimes,
    pub(crate) outcome: Result<(FreshConnection, Rc<Stamps>), RequestError>,
}

/// Makes connections for one engine.
pub(crate) struct Dialer {
    dns: Dns,
    tls: Arc<ClientConfig>,
    version: HttpVersion,
    timeout: Duration,
}

/// The steps done so far; 0 means not yet.
#[derive(Default)]
struct DialProgress {
    resolved_ns: u64,
    connected_ns: u64,
    secured_ns: u64,
}

impl Dialer {
    pub(crate) fn new(config: &EngineConfig) -> Self {
        Self {
            dns: Dns::new(super::clock::duration_ns(config.dns_ttl)),
            tls: config.tls.client_config(config.http_version),
            version: config.http_version,
            timeout: config.connect_timeout,
        }
    }

    pub(crate) async fn dial(&self, origin: &OriginKey) -> Dialed {
        let began_ns = monotonic_ns();
        let mut progress = DialProgress::default();
        let outcome = match tokio::time::timeout(self.timeout, self.steps(origin, &mut progress)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(timed_out(origin, &progress, self.timeout)),
        };
        let now_ns = monotonic_ns();
        let or_now = |at_ns: u64| if at_ns == 0 { now_ns } else { at_ns };
        let times = ConnectTimes {
            began_ns,
            resolved_ns: or_now(progress.resolved_ns),
            connected_ns: or_now(progress.connected_ns),
            secured_ns: or_now(progress.secured_ns),
        };
        Dialed { times, outcome }
    }

    async fn steps(
        &self,
        origin: &OriginKey,
        progress: &mut DialProgress,
    ) -> Result<(FreshConnection, Rc<Stamps>), RequestError> {
        let addresses = self.dns.resolve(&origin.host).await.map_err(|reason| {
            RequestError::new(
                ErrorKind::Dns,
                format!("cannot resolve {}: {reason}", origin.host),
            )
        })?;
        progress.resolved_ns = monotonic_ns();

        let mut connected = Err(RequestError::new(
            ErrorKind::Dns,
            format!("{} has no address", origin.host),
        ));
        for (n, ip) in addresses.iter().enumerate() {
            connected = connect(SocketAddr::new(*ip, origin.port)).await;
            if connected.is_ok() {
                if n > 0 {
                    self.dns.prefer(&origin.host, *ip);
                }
                break;
            }
        }
        let stream = connected?;
        progress.connected_ns = monotonic_ns();

        let (transport, http2) = if origin.tls {
            self.secure(origin, stream).await?
        } else {
            (SocketStream::Plain(stream), self.version == HttpVersion::Http2)
        };
        progress.secured_ns = monotonic_ns();
        let (io, stamps) = Stamped::new(transport);
        Ok((handshake(TokioIo::new(io), http2).await?, stamps))
    }

    /// The TLS handshake, and whether HTTP/2 was agreed on.
    async fn secure(
        &self,
        origin: &OriginKey,
        stream: TcpStream,
    ) -> Result<(SocketStream, bool), RequestError> {
        let failed = |error: &(dyn std::error::Error + 'static)| {
            let message = format!(
                "TLS handshake with {}:{}: {}",
                origin.host,
                origin.port,
                chain(error)
            );
            RequestError::new(ErrorKind::Tls, message)
        };
        let name = ServerName::try_from(origin.host.to_string()).map_err(|error| failed(&error))?;
        let connected = TlsConnector::from(self.tls.clone()).connect(name, stream).await;
        let stream = connected.map_err(|error| failed(&error))?;
        let http2 = match stream.get_ref().1.alpn_protocol() {
            Some(protocol) => protocol == b"h2",
            None => self.version == HttpVersion::Http2,
        };
        Ok((SocketStream::Tls(Box::new(stream)), http2))
    }
}

async fn connect(address: SocketAddr) -> Result<TcpStream, RequestError> {
    let failed =
        |error| RequestError::from_io(&error, ErrorKind::Connect, &format!("connecting to {address}"));
    let stream = TcpStream::connect(address).await.map_err(failed)?;
    stream.set_nodelay(true).map_err(failed)?;
    Ok(stream)
}

async fn handshake(io: Io, http2: bool) -> Result<FreshConnection, RequestError> {
    let wire = if http2 {
        let mut builder = http2::Builder::new(LocalExecutor);
        builder
            .initial_stream_window_size(H2_STREAM_WINDOW_BYTES)
            .initial_connection_window_size(H2_CONNECTION_WINDOW_BYTES);
        builder
            .handshake(io)
            .await
            .map(|(sender, driver)| FreshConnection::Http2(sender, driver))
    } else {
        http1::handshake(io)
            .await
            .map(|(sender, driver)| FreshConnection::Http1(sender, Box::new(driver)))
    };
    wire.map_err(|error| RequestError::from_hyper(&error, false))
}

fn timed_out(origin: &OriginKey, progress: &DialProgress, timeout: Duration) -> RequestError {
    let (host, port) = (&origin.host, origin.port);
    let message = if progress.resolved_ns == 0 {
        format!("{host} was not resolved within {timeout:?}")
    } else if progress.connected_ns == 0 {
        format!("no connection to {host}:{port} within {timeout:?}")
    } else {
        format!("no TLS session with {host}:{port} within {timeout:?}")
    };
    RequestError::new(ErrorKind::Timeout, message)
}
