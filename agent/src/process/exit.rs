//! How a process ended.

use std::fmt;

use rustix::process::WaitStatus;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Exit {
    /// By itself, with a status.
    Status(i32),
    Signal(i32),
    /// Unseen, for this reason.
    Vanished(String),
    /// The system did not tell.
    #[default]
    Unknown,
}

impl From<WaitStatus> for Exit {
    fn from(status: WaitStatus) -> Self {
        match (status.exit_status(), status.terminating_signal()) {
            (Some(code), _) => Self::Status(code),
            (None, Some(signal)) => Self::Signal(signal),
            (None, None) => Self::Unknown,
        }
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(code) => write!(f, "exited with status {code}"),
            Self::Signal(signal) => {
                let name = match signal {
                    6 => " (aborted)",
                    9 => " (killed; out of memory?)",
                    11 => " (segmentation fault)",
                    15 => " (terminated)",
                    _ => "",
                };
                write!(f, "died of signal {signal}{name}")
            }
            Self::Vanished(error) => write!(f, "vanished ({error})"),
            Self::Unknown => f.write_str("ended"),
        }
    }
}
