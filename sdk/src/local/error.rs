//! Why a work cannot begin, or ended early.

use std::convert::Infallible;
use std::io;
use std::time::Duration;

use heavy_load::rate;

use super::Report;

/// Why a work cannot begin, or ended early.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The rate is invalid, 0, or too high.
    #[error(transparent)]
    InvalidRate(#[from] rate::Error),
    /// The duration is 0, or longer than a year.
    #[error("invalid duration {0:?}: expected more than 0 and at most 365 days")]
    InvalidDuration(Duration),
    /// An option is out of its bounds.
    #[error("invalid {option} {value}: expected 1 to {most}")]
    InvalidLimit {
        /// The method of [`Options`](super::Options) that set it.
        option: &'static str,
        /// What was set.
        value: u64,
        /// What is possible.
        most: u64,
    },
    /// The worker was built without a target.
    #[error("the worker {worker:?} has no target: set one with `target` before `build`")]
    MissingTarget {
        /// The worker's name.
        worker: String,
    },
    /// The worker, or the function from [`force`](super::force), is still running.
    #[error(
        "the worker {worker:?} is still running: wait for its report or stop it before starting it again"
    )]
    Busy {
        /// The worker's name.
        worker: String,
    },
    /// A target failed so often that its worker stopped, or panicked in a farm.
    #[error("the target of {:?} failed: {}", .0.worker, .0.message)]
    Target(Box<Failed>),
    /// A listener panicked, could not flush, or did not end within the grace.
    #[error("a listener of {:?} failed: {}", .0.worker, .0.message)]
    Listener(Box<Failed>),
    /// [`block_on`](super::block_on) was called where a tokio runtime runs, which it would block.
    #[error("block_on cannot run inside a tokio runtime: await the future instead")]
    InsideRuntime,
    /// The operating system provides no thread, timer or event queue.
    #[error("cannot start the worker threads")]
    Runtime(#[source] io::Error),
}

/// Which worker failed, and what had been done by then.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Failed {
    /// The worker's name.
    pub worker: String,
    /// The message of the failure that stopped it.
    pub message: String,
    /// The report of the work; of a farm those of all workers, in their order.
    pub reports: Vec<Report>,
}

impl Error {
    /// The reports of what had been done when a work failed: one, or those of all workers of a farm in their order.
    /// Empty for what never began.
    #[must_use]
    pub fn reports(&self) -> &[Report] {
        match self {
            Self::Target(failed) | Self::Listener(failed) => &failed.reports,
            _ => &[],
        }
    }
}

impl From<Infallible> for Error {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}
