//! Why an agent cannot run at all. What goes wrong with a job is reported to the scheduler instead.

use std::io;

/// Why an agent cannot run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The name is empty, too long, or has other characters.
    #[error("invalid agent name `{0}`: expected 1 to 64 letters, digits, dots, dashes and underscores")]
    Name(String),
    /// A URL of a scheduler or collector that cannot be parsed.
    #[error("invalid {what} URL `{url}`: expected http://HOST:PORT")]
    Url {
        /// `scheduler` or `collector`.
        what: &'static str,
        /// The URL as given.
        url: String,
    },
    /// The data directory cannot be used.
    #[error(transparent)]
    DataDir(#[from] heavy_process::data_dir::Error),
    /// The scheduler refuses this agent.
    #[error("the scheduler at {url} refused this agent: {message}")]
    Refused {
        /// The scheduler's URL.
        url: String,
        /// The scheduler's message.
        message: String,
    },
    /// The system cannot start a thread.
    #[error("cannot start a thread: {0}")]
    Thread(#[source] io::Error),
}

impl Error {
    /// Whether the command line is wrong, rather than what it met.
    #[must_use]
    pub const fn is_usage(&self) -> bool {
        match self {
            Self::Name(_) | Self::Url { .. } => true,
            Self::DataDir(error) => error.is_wrong_usage(),
            Self::Refused { .. } | Self::Thread(_) => false,
        }
    }
}
