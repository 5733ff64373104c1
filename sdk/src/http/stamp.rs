//! The transport under a connection, and when bytes passed through it.
//!
//! The end of `send` is the last write of the request that the transport took, and the end of `wait` is the first read
//! that brought something: on HTTP/1 both are exact, as a connection carries one exchange at a time. Bytes are seen
//! above TLS, so that session tickets are not taken for an answer. On HTTP/2 a request counts as sent with the first
//! write after it was handed over, which is its own unless flow control holds it back.

use std::cell::{Cell, RefCell};
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

use super::clock::monotonic_ns;

/// What a connection was made of.
pub(crate) enum SocketStream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl SocketStream {
    /// The peer, such as `127.0.0.1:8080`; `None` if it is gone.
    fn remote_addr(&self) -> Option<Arc<str>> {
        let stream = match self {
            Self::Plain(stream) => stream,
            Self::Tls(stream) => stream.get_ref().0,
        };
        stream.peer_addr().ok().map(|peer| peer.to_string().into())
    }
}

/// What a connection's exchanges know of it, and when bytes last passed. 0 means not yet.
#[derive(Debug, Default)]
pub(crate) struct Stamps {
    /// The connection's peer.
    pub(crate) remote_addr: Option<Arc<str>>,
    /// Whether a request was sent on the connection before.
    pub(crate) served: Cell<bool>,
    /// When the last byte of the request was written.
    pub(crate) written_ns: Cell<u64>,
    /// When the first byte of the answer was read.
    pub(crate) first_read_ns: Cell<u64>,
    unsent: RefCell<Vec<Rc<Cell<u64>>>>,
}

impl Stamps {
    /// Forgets the exchange before.
    pub(crate) fn begin(&self) {
        self.written_ns.set(0);
        self.first_read_ns.set(0);
    }

    /// A cell that gets the instant of the next write, ns.
    pub(crate) fn next_write(&self) -> Rc<Cell<u64>> {
        let cell = Rc::new(Cell::new(0));
        self.unsent.borrow_mut().push(cell.clone());
        cell
    }

    fn wrote(&self) {
        // What is written after the answer began (the rest of a body nobody waits for) does not prolong `send`.
        if self.first_read_ns.get() == 0 {
            self.written_ns.set(monotonic_ns());
        }
        let mut unsent = self.unsent.borrow_mut();
        if !unsent.is_empty() {
            let now_ns = monotonic_ns();
            for cell in unsent.drain(..) {
                cell.set(now_ns);
            }
        }
    }

    fn read(&self) {
        if self.first_read_ns.get() == 0 {
            self.first_read_ns.set(monotonic_ns());
        }
    }
}

pub(crate) struct Stamped {
    transport: SocketStream,
    stamps: Rc<Stamps>,
    /// Whether TLS may hold back bytes that were written to it.
    unflushed: bool,
}

impl Stamped {
    pub(crate) fn new(transport: SocketStream) -> (Self, Rc<Stamps>) {
        let stamps = Rc::new(Stamps {
            remote_addr: transport.remote_addr(),
            ..Stamps::default()
        });
        (
            Self {
                transport,
                stamps: stamps.clone(),
                unflushed: false,
            },
            stamps,
        )
    }

    fn wrote(&mut self, outcome: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if let Poll::Ready(Ok(_)) = outcome {
            self.stamps.wrote();
            self.unflushed = matches!(self.transport, SocketStream::Tls(_));
        }
        outcome
    }
}

impl AsyncRead for Stamped {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let outcome = match &mut self.transport {
            SocketStream::Plain(stream) => Pin::new(stream).poll_read(cx, buf),
            SocketStream::Tls(stream) => Pin::new(stream).poll_read(cx, buf),
        };
        if buf.filled().len() > before {
            self.stamps.read();
        }
        outcome
    }
}

impl AsyncWrite for Stamped {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let outcome = match &mut self.transport {
            SocketStream::Plain(stream) => Pin::new(stream).poll_write(cx, buf),
            SocketStream::Tls(stream) => Pin::new(stream).poll_write(cx, buf),
        };
        self.wrote(outcome)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let outcome = match &mut self.transport {
            SocketStream::Plain(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
            SocketStream::Tls(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
        };
        self.wrote(outcome)
    }

    fn is_write_vectored(&self) -> bool {
        match &self.transport {
            SocketStream::Plain(stream) => stream.is_write_vectored(),
            SocketStream::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let outcome = match &mut self.transport {
            SocketStream::Plain(stream) => Pin::new(stream).poll_flush(cx),
            SocketStream::Tls(stream) => Pin::new(stream).poll_flush(cx),
        };
        if self.unflushed && outcome.is_ready() {
            self.unflushed = false;
            self.stamps.wrote();
        }
        outcome
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.transport {
            SocketStream::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            SocketStream::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
