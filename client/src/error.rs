//! Why a client's command did not do what was asked.

use std::io;
use std::path::PathBuf;

use heavy_api::error::ApiErrorKind;
use heavy_load::exit_code;
use heavy_store::FindError;

use super::called::CalledAs;

/// How a load ends that nobody can be told to end.
pub(super) const LEASE: &str = "if the scheduler is gone, its agents end their load by themselves within 10 s; if only this \
                                connection fails, the load goes on";

/// Why a client's command did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What was typed is wrong; the text says how to put it right.
    #[error("{0}")]
    Usage(String),
    /// A file cannot be read or written.
    #[error("cannot {what} {file}: {problem}", file = .file.display())]
    File {
        /// `read` or `write`.
        what: &'static str,
        /// The file.
        file: PathBuf,
        /// What the system said.
        problem: io::Error,
    },
    /// The binary is not a load test that could run here.
    #[error("cannot use {file} as a load test: {problem}", file = .file.display())]
    Program {
        /// The binary.
        file: PathBuf,
        /// What is wrong and what to do.
        problem: String,
    },
    /// Nobody answers.
    #[error("cannot reach the scheduler at {url}: {problem}")]
    Unreachable {
        /// The scheduler's URL.
        url: String,
        /// What the system said.
        problem: String,
    },
    /// Nobody answers, and a job was to be stopped or changed.
    #[error("cannot reach the scheduler at {url}: {problem}: nothing was {undone}; {LEASE}")]
    NotReached {
        /// The scheduler's URL.
        url: String,
        /// What the system said.
        problem: String,
        /// `stopped` or `changed`.
        undone: &'static str,
    },
    /// The scheduler refused the request.
    #[error("{message}")]
    Refused {
        /// Why, unless the scheduler is newer and has a kind that this version does not know.
        kind: Option<ApiErrorKind>,
        /// What is wrong and what to do, in the scheduler's words.
        message: String,
    },
    /// No job of the database is meant, or several.
    #[error(transparent)]
    Find(#[from] FindError),
    /// The database.
    #[error(transparent)]
    Store(#[from] heavy_store::Error),
    /// The scheduler's answer is not understood.
    #[error("cannot read the scheduler's answer ({0}): use the same version of heavy on both sides")]
    Answer(#[from] serde_json::Error),
    /// The scheduler's answer has no end.
    #[error("the scheduler's answer is longer than the limit of 16 MiB")]
    TooLong,
    /// The job has ended, and was to be changed.
    #[error("job {job} is {state}: only a running job can be changed")]
    Ended {
        /// Its id.
        job: String,
        /// Its state's name.
        state: &'static str,
    },
    /// The job has not ended, and no command or scheduler that runs it is known.
    #[error(
        "no command on this machine runs job {job}: use --scheduler URL if a scheduler does; if its command was killed, the \
         next `heavy run` or `heavy up` on its data directory closes the job"
    )]
    Gone {
        /// Its id.
        job: String,
    },
    /// Interrupted before there was a job.
    #[error("interrupted before the job was submitted")]
    Interrupted,
    /// Interrupted, and the scheduler did not answer.
    #[error("interrupted, but the scheduler does not answer: the job may run on; {LEASE}")]
    RunsOn {
        /// The job's id.
        job: String,
    },
    /// Interrupted a third time, when the job was stopped and its results were not there.
    #[error("left job {job}: its load was stopped, and its results are not complete")]
    Left {
        /// The job's id.
        job: String,
    },
    /// Standard output.
    #[error("cannot write the result: {0}")]
    Output(#[from] io::Error),
}

impl Error {
    /// The same error of a verb that was to change something.
    pub(super) fn undone(self, undone: &'static str) -> Self {
        match self {
            Self::Unreachable { url, problem } => Self::NotReached { url, problem, undone },
            error => error,
        }
    }

    /// Whether the same request may succeed a little later: the scheduler, or its database, may come back.
    pub(super) const fn may_pass(&self) -> bool {
        match self {
            Self::Refused { kind, .. } => matches!(kind, Some(ApiErrorKind::Database)),
            Self::Usage(_) => false,
            _ => true,
        }
    }

    /// The exit code of the command.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) | Self::Program { .. } => exit_code::WRONG_USAGE,
            Self::File { what, .. } if *what == "read" => exit_code::WRONG_USAGE,
            Self::Refused { kind: Some(kind), .. } => kind.exit_code(),
            Self::Find(FindError::Reference(_) | FindError::Ambiguous { .. }) => exit_code::WRONG_USAGE,
            Self::Interrupted | Self::RunsOn { .. } | Self::Left { .. } => exit_code::INTERRUPTED,
            _ => exit_code::COULD_NOT_RUN,
        }
    }

    /// The message for a person who has typed the command of this name.
    #[must_use]
    pub fn message_for(&self, called: CalledAs) -> String {
        match self {
            Self::Unreachable { .. } | Self::NotReached { .. } => {
                format!(
                    "{self}; start one with `{}`, or use --scheduler URL",
                    called.serve()
                )
            }
            Self::Refused {
                kind: Some(ApiErrorKind::NoSuchConfig),
                ..
            } => format!("{self}; `{called} config list` lists the configurations"),
            Self::RunsOn { job } => format!("{self}; stop it with `{called} stop {job}`"),
            _ => self.to_string(),
        }
    }
}

impl From<heavy_process::signals::Interrupted> for Error {
    fn from(_: heavy_process::signals::Interrupted) -> Self {
        Self::Interrupted
    }
}
