//! What happens on a connection before it has an owner: the first byte, the handshake, and a proper end for who is refused.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::server::Acceptor;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::LazyConfigAcceptor;

use super::stream::PeerStream;
use crate::home::HOME;
use crate::peer::{Peer, Who};
use crate::proof::Home;

/// How long a peer may take to say who it is.
pub(super) const HANDSHAKE_LIMIT: Duration = Duration::from_secs(10);
/// How long, and how much, a peer that is refused may go on sending, so that it reads why.
const LINGER_LIMIT: Duration = Duration::from_secs(1);
const LINGER_BYTES: u64 = 1 << 20;
/// What TLS begins with: a record of a handshake.
const TLS_HANDSHAKE: u8 = 0x16;

/// A connection, and who is at its other end.
#[derive(Debug)]
pub struct Arrival {
    /// The connection.
    pub stream: PeerStream,
    /// Who is at its other end.
    pub peer: Peer,
}

/// Finds out who is at the other end. None if that cannot be told, or the peer is refused.
pub(super) async fn greet(stream: TcpStream, from: SocketAddr, home: &Home) -> Option<Arrival> {
    // Without it, small messages would wait for acknowledgements of earlier ones.
    let _ = stream.set_nodelay(true);
    match timeout(HANDSHAKE_LIMIT, identify(stream, from, home)).await {
        Ok(Ok(arrival)) => return Some(arrival),
        Ok(Err(Refused { problem, stream })) => {
            tracing::info!(%from, %problem, "refused a connection");
            if let Some(stream) = stream {
                linger(stream).await;
            }
        }
        Err(_) => tracing::info!(%from, "refused a connection: it did not say who it is in time"),
    }
    None
}

/// A peer that may not go on.
struct Refused {
    problem: io::Error,
    /// Where it still may read why.
    stream: Option<TcpStream>,
}

impl From<io::Error> for Refused {
    fn from(problem: io::Error) -> Self {
        Self {
            problem,
            stream: None,
        }
    }
}

async fn identify(stream: TcpStream, from: SocketAddr, home: &Home) -> Result<Arrival, Refused> {
    let from_loopback = from.ip().to_canonical().is_loopback();
    let refused = |problem: &str| Refused::from(io::Error::new(io::ErrorKind::PermissionDenied, problem));
    let mut first = [0];
    if stream.peek(&mut first).await? == 0 {
        return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
    }
    if !from_loopback {
        return Err(refused("it does not come from this host"));
    }
    if first[0] != TLS_HANDSHAKE {
        return Ok(Arrival {
            stream: PeerStream::plain(stream),
            peer: Peer {
                who: Who::Nobody,
                from_loopback,
            },
        });
    }
    let hello = LazyConfigAcceptor::new(Acceptor::default(), stream).await?;
    if hello.client_hello().server_name() != Some(HOME) {
        return Err(Refused {
            problem: io::Error::other("it asks for another server name"),
            stream: Some(hello.io),
        });
    }
    let handshake = hello.into_stream(Arc::clone(&home.server)).into_fallible();
    match handshake.await {
        Ok(stream) => Ok(Arrival {
            stream: PeerStream::tls(stream),
            peer: Peer {
                who: Who::Home,
                from_loopback,
            },
        }),
        Err((problem, stream)) => Err(Refused {
            problem,
            stream: Some(stream),
        }),
    }
}

/// Reads what is still on its way: closing a connection that has unread bytes would reset it, and the peer would not read why.
async fn linger(mut stream: TcpStream) {
    let unread = async {
        stream.shutdown().await?;
        tokio::io::copy(&mut stream.take(LINGER_BYTES), &mut tokio::io::sink()).await
    };
    let _ = timeout(LINGER_LIMIT, unread).await;
}
