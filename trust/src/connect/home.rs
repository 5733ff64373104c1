//! A connection to a program of the same user.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use rustls::pki_types::ServerName;
use tokio::io::AsyncBufRead as _;
use tokio::net::{TcpStream, lookup_host};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::error::ConnectError;
use crate::home::HOME;
use crate::proof::Home;

/// A connection to a program of the same user.
pub type HomeStream = TlsStream<TcpStream>;

/// Connects to a program of the same user.
pub(super) async fn connect(host: &str, port: u16, home: &Home) -> Result<HomeStream, ConnectError> {
    let stream = first_of(&loopback(host, port).await?)
        .await
        .map_err(ConnectError::Io)?;
    // Without it, small messages would wait for acknowledgements of earlier ones.
    let _ = stream.set_nodelay(true);
    let name = ServerName::try_from(HOME).expect("the name is one");
    let connected = TlsConnector::from(Arc::clone(&home.client)).connect(name, stream);
    let made = async {
        let mut stream = connected.await?;
        accepted(&mut stream).await?;
        Ok(stream)
    };
    made.await
        .map_err(|error: io::Error| ConnectError::of(error, home.key.path()))
}

/// The addresses of a host, all of which must be loopback addresses.
pub(super) async fn loopback(host: &str, port: u16) -> Result<Vec<SocketAddr>, ConnectError> {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let found = lookup_host((bare, port)).await.map_err(ConnectError::Io)?;
    let addresses: Vec<SocketAddr> = found.collect();
    match addresses
        .iter()
        .find(|address| !address.ip().to_canonical().is_loopback())
    {
        Some(beyond) => Err(ConnectError::Beyond {
            address: beyond.to_string(),
        }),
        None => Ok(addresses),
    }
}

async fn first_of(addresses: &[SocketAddr]) -> io::Result<TcpStream> {
    let mut last = io::Error::other("the name resolves to no address");
    for address in addresses {
        match TcpStream::connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// Waits until the other side has accepted this one's certificate: in TLS 1.3 it checks it after this side is done. What it
/// sends first then is a ticket, or data.
async fn accepted(stream: &mut HomeStream) -> io::Result<()> {
    poll_fn(|cx| {
        let read = match Pin::new(&mut *stream).poll_fill_buf(cx) {
            Poll::Ready(Ok([])) => Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into())),
            Poll::Ready(Ok(_)) => Poll::Ready(Ok(())),
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => Poll::Pending,
        };
        match read {
            Poll::Pending if stream.get_ref().1.tls13_tickets_received() > 0 => Poll::Ready(Ok(())),
            read => read,
        }
    })
    .await
}
