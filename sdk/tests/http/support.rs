//! Servers, and what every exchange must obey.

use std::cell::Cell;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;
use heavy_sdk::http::{ErrorKind, Exchange, HttpClient, Request};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{LocalSet, spawn_local};
use tokio_rustls::TlsAcceptor;

/// Runs a test the way a load test runs: on one thread, with tasks that are not `Send`.
pub(crate) fn run<F: Future<Output = ()>>(test: F) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    LocalSet::new().block_on(&runtime, test);
}

/// What a server saw.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) connections: Cell<usize>,
    pub(crate) requests: Cell<usize>,
}

/// A server on a port of its own.
#[derive(Debug, Clone)]
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) seen: Rc<Seen>,
}

impl Server {
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// A server that does with each connection what it is told; connections are numbered from 0.
    pub(crate) async fn scripted<F>(script: impl Fn(TcpStream, usize, Rc<Seen>) -> F + 'static) -> Self
    where
        F: Future<Output = ()> + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self {
            address: listener.local_addr().unwrap(),
            seen: Rc::default(),
        };
        let seen = server.seen.clone();
        spawn_local(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                stream.set_nodelay(true).unwrap();
                let number = seen.connections.replace(seen.connections.get() + 1);
                spawn_local(script(stream, number, seen.clone()));
            }
        });
        server
    }

    /// A server that answers as it should; see [`answer`].
    pub(crate) async fn http1() -> Self {
        Self::scripted(|stream, _, seen| serve_http1(stream, seen)).await
    }

    /// The same over HTTP/2 without TLS, allowing `streams` at a time.
    pub(crate) async fn http2(streams: u32) -> Self {
        Self::scripted(move |stream, _, seen| serve_http2(stream, seen, streams)).await
    }

    /// The same over TLS, with the protocol that is agreed on.
    pub(crate) async fn tls(config: rustls::ServerConfig) -> Self {
        let acceptor = TlsAcceptor::from(Arc::new(config));
        Self::scripted(move |stream, _, seen| {
            let acceptor = acceptor.clone();
            async move {
                let Ok(stream) = acceptor.accept(stream).await else {
                    return;
                };
                if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
                    serve_http2(stream, seen, 100).await;
                } else {
                    serve_http1(stream, seen).await;
                }
            }
        })
        .await
    }
}

async fn serve_http1(stream: impl AsyncRead + AsyncWrite + Unpin + 'static, seen: Rc<Seen>) {
    let service = service_fn(move |request| answer(request, seen.clone()));
    let _ = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

/// Answers requests on one connection; see [`answer`].
pub(crate) async fn serve_http2(
    stream: impl AsyncRead + AsyncWrite + Unpin + 'static,
    seen: Rc<Seen>,
    streams: u32,
) {
    let service = service_fn(move |request| answer(request, seen.clone()));
    let _ = hyper::server::conn::http2::Builder::new(LocalExecutor)
        .max_concurrent_streams(streams)
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

#[derive(Clone)]
struct LocalExecutor;

impl<F: Future<Output = ()> + 'static> hyper::rt::Executor<F> for LocalExecutor {
    fn execute(&self, future: F) {
        spawn_local(future);
    }
}

/// `/echo` gives the body back, `/headers` the request's headers as text, `/bytes/N` as many bytes, `/status/N` that
/// status; anything else `hello`.
async fn answer(
    request: hyper::Request<Incoming>,
    seen: Rc<Seen>,
) -> Result<hyper::Response<Full<Bytes>>, Infallible> {
    seen.requests.set(seen.requests.get() + 1);
    let (head, body) = request.into_parts();
    let path = head.uri.path().to_owned();
    let mut status = 200;
    let body = if path == "/echo" {
        body.collect()
            .await
            .map_or_else(|_| Bytes::new(), |body| body.to_bytes())
    } else if path == "/headers" {
        let lines = head
            .headers
            .iter()
            .map(|(name, value)| format!("{name}: {}\n", value.to_str().unwrap()));
        Bytes::from(lines.collect::<String>())
    } else if let Some(count) = path.strip_prefix("/bytes/") {
        Bytes::from(vec![b'x'; count.parse().unwrap()])
    } else {
        status = path
            .strip_prefix("/status/")
            .map_or(200, |status| status.parse().unwrap());
        Bytes::from_static(b"hello")
    };
    Ok(hyper::Response::builder()
        .status(status)
        .body(Full::new(body))
        .unwrap())
}

/// Reads one request's head; false when the peer closed instead.
pub(crate) async fn read_head(stream: &mut TcpStream, seen: &Seen) -> bool {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return false,
        }
    }
    seen.requests.set(seen.requests.get() + 1);
    true
}

/// Writes text whether or not the peer still listens.
pub(crate) async fn write(stream: &mut TcpStream, text: &str) {
    let _ = stream.write_all(text.as_bytes()).await;
}

/// An answer with a body of two bytes.
pub(crate) const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/// Carries a request out and checks what holds for every exchange.
pub(crate) async fn execute(client: &dyn HttpClient, request: Request) -> Exchange {
    let exchange = client.execute(request).await;
    check(&exchange);
    exchange
}

/// GETs a URL; see [`execute`].
pub(crate) async fn get(client: &dyn HttpClient, url: &str) -> Exchange {
    execute(client, Request::get(client.target(url)).keep_body(true)).await
}

/// The kind of an exchange's error.
pub(crate) fn kind(exchange: &Exchange) -> Option<ErrorKind> {
    exchange.error.as_ref().map(|error| error.kind)
}

pub(crate) fn check(exchange: &Exchange) {
    assert!(exchange.ended_ns >= exchange.started_ns, "{exchange:?}");
    assert_eq!(exchange.phases.total_ns(), exchange.duration_ns(), "{exchange:?}");
    assert!(exchange.status > 0 || exchange.error.is_some(), "{exchange:?}");
    if exchange.error.is_none() {
        assert!(
            exchange.truncated || exchange.body.is_empty() || exchange.body.len() as u64 == exchange.size
        );
    }
}
