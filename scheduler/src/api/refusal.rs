//! Errors as clients see them: the kind of each, and the answer that says so.

use axum::Json;
use axum::response::{IntoResponse, Response};
use heavy_api::error::ApiErrorKind;
use heavy_store::FindError;
use http::StatusCode;

use crate::job::error::Error;
use crate::job::machine::event::ChangeRefused;
use crate::{artifacts, configs};

pub(super) fn kind(error: &Error) -> ApiErrorKind {
    match error {
        Error::Spec(_) => ApiErrorKind::Spec,
        Error::Request(_) => ApiErrorKind::Request,
        Error::Artifact(error) => kind_of_artifact(error),
        Error::Config(error) => kind_of_config(error),
        Error::Find(FindError::Reference(_)) => ApiErrorKind::Reference,
        Error::Find(FindError::NoJobs | FindError::Unknown(_)) => ApiErrorKind::NoSuchJob,
        Error::Find(FindError::Ambiguous { .. }) => ApiErrorKind::Ambiguous,
        Error::Store(heavy_store::Error::Running { .. }) => ApiErrorKind::NotEnded,
        Error::Find(FindError::Store(_)) | Error::Store(_) => ApiErrorKind::Database,
        Error::Refused(ChangeRefused::Change(_)) => ApiErrorKind::Steering,
        Error::Refused(ChangeRefused::NotRunning(_)) => ApiErrorKind::NotRunning,
        Error::QueueFull(_) => ApiErrorKind::QueueFull,
        Error::ShuttingDown => ApiErrorKind::ShuttingDown,
        Error::Env(_) => ApiErrorKind::Disk,
    }
}

pub(super) const fn kind_of_artifact(error: &artifacts::Error) -> ApiErrorKind {
    match error {
        artifacts::Error::NotAHash(_) | artifacts::Error::Hash { .. } => ApiErrorKind::Hash,
        artifacts::Error::TooLong => ApiErrorKind::TooLong,
        artifacts::Error::Length { .. } => ApiErrorKind::Length,
        artifacts::Error::NotAProgram(_) => ApiErrorKind::NotAProgram,
        artifacts::Error::Unknown(_) | artifacts::Error::UnknownFile { .. } => ApiErrorKind::NoSuchArtifact,
        artifacts::Error::NoRoom { .. } => ApiErrorKind::NoRoom,
        artifacts::Error::Stalled => ApiErrorKind::Stalled,
        artifacts::Error::TooManyUploads => ApiErrorKind::Busy,
        artifacts::Error::Disk(_) => ApiErrorKind::Disk,
    }
}

const fn kind_of_config(error: &configs::Error) -> ApiErrorKind {
    match error {
        configs::Error::Spec(_) => ApiErrorKind::Spec,
        configs::Error::Unknown(_) => ApiErrorKind::NoSuchConfig,
        configs::Error::TooLong(_) => ApiErrorKind::TooLong,
        configs::Error::TooMany => ApiErrorKind::NoRoom,
        configs::Error::Damaged(..) | configs::Error::Disk(_) => ApiErrorKind::Disk,
    }
}

/// The answer that refuses a request.
pub(super) fn refuse(kind: ApiErrorKind, message: impl Into<String>) -> Response {
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
