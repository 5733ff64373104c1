//! The response to a request.

use std::borrow::Cow;
use std::panic::Location;
use std::time::Duration;

use bytes::Bytes;
use heavy_plugin::line::Phases;
use serde::de::DeserializeOwned;

use crate::http::{Exchange, HeaderMap};
use crate::observer::called;
use crate::request_id::RequestId;

/// A complete response to a request, whatever its status.
///
/// ```
/// # use heavy_sdk::prelude::*;
/// # async fn run(ctx: &Context) -> Result<()> {
/// let order = ctx.post("http://127.0.0.1:8080/checkout").send().await?;
/// ensure!(order.is_success(), "{} was answered {}", order.request_id(), order.status());
/// let order: serde_json::Value = order.json()?;
/// # let _ = order; Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Response {
    exchange: Exchange,
    request_id: RequestId,
}

/// Why a body cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BodyError {
    /// The body is larger than heavy keeps.
    #[error("only {kept} of the {size} bytes of the body were kept")]
    NotKept {
        /// Bytes kept.
        kept: usize,
        /// Bytes received.
        size: u64,
    },
    /// The body does not match the expected JSON.
    #[error("the body (status {status}) does not match the expected JSON")]
    NotJson {
        /// The status of the response.
        status: u16,
        /// What does not match, and where.
        #[source]
        source: serde_json::Error,
    },
}

impl Response {
    pub(crate) fn new(exchange: Exchange, request_id: RequestId) -> Self {
        Self { exchange, request_id }
    }

    /// The status code.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.exchange.status
    }

    /// The ID of the request in the target's logs and in the results (`requests.request_id`).
    #[must_use]
    pub fn request_id(&self) -> &str {
        self.request_id.as_str()
    }

    /// Whether the status is one of 200 to 299.
    #[must_use]
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.exchange.status)
    }

    /// All headers.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.exchange.headers
    }

    /// One header, if it is present and is text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.exchange.headers.get(name)?.to_str().ok()
    }

    /// The body as text; invalid UTF-8 becomes `U+FFFD`.
    ///
    /// # Errors
    /// If it was not kept whole.
    #[track_caller]
    pub fn text(&self) -> Result<Cow<'_, str>, BodyError> {
        Ok(String::from_utf8_lossy(self.bytes()?))
    }

    /// The body, parsed as JSON.
    ///
    /// # Errors
    /// If it was not kept whole, or is not the JSON of a `T`.
    #[track_caller]
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, BodyError> {
        let call = Location::caller();
        serde_json::from_slice(self.bytes()?).map_err(|source| {
            called(call);
            BodyError::NotJson {
                status: self.status(),
                source,
            }
        })
    }

    /// The body's bytes.
    ///
    /// # Errors
    /// If it was not kept whole.
    #[track_caller]
    pub fn bytes(&self) -> Result<&Bytes, BodyError> {
        let kept = self.exchange.body.len();
        if self.exchange.truncated || kept as u64 != self.exchange.size {
            called(Location::caller());
            let size = self.exchange.size;
            return Err(BodyError::NotKept { kept, size });
        }
        Ok(&self.exchange.body)
    }

    /// Body bytes received, kept or not.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.exchange.size
    }

    /// The duration, from asking for a connection to the last byte of the body.
    #[must_use]
    pub fn duration(&self) -> Duration {
        Duration::from_nanos(self.exchange.duration_ns())
    }

    /// The duration of each phase.
    #[must_use]
    pub fn phases(&self) -> Phases {
        self.exchange.phases
    }
}
