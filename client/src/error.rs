//! Why a client's command did not do what was asked.

use heavy_load::exit_code;
use std::io;
use std::path::PathBuf;

use tonic::{Code, Status};

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
        /// Which.
        file: PathBuf,
        /// What the system said.
        problem: io::Error,
    },
    /// The binary is no load test that could run here.
    #[error("{file} cannot be submitted: {problem}", file = .file.display())]
    Program {
        /// Which.
        file: PathBuf,
        /// What is wrong and what to do.
        problem: String,
    },
    /// Nobody answers.
    #[error(
        "cannot reach the scheduler at {url}: {problem}; start one with `heavy-sched serve` or say --scheduler URL"
    )]
    Unreachable {
        /// Where it was looked for.
        url: String,
        /// What the system said.
        problem: String,
    },
    /// The scheduler said no.
    #[error("{}", .0.message())]
    Refused(Status),
    /// The scheduler's answer is not understood.
    #[error("the scheduler's answer cannot be read ({0}): use the same version of heavy on both sides")]
    Answer(#[from] serde_json::Error),
    /// Somebody broke it off; the text says what is left behind.
    #[error("{0}")]
    Interrupted(String),
    /// Standard output.
    #[error("cannot write the result: {0}")]
    Output(#[from] io::Error),
}

impl Error {
    /// The exit code of the command.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) | Self::Program { .. } => exit_code::WRONG_USAGE,
            Self::File { what, .. } if *what == "read" => exit_code::WRONG_USAGE,
            Self::Refused(status) if matches!(status.code(), Code::InvalidArgument | Code::NotFound) => {
                exit_code::WRONG_USAGE
            }
            Self::Interrupted(_) => exit_code::INTERRUPTED,
            _ => exit_code::COULD_NOT_RUN,
        }
    }
}

impl From<heavy_process::signals::Interrupted> for Error {
    fn from(_: heavy_process::signals::Interrupted) -> Self {
        Self::Interrupted("interrupted before the job was submitted".to_owned())
    }
}
