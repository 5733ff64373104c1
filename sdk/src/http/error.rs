//! Why a request has no complete response.

use std::error::Error as StdError;
use std::fmt::{self, Write as _};
use std::io;

use rustix::io::Errno;

/// The kind of error that ended a request: a short, stable name that errors are grouped by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The connection was refused: nothing listens there.
    Refused,
    /// The peer reset the connection or the HTTP/2 stream.
    Reset,
    /// The request or the connect timed out.
    Timeout,
    /// The host name could not be resolved.
    Dns,
    /// The TLS handshake failed: most often a certificate that is not trusted.
    Tls,
    /// No connection for another reason: no route, no permission.
    Connect,
    /// The response body broke off.
    Body,
    /// The response is not valid HTTP.
    Protocol,
    /// The URL is invalid, or its scheme is neither `http` nor `https`.
    InvalidUrl,
    /// The peer closed the connection before it responded.
    Closed,
    /// This machine has no free local port left for the peer.
    Ports,
    /// This process may not open another file descriptor.
    Descriptors,
    /// The request was redirected more often than it may follow.
    TooManyRedirects,
    /// Redirects lead back to where they began.
    RedirectLoop,
    /// A redirect leads to a URL that is invalid, or neither `http` nor `https`.
    Location,
    /// Any other error, for clients that replace the default one.
    Other,
}

impl ErrorKind {
    /// Every kind, in a stable order.
    pub const ALL: [Self; 16] = [
        Self::Refused,
        Self::Reset,
        Self::Timeout,
        Self::Dns,
        Self::Tls,
        Self::Connect,
        Self::Body,
        Self::Protocol,
        Self::InvalidUrl,
        Self::Closed,
        Self::Ports,
        Self::Descriptors,
        Self::TooManyRedirects,
        Self::RedirectLoop,
        Self::Location,
        Self::Other,
    ];

    /// The kind's stable name in results.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Reset => "reset",
            Self::Timeout => "timeout",
            Self::Dns => "dns",
            Self::Tls => "tls",
            Self::Connect => "connect",
            Self::Body => "body",
            Self::Protocol => "protocol",
            Self::InvalidUrl => "invalid-url",
            Self::Closed => "closed",
            Self::Ports => "ports",
            Self::Descriptors => "descriptors",
            Self::TooManyRedirects => "redirects",
            Self::RedirectLoop => "redirect-loop",
            Self::Location => "location",
            Self::Other => "other",
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What went wrong with a request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct RequestError {
    /// The kind that errors are grouped by.
    pub kind: ErrorKind,
    /// The message, with the causes.
    pub message: String,
}

impl RequestError {
    /// An error with a kind and a message: a lowercase fragment.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
        }
    }

    /// An error of the operating system. `otherwise` is its kind when the code says nothing better.
    pub(crate) fn from_io(error: &io::Error, otherwise: ErrorKind, doing: &str) -> Self {
        Self::new(
            io_kind(error).unwrap_or(otherwise),
            format!("{doing}: {}", chain(error)),
        )
    }

    /// An error of hyper. `in_body` says whether the head of the answer had arrived.
    pub(crate) fn from_hyper(error: &hyper::Error, in_body: bool) -> Self {
        let kind = hyper_kind(error, in_body);
        let message = match (kind, in_body) {
            (ErrorKind::Closed, _) => "the peer closed the connection before it answered".to_owned(),
            (ErrorKind::Body, _) => format!("the body of the answer ended early: {}", chain(error)),
            (_, true) => format!("while reading the body: {}", chain(error)),
            (_, false) => chain(error),
        };
        Self::new(kind, message)
    }
}

fn hyper_kind(error: &hyper::Error, in_body: bool) -> ErrorKind {
    let broken_off = if in_body {
        ErrorKind::Body
    } else {
        ErrorKind::Closed
    };
    let mut cause: Option<&(dyn StdError + 'static)> = Some(error);
    while let Some(current) = cause {
        if let Some(io) = current.downcast_ref::<io::Error>() {
            return io_kind(io).unwrap_or(broken_off);
        }
        if let Some(h2) = current.downcast_ref::<h2::Error>() {
            return match h2.get_io() {
                Some(io) => io_kind(io).unwrap_or(broken_off),
                None if h2.is_remote() && h2.is_reset() => ErrorKind::Reset,
                None if h2.is_remote() && h2.is_go_away() => broken_off,
                None => ErrorKind::Protocol,
            };
        }
        cause = current.source();
    }
    if error.is_parse() {
        ErrorKind::Protocol
    } else if error.is_incomplete_message() || error.is_canceled() || error.is_closed() {
        broken_off
    } else if in_body {
        ErrorKind::Body
    } else {
        ErrorKind::Protocol
    }
}

fn io_kind(error: &io::Error) -> Option<ErrorKind> {
    match error.raw_os_error().map(Errno::from_raw_os_error) {
        Some(Errno::ADDRNOTAVAIL) => return Some(ErrorKind::Ports),
        Some(Errno::MFILE | Errno::NFILE) => return Some(ErrorKind::Descriptors),
        _ => {}
    }
    match error.kind() {
        io::ErrorKind::ConnectionRefused => Some(ErrorKind::Refused),
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted | io::ErrorKind::BrokenPipe => {
            Some(ErrorKind::Reset)
        }
        io::ErrorKind::TimedOut => Some(ErrorKind::Timeout),
        _ => None,
    }
}

/// An error with its causes, each once.
pub(crate) fn chain(error: &(dyn StdError + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(current) = cause {
        let part = current.to_string();
        if !text.contains(&part) {
            let _ = write!(text, ": {part}");
        }
        cause = current.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_the_operating_system_have_their_kinds() {
        let cases = [
            (Errno::CONNREFUSED, ErrorKind::Refused),
            (Errno::CONNRESET, ErrorKind::Reset),
            (Errno::PIPE, ErrorKind::Reset),
            (Errno::TIMEDOUT, ErrorKind::Timeout),
            (Errno::ADDRNOTAVAIL, ErrorKind::Ports),
            (Errno::MFILE, ErrorKind::Descriptors),
            (Errno::NFILE, ErrorKind::Descriptors),
            (Errno::HOSTUNREACH, ErrorKind::Connect),
        ];
        for (errno, kind) in cases {
            let error = io::Error::from_raw_os_error(errno.raw_os_error());
            assert_eq!(
                RequestError::from_io(&error, ErrorKind::Connect, "connecting").kind,
                kind,
                "{errno}"
            );
        }
    }

    #[test]
    fn names_are_distinct() {
        let names: std::collections::HashSet<_> = ErrorKind::ALL.iter().map(|kind| kind.as_str()).collect();
        assert_eq!(names.len(), ErrorKind::ALL.len());
    }
}
