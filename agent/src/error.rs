//! Why an agent cannot run at all. What goes wrong with a job is reported to the scheduler instead.

use std::io;
use std::path::PathBuf;

use heavy_load::vocabulary::SandboxLevel;

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
    /// No agent can work with so little.
    #[error("spool limit of {bytes} bytes is too small: expected at least {least} ({} MiB)", least >> 20)]
    SpoolLimit {
        /// The limit as given.
        bytes: u64,
        /// The smallest one.
        least: u64,
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
    /// Load tests would run in less of a sandbox than they must.
    #[error("load tests would run in the sandbox {level}, but --require-sandbox is {required}: {lacks}")]
    Sandbox {
        /// What is required.
        required: SandboxLevel,
        /// What there is.
        level: SandboxLevel,
        /// Why there is no more.
        lacks: String,
    },
    /// A path that load tests are to read, and cannot or must not.
    #[error("invalid --allow-read {path}: {problem}", path = .path.display())]
    AllowRead {
        /// The path as given.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// This process cannot be hidden from its load tests.
    #[error("{0}; --sandbox none does without")]
    Exposed(String),
    /// The system cannot start a thread.
    #[error("cannot start a thread: {0}")]
    Thread(#[source] io::Error),
}

impl Error {
    /// Whether the command line is wrong, rather than what it met.
    #[must_use]
    pub const fn is_usage(&self) -> bool {
        match self {
            Self::Name(_) | Self::Url { .. } | Self::AllowRead { .. } | Self::SpoolLimit { .. } => true,
            Self::DataDir(error) => error.is_wrong_usage(),
            Self::Refused { .. } | Self::Thread(_) | Self::Sandbox { .. } | Self::Exposed(_) => false,
        }
    }
}
