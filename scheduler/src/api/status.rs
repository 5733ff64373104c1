//! Errors as clients see them: a gRPC status, or an HTTP status with a short, stable kind. One function each.

use http::StatusCode;
use tonic::{Code, Status};

use crate::job::error::Error;
use crate::{artifacts, configs};

/// An error's gRPC code, HTTP status and kind.
fn classify(error: &Error) -> (Code, StatusCode, &'static str) {
    match error {
        Error::Spec(_) => (Code::InvalidArgument, StatusCode::BAD_REQUEST, "spec"),
        Error::Request(_) => (Code::InvalidArgument, StatusCode::BAD_REQUEST, "request"),
        Error::Artifact(error) => classify_artifact(error),
        Error::Config(error) => classify_config(error),
        Error::Reference(_) => (Code::InvalidArgument, StatusCode::BAD_REQUEST, "reference"),
        Error::NoSuchJob(_) | Error::NoJob => (Code::NotFound, StatusCode::NOT_FOUND, "no-such-job"),
        Error::Ambiguous(_) => (Code::InvalidArgument, StatusCode::CONFLICT, "ambiguous"),
        Error::Steering(_) => (Code::InvalidArgument, StatusCode::CONFLICT, "steering"),
        Error::NotRunning(_) => (Code::FailedPrecondition, StatusCode::CONFLICT, "not-running"),
        Error::QueueFull(_) => (
            Code::ResourceExhausted,
            StatusCode::SERVICE_UNAVAILABLE,
            "queue-full",
        ),
        Error::ShuttingDown => (
            Code::Unavailable,
            StatusCode::SERVICE_UNAVAILABLE,
            "shutting-down",
        ),
        Error::Store(_) => (Code::Internal, StatusCode::INTERNAL_SERVER_ERROR, "database"),
        Error::Env(_) => (Code::Internal, StatusCode::INTERNAL_SERVER_ERROR, "disk"),
    }
}

fn classify_artifact(error: &artifacts::Error) -> (Code, StatusCode, &'static str) {
    match error {
        artifacts::Error::NotAHash(_) => (Code::InvalidArgument, StatusCode::BAD_REQUEST, "hash"),
        artifacts::Error::TooLong => (Code::InvalidArgument, StatusCode::PAYLOAD_TOO_LARGE, "too-long"),
        artifacts::Error::Length { .. } => (Code::InvalidArgument, StatusCode::BAD_REQUEST, "length"),
        artifacts::Error::Hash { .. } => (Code::InvalidArgument, StatusCode::BAD_REQUEST, "hash"),
        artifacts::Error::NotAProgram(_) => (
            Code::InvalidArgument,
            StatusCode::UNPROCESSABLE_ENTITY,
            "not-a-program",
        ),
        artifacts::Error::Unknown(_) => (Code::NotFound, StatusCode::NOT_FOUND, "no-such-artifact"),
        artifacts::Error::NoRoom => (
            Code::ResourceExhausted,
            StatusCode::INSUFFICIENT_STORAGE,
            "no-room",
        ),
        artifacts::Error::Stalled => (Code::DeadlineExceeded, StatusCode::REQUEST_TIMEOUT, "stalled"),
        artifacts::Error::Disk(_) => (Code::Internal, StatusCode::INTERNAL_SERVER_ERROR, "disk"),
    }
}

fn classify_config(error: &configs::Error) -> (Code, StatusCode, &'static str) {
    match error {
        configs::Error::Spec(_) => (Code::InvalidArgument, StatusCode::BAD_REQUEST, "spec"),
        configs::Error::Unknown(_) => (Code::NotFound, StatusCode::NOT_FOUND, "no-such-config"),
        configs::Error::TooLong(_) => (Code::InvalidArgument, StatusCode::PAYLOAD_TOO_LARGE, "too-long"),
        configs::Error::TooMany => (
            Code::ResourceExhausted,
            StatusCode::INSUFFICIENT_STORAGE,
            "no-room",
        ),
        configs::Error::Damaged(..) | configs::Error::Disk(_) => {
            (Code::Internal, StatusCode::INTERNAL_SERVER_ERROR, "disk")
        }
    }
}

/// For gRPC.
pub(crate) fn of(error: &Error) -> Status {
    Status::new(classify(error).0, error.to_string())
}

/// For gRPC.
pub(crate) fn artifact(error: &artifacts::Error) -> Status {
    Status::new(classify_artifact(error).0, error.to_string())
}

/// For HTTP: the status and the kind.
pub(crate) fn http(error: &Error) -> (StatusCode, &'static str) {
    let (_, status, kind) = classify(error);
    (status, kind)
}
