//! Errors as clients see them: the kind of each, and the answer that says so.

use axum::Json;
use axum::response::{IntoResponse, Response};
use heavy_api::error::ErrorKind;
use heavy_store::FindError;
use http::StatusCode;

use crate::job::error::Error;
use crate::job::machine::event::ChangeRefused;
use crate::{artifacts, configs};

pub(super) fn kind(error: &Error) -> ErrorKind {
    match error {
        Error::Spec(_) => ErrorKind::Spec,
        Error::Request(_) => ErrorKind::Request,
        Error::Artifact(error) => kind_of_artifact(error),
        Error::Config(error) => kind_of_config(error),
        Error::Find(FindError::Reference(_)) => ErrorKind::Reference,
        Error::Find(FindError::NoJobs | FindError::Unknown(_)) => ErrorKind::NoSuchJob,
        Error::Find(FindError::Ambiguous { .. }) => ErrorKind::Ambiguous,
        Error::Store(heavy_store::Error::Running { .. }) => ErrorKind::NotEnded,
        Error::Find(FindError::Store(_)) | Error::Store(_) => ErrorKind::Database,
        Error::Refused(ChangeRefused::Change(_)) => ErrorKind::Steering,
        Error::Refused(ChangeRefused::NotRunning(_)) => ErrorKind::NotRunning,
        Error::QueueFull(_) => ErrorKind::QueueFull,
        Error::ShuttingDown => ErrorKind::ShuttingDown,
        Error::Env(_) => ErrorKind::Disk,
    }
}

pub(super) const fn kind_of_artifact(error: &artifacts::Error) -> ErrorKind {
    match error {
        artifacts::Error::NotAHash(_) | artifacts::Error::Hash { .. } => ErrorKind::Hash,
        artifacts::Error::TooLong => ErrorKind::TooLong,
        artifacts::Error::Length { .. } => ErrorKind::Length,
        artifacts::Error::NotAProgram(_) => ErrorKind::NotAProgram,
        artifacts::Error::Unknown(_) => ErrorKind::NoSuchArtifact,
        artifacts::Error::NoRoom => ErrorKind::NoRoom,
        artifacts::Error::Stalled => ErrorKind::Stalled,
        artifacts::Error::Disk(_) => ErrorKind::Disk,
    }
}

const fn kind_of_config(error: &configs::Error) -> ErrorKind {
    match error {
        configs::Error::Spec(_) => ErrorKind::Spec,
        configs::Error::Unknown(_) => ErrorKind::NoSuchConfig,
        configs::Error::TooLong(_) => ErrorKind::TooLong,
        configs::Error::TooMany => ErrorKind::NoRoom,
        configs::Error::Damaged(..) | configs::Error::Disk(_) => ErrorKind::Disk,
    }
}

/// The answer that refuses a request.
pub(super) fn refuse(kind: ErrorKind, message: impl Into<String>) -> Response {
    let status = StatusCode::from_u16(kind.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, Json(heavy_api::error::Error::new(kind, message))).into_response()
}

/// An error on its way to the client.
#[derive(Debug)]
pub(super) struct Refusal(Error);

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        refuse(kind(&self.0), self.0.to_string())
    }
}

impl<E: Into<Error>> From<E> for Refusal {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}
