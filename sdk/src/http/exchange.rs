//! The result of a request.

use std::sync::Arc;

use bytes::Bytes;
use heavy_plugin::line::Phases;
use http::{HeaderMap, Version, response};

use super::clock::monotonic_ns;
use super::error::RequestError;
use super::phases::PhaseClock;

/// The result of a request that has ended.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// The status code; 0 without a response. The caller decides whether a status is a failure.
    pub status: u16,
    /// The HTTP version of the response; HTTP/1.1 without one.
    pub version: Version,
    /// The headers of the response.
    pub headers: HeaderMap,
    /// The body, if the request keeps it. It is incomplete if there is an error or it was `truncated`.
    pub body: Bytes,
    /// Whether the kept body is cut because it exceeds the limit.
    pub truncated: bool,
    /// Body bytes received, kept or not.
    pub size: u64,
    /// When the request asked for a connection, in ns of `CLOCK_MONOTONIC`.
    pub started_ns: u64,
    /// When the last body byte arrived or the error occurred, in ns of `CLOCK_MONOTONIC`.
    pub ended_ns: u64,
    /// The phases; they add up to `ended_ns - started_ns`.
    pub phases: Phases,
    /// Whether the connection had served a request before.
    pub reused: bool,
    /// The connection's peer, such as `127.0.0.1:8080`; `None` without a connection, or if the client does not tell.
    pub remote_addr: Option<Arc<str>>,
    /// The error, if any. There may be a response as well: a body can break off.
    pub error: Option<RequestError>,
}

impl Exchange {
    /// A response that took no time, for clients that replace the network.
    #[must_use]
    pub fn answered(status: u16, body: impl Into<Bytes>) -> Self {
        let body = body.into();
        let mut exchange = Self::empty(&PhaseClock::new(monotonic_ns()));
        exchange.status = status;
        exchange.size = body.len() as u64;
        exchange.body = body;
        exchange
    }

    /// An error that took no time, for clients that reject a request before it is sent.
    #[must_use]
    pub fn refused(error: RequestError) -> Self {
        Self::failed(&PhaseClock::new(monotonic_ns()), error)
    }

    /// From asking for a connection to the last body byte.
    #[must_use]
    pub fn duration_ns(&self) -> u64 {
        self.ended_ns.saturating_sub(self.started_ns)
    }

    /// The protocol's name, such as `HTTP/1.1`.
    #[must_use]
    pub fn protocol(&self) -> &'static str {
        match self.version {
            Version::HTTP_09 => "HTTP/0.9",
            Version::HTTP_10 => "HTTP/1.0",
            Version::HTTP_2 => "HTTP/2",
            Version::HTTP_3 => "HTTP/3",
            _ => "HTTP/1.1",
        }
    }

    /// An exchange that fails where `clock` stands.
    pub(crate) fn failed(clock: &PhaseClock, error: RequestError) -> Self {
        let mut exchange = Self::empty(clock);
        exchange.error = Some(error);
        exchange
    }

    /// An exchange that ends where `clock` stands.
    pub(crate) fn empty(clock: &PhaseClock) -> Self {
        Self {
            status: 0,
            version: Version::HTTP_11,
            headers: HeaderMap::new(),
            body: Bytes::new(),
            truncated: false,
            size: 0,
            started_ns: clock.started_ns(),
            ended_ns: clock.now_ns(),
            phases: clock.phases(),
            reused: false,
            remote_addr: None,
            error: None,
        }
    }
}

/// What has arrived so far of one answer.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) head: Option<response::Parts>,
    pub(crate) size: u64,
    keep_at_most: usize,
    truncated: bool,
    first: Bytes,
    rest: Vec<u8>,
}

impl Received {
    /// Keeps up to `keep_at_most` bytes of the body: 0 when it is only to be counted.
    pub(crate) fn new(keep_at_most: usize) -> Self {
        Self {
            head: None,
            size: 0,
            keep_at_most,
            truncated: false,
            first: Bytes::new(),
            rest: Vec::new(),
        }
    }

    /// Counts a piece of the body and keeps it if it is wanted. A body of one piece is not copied.
    pub(crate) fn push(&mut self, mut data: Bytes) {
        self.size += data.len() as u64;
        if self.keep_at_most == 0 {
            return;
        }
        let room = self.keep_at_most - self.first.len() - self.rest.len();
        if data.len() > room {
            self.truncated = true;
            data.truncate(room);
        }
        if self.first.is_empty() {
            self.first = data;
        } else {
            self.rest.extend_from_slice(&data);
        }
    }

    /// Moves what arrived into `exchange`.
    pub(crate) fn fill(self, exchange: &mut Exchange) {
        exchange.size = self.size;
        exchange.truncated = self.truncated;
        exchange.body = if self.rest.is_empty() {
            self.first
        } else {
            let mut whole = Vec::with_capacity(self.first.len() + self.rest.len());
            whole.extend_from_slice(&self.first);
            whole.extend_from_slice(&self.rest);
            whole.into()
        };
        if let Some(head) = self.head {
            exchange.status = head.status.as_u16();
            exchange.version = head.version;
            exchange.headers = head.headers;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kept_body_is_whole_up_to_its_bound() {
        for (bound, kept, truncated) in [
            (0, "", false),
            (4, "abcd", true),
            (6, "abcdef", false),
            (9, "abcdef", false),
        ] {
            let mut answer = Received::new(bound);
            for piece in ["abc", "d", "ef"] {
                answer.push(Bytes::from_static(piece.as_bytes()));
            }
            let mut exchange = Exchange::answered(200, "");
            answer.fill(&mut exchange);
            assert_eq!(
                (exchange.body, exchange.truncated, exchange.size),
                (kept.into(), truncated, 6)
            );
        }
    }
}
