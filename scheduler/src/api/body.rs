//! Bodies of requests: whole, bounded and in time, before a handler sees any of it.

use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use heavy_api::error::ApiErrorKind;
use heavy_proto::net::MAX_MESSAGE_BYTES;
use tokio::time::timeout;

use super::refusal::refuse;

/// A body that has not come by then is awaited no longer.
const LIMIT: Duration = Duration::from_secs(30);

/// Reads the body, at most 16 MiB within 30 s, and hands the request on.
pub(super) async fn whole(request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    match timeout(LIMIT, to_bytes(body, MAX_MESSAGE_BYTES)).await {
        Ok(Ok(body)) => next.run(Request::from_parts(parts, Body::from(body))).await,
        Ok(Err(error)) if is_too_long(&error) => {
            refuse(ApiErrorKind::TooLong, "the body is longer than 16 MiB")
        }
        Ok(Err(error)) => refuse(ApiErrorKind::Request, format!("cannot read the body: {error}")),
        Err(_) => refuse(
            ApiErrorKind::Stalled,
            format!("the body did not come within {} s", LIMIT.as_secs()),
        ),
    }
}

fn is_too_long(error: &axum::Error) -> bool {
    let mut error: Option<&dyn std::error::Error> = Some(error);
    while let Some(cause) = error {
        if cause.is::<http_body_util::LengthLimitError>() {
            return true;
        }
        error = cause.source();
    }
    false
}
