//! What can be wrong with what a client asks.

use heavy_store::FindError;

use super::machine::event::ChangeRefused;
use crate::{artifacts, configs};

/// Why a request of a client is not carried out.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The job document is wrong.
    #[error(transparent)]
    Spec(#[from] heavy_results::job::SpecError),
    /// A parameter of the URL, or the body as a whole, is wrong.
    #[error("the request cannot be read: {0}")]
    Request(String),
    /// Something about a binary.
    #[error(transparent)]
    Artifact(#[from] artifacts::Error),
    /// Something about a configuration.
    #[error(transparent)]
    Config(#[from] configs::Error),
    /// No job is meant, or several.
    #[error(transparent)]
    Find(#[from] FindError),
    /// What is asked of a job cannot be done, or not now.
    #[error(transparent)]
    Refused(#[from] ChangeRefused),
    /// The queue is full.
    #[error("the queue is full ({0} jobs): try again later")]
    QueueFull(usize),
    /// The scheduler ends.
    #[error("the scheduler is shutting down")]
    ShuttingDown,
    /// The directory of variables.
    #[error("cannot store the job's environment variables in the scheduler's data directory: {0}")]
    Env(std::io::Error),
    /// The results database.
    #[error(transparent)]
    Store(#[from] heavy_store::Error),
}
