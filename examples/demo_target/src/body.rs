//! Response bodies: empty, short, or any number of bytes generated on the fly.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Frame, SizeHint};

static PATTERN: [u8; 16 << 10] = [b'.'; 16 << 10];

/// The body of a response.
#[derive(Debug)]
pub(crate) enum Body {
    Whole(Bytes),
    /// A repeated pattern, with content-length or chunked.
    Pattern {
        left: u64,
        told: bool,
    },
}

impl Body {
    pub(crate) fn text(text: impl Into<Bytes>) -> Body {
        Body::Whole(text.into())
    }
}

impl hyper::body::Body for Body {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let piece = match &mut *self {
            Body::Whole(bytes) => std::mem::take(bytes),
            Body::Pattern { left, .. } => {
                let length = usize::try_from(*left).map_or(PATTERN.len(), |left| left.min(PATTERN.len()));
                *left -= length as u64;
                Bytes::from_static(&PATTERN[..length])
            }
        };
        Poll::Ready((!piece.is_empty()).then(|| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Body::Whole(bytes) => bytes.is_empty(),
            // An empty chunked body still ends with a chunk.
            Body::Pattern { left, told } => *told && *left == 0,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Body::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Body::Pattern { left, told: true } => SizeHint::with_exact(*left),
            Body::Pattern { told: false, .. } => SizeHint::default(),
        }
    }
}
