//! What hyper takes and gives on a connection, whichever protocol it speaks.

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::{TrySendError, http1, http2};
use hyper::rt::Executor;
use hyper_util::rt::TokioIo;

use super::error::RequestError;
use super::stamp::Stamped;

/// The byte stream under hyper.
pub(crate) type Io = TokioIo<Stamped>;
/// The body of every request: one piece, possibly empty.
pub(crate) type RequestBody = Full<Bytes>;

/// A connection fresh from its handshake.
pub(crate) enum FreshConnection {
    Http1(
        http1::SendRequest<RequestBody>,
        Box<http1::Connection<Io, RequestBody>>,
    ),
    Http2(
        http2::SendRequest<RequestBody>,
        http2::Connection<Io, RequestBody, LocalExecutor>,
    ),
}

/// Lets hyper spawn onto this thread's `LocalSet`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LocalExecutor;

impl<F: Future<Output = ()> + 'static> Executor<F> for LocalExecutor {
    fn execute(&self, future: F) {
        tokio::task::spawn_local(future);
    }
}

/// A request as hyper takes it.
pub(crate) type Message = http::Request<RequestBody>;

/// What hyper says to a message.
pub(crate) type SendResult = Result<http::Response<Incoming>, TrySendError<Message>>;

/// How an exchange ended.
pub(crate) enum ExchangeEnd {
    Complete,
    /// Nothing of the request was written, and here it is back.
    NotSent(Box<Message>),
    /// The answer is not complete.
    Failed(RequestError),
    TimedOut,
}

/// Why no response arrived: hyper returns a request whose first byte it had not written.
pub(crate) fn not_answered(mut error: TrySendError<Message>) -> ExchangeEnd {
    match error.take_message() {
        Some(message) => ExchangeEnd::NotSent(Box::new(message)),
        None => ExchangeEnd::Failed(RequestError::from_hyper(error.error(), false)),
    }
}
