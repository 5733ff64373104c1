//! Why a scheduler refuses: every kind with its HTTP status and the exit code of the command that asked.

use heavy_load::exit_code::{COULD_NOT_RUN, WRONG_USAGE};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy)]
struct KindRow {
    kind: ApiErrorKind,
    name: &'static str,
    status: u16,
    exit_code: u8,
    meaning: &'static str,
}

macro_rules! kinds {
    ($($kind:ident $name:literal $status:literal $exit_code:ident $meaning:literal;)+) => {
        /// Why a request is refused. Stable, for programs; the message beside it is for people.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum ApiErrorKind {
            $(#[doc = $meaning] $kind,)+
        }

        const TABLE: &[KindRow] = &[
            $(KindRow { kind: ApiErrorKind::$kind, name: $name, status: $status, exit_code: $exit_code, meaning: $meaning },)+
        ];
    };
}

// In the order of the enum, by which a kind finds its row.
kinds! {
    Spec "spec" 400 WRONG_USAGE "the document is invalid";
    Request "request" 400 WRONG_USAGE "a parameter or the body is invalid";
    Reference "reference" 400 WRONG_USAGE "neither an id, nor a prefix of one, nor last";
    Hash "hash" 400 WRONG_USAGE "not a SHA-256, or not that of the bytes";
    Length "length" 400 WRONG_USAGE "more or fewer bytes than announced";
    CrossSite "cross-site" 403 COULD_NOT_RUN "the request is for another host or comes from another site";
    NoSuchJob "no-such-job" 404 WRONG_USAGE "no job has this id";
    NoSuchArtifact "no-such-artifact" 404 WRONG_USAGE "the binary was not uploaded";
    NoSuchConfig "no-such-config" 404 WRONG_USAGE "no configuration has this name";
    NoSuchRoute "no-such-route" 404 COULD_NOT_RUN "the API has no such path";
    Method "method" 405 COULD_NOT_RUN "the path has other methods";
    Stalled "stalled" 408 COULD_NOT_RUN "the request or the upload took too long to come";
    Ambiguous "ambiguous" 409 WRONG_USAGE "the ids of several jobs start with the prefix";
    NotEnded "not-ended" 409 COULD_NOT_RUN "the job has not ended";
    NotRunning "not-running" 409 COULD_NOT_RUN "the job is not running";
    Steering "steering" 409 WRONG_USAGE "the load cannot be changed like this";
    TooLong "too-long" 413 WRONG_USAGE "more bytes than the limit";
    NotAProgram "not-a-program" 422 WRONG_USAGE "the bytes are not a program that agents can run";
    Database "database" 500 COULD_NOT_RUN "the results database failed";
    Disk "disk" 500 COULD_NOT_RUN "the disk failed";
    QueueFull "queue-full" 503 COULD_NOT_RUN "the queue is full";
    Busy "busy" 503 COULD_NOT_RUN "too many uploads at once";
    ShuttingDown "shutting-down" 503 COULD_NOT_RUN "the scheduler is shutting down";
    NoRoom "no-room" 507 COULD_NOT_RUN "no space for another one";
}

impl ApiErrorKind {
    /// Every kind, by status.
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE.iter().map(|row| row.kind)
    }

    /// The kind that answers name so; none of a newer scheduler's.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        TABLE.iter().find(|row| row.name == name).map(|row| row.kind)
    }

    const fn row(self) -> &'static KindRow {
        &TABLE[self as usize]
    }

    /// Its name in answers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.row().name
    }

    /// The HTTP status of the answer.
    #[must_use]
    pub const fn status(self) -> u16 {
        self.row().status
    }

    /// The exit code of a command whose request was refused so.
    #[must_use]
    pub const fn exit_code(self) -> u8 {
        self.row().exit_code
    }

    /// What it means, in a few words.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        self.row().meaning
    }
}

/// The body of every answer that refuses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Error {
    /// What went wrong.
    pub error: Problem,
}

/// What went wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Problem {
    /// An [`ApiErrorKind`] by its name; a newer scheduler may have more.
    pub kind: String,
    /// What is wrong and what to do, for people.
    pub message: String,
}

impl Error {
    /// The body that refuses a request.
    pub fn new(kind: ApiErrorKind, message: impl Into<String>) -> Self {
        Self {
            error: Problem {
                kind: kind.as_str().to_owned(),
                message: message.into(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_finds_its_row() {
        for kind in ApiErrorKind::all() {
            assert_eq!(kind.row().kind, kind);
            assert_eq!(ApiErrorKind::from_name(kind.as_str()), Some(kind));
            assert!(kind.status() >= 400 && kind.exit_code() > 0, "{kind:?}");
        }
        assert!(TABLE.is_sorted_by_key(|row| row.status));
    }
}
