//! How a command ends: its exit code, and the message when it failed.

use std::process::ExitCode;

use heavy_client::CalledAs;
use heavy_load::exit_code;
use heavy_process::signals::Interrupted;
use heavy_process::{data_dir, listen};

/// Why a command failed: the message and the exit code.
#[derive(Debug, thiserror::Error)]
#[error("{text}")]
pub(crate) struct CommandFailure {
    text: String,
    code: u8,
}

impl CommandFailure {
    /// The command line is wrong.
    pub(crate) fn usage(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            code: exit_code::WRONG_USAGE,
        }
    }

    /// The command could not run.
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            code: exit_code::COULD_NOT_RUN,
        }
    }

    /// Prefixes the message with where it happened.
    pub(crate) fn at(mut self, place: &str) -> Self {
        self.text = format!("{place}: {}", self.text);
        self
    }

    pub(crate) fn code(&self) -> ExitCode {
        ExitCode::from(self.code)
    }

    /// Appends a hint to the message.
    pub(crate) fn and(mut self, hint: &str) -> Self {
        self.text.push_str(hint);
        self
    }
}

impl From<anyhow::Error> for CommandFailure {
    fn from(error: anyhow::Error) -> Self {
        Self::new(format!("{error:#}"))
    }
}

impl From<std::io::Error> for CommandFailure {
    fn from(error: std::io::Error) -> Self {
        Self::new(error.to_string())
    }
}

impl From<heavy_store::Error> for CommandFailure {
    fn from(error: heavy_store::Error) -> Self {
        match error {
            heavy_store::Error::Url { .. } => Self::usage(error.to_string()),
            error => Self::new(error.to_string()),
        }
    }
}

impl From<heavy_sched::RegistrationError> for CommandFailure {
    fn from(error: heavy_sched::RegistrationError) -> Self {
        Self::new(error.to_string())
    }
}

impl From<heavy_client::Error> for CommandFailure {
    fn from(error: heavy_client::Error) -> Self {
        Self {
            code: error.exit_code(),
            text: error.message_for(CalledAs::Heavy),
        }
    }
}

impl From<heavy_store::FindError> for CommandFailure {
    fn from(error: heavy_store::FindError) -> Self {
        heavy_client::Error::from(error).into()
    }
}

impl From<listen::Error> for CommandFailure {
    fn from(error: listen::Error) -> Self {
        if error.is_wrong_usage() {
            Self::usage(error.to_string())
        } else {
            Self::new(error.to_string())
        }
    }
}

impl From<data_dir::Error> for CommandFailure {
    fn from(error: data_dir::Error) -> Self {
        Self::new(error.to_string())
    }
}

impl From<Interrupted> for CommandFailure {
    fn from(interrupted: Interrupted) -> Self {
        heavy_client::Error::from(interrupted).into()
    }
}

pub(crate) type CommandResult = Result<ExitCode, CommandFailure>;
