//! How a command ends: exit codes, and what is said when it did not work.

use std::process::ExitCode;

use crate::output;

/// It could not be done.
pub(crate) const FAILED: u8 = 1;
/// It was asked for wrongly.
pub(crate) const USAGE: u8 = 2;

/// Why a command did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The command line is wrong.
    #[error("{0}")]
    Usage(String),
    /// All else.
    #[error(transparent)]
    Other(#[from] anyhow::Error),
}

impl From<heavy_store::Error> for Failure {
    fn from(error: heavy_store::Error) -> Self {
        match error {
            heavy_store::Error::Url { .. } => Self::Usage(error.to_string()),
            error => Self::Other(error.into()),
        }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::Other(error.into())
    }
}

/// What a command gives back.
pub(crate) type Ended = Result<ExitCode, Failure>;

/// Says on stderr what went wrong, with its causes, and gives the exit code.
pub(crate) fn report(failure: &Failure) -> ExitCode {
    let (text, code) = match failure {
        Failure::Usage(text) => (text.clone(), USAGE),
        Failure::Other(error) => (format!("{error:#}"), FAILED),
    };
    output::note(&format!("error: {text}"));
    ExitCode::from(code)
}
