//! One connection: its requests, and a socket that can end in a reset.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Instant;

use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::body::Body;
use crate::control;
use crate::random::Random;
use crate::route::Route;
use crate::shop;
use crate::state::State;

/// Maximum size of a request body, in bytes.
const REQUEST_BYTES_MAX: usize = 64 << 10;

/// Makes hyper drop the connection without a response.
#[derive(Debug, thiserror::Error)]
#[error("resetting the connection")]
struct ResetWanted;

/// Serves a connection to its end.
pub(crate) async fn serve(stream: TcpStream, state: Arc<State>, thread: usize) {
    let connection = Arc::new(Connection {
        state,
        thread,
        fresh: AtomicBool::new(true),
        reset: Arc::new(AtomicBool::new(false)),
    });
    let socket = Socket {
        stream,
        reset: connection.reset.clone(),
    };
    let service = service_fn(|request| {
        let connection = connection.clone();
        async move { connection.answer(request).await }
    });
    let mut server = auto::Builder::new(TokioExecutor::new());
    server.http2().max_concurrent_streams(1_000);
    // A target ignores peers that close the connection early.
    let _ = server.serve_connection(TokioIo::new(socket), service).await;
}

#[derive(Debug)]
struct Connection {
    state: Arc<State>,
    thread: usize,
    /// No request yet.
    fresh: AtomicBool,
    reset: Arc<AtomicBool>,
}

impl Connection {
    async fn answer(&self, request: Request<Incoming>) -> Result<Response<Body>, ResetWanted> {
        let path = request.uri().path();
        let fresh = self.fresh.swap(false, Ordering::Relaxed);
        if control::is_control(path) {
            if fresh {
                self.state.counters.not_load();
            }
            let (method, path) = (request.method().clone(), path.to_owned());
            let body = read(request.into_body()).await;
            return Ok(control::answer(&self.state, &method, &path, &body));
        }
        self.state.counters.arrived(self.thread);
        let route = Route::of(request.method(), path);
        let number = self.state.counters.asked_for(route);
        match route {
            Route::Reset => {
                self.reset.store(true, Ordering::Relaxed);
                Err(ResetWanted)
            }
            Route::Hang => std::future::pending().await,
            _ if shop::wants_body(route) => {
                let body = read(request.into_body()).await;
                Ok(self.respond(route, number, &body).await)
            }
            _ => Ok(self.respond(route, number, &[]).await),
        }
    }

    async fn respond(&self, route: Route, number: u64, body: &[u8]) -> Response<Body> {
        let behaviour = self.state.behaviour();
        let mut random = Random::new(self.state.seed, number);
        let delay = shop::latency(route, self.state.latency, &mut random) + behaviour.slow;
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        if !behaviour.is_calm()
            && let Some(end) = behaviour.held_until(Instant::now())
        {
            tokio::time::sleep_until(end.into()).await;
        }
        let failed = behaviour.fail_share > 0.0 && random.share() < behaviour.fail_share;
        if failed || shop::fails(route, self.state.latency, &mut random) {
            return shop::refuse(StatusCode::SERVICE_UNAVAILABLE, "try again later");
        }
        shop::answer(route, body)
    }
}

/// The body of a request; empty if it is too large or incomplete.
async fn read(body: Incoming) -> bytes::Bytes {
    match Limited::new(body, REQUEST_BYTES_MAX).collect().await {
        Ok(body) => body.to_bytes(),
        Err(_) => bytes::Bytes::new(),
    }
}

/// A TCP stream that is reset instead of closed when the flag is set.
#[derive(Debug)]
struct Socket {
    stream: TcpStream,
    reset: Arc<AtomicBool>,
}

impl Drop for Socket {
    fn drop(&mut self) {
        if self.reset.load(Ordering::Relaxed) {
            // Without the option, the peer sees the connection closed without a response, which is an error too.
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
