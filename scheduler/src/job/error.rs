//! Why a client's request is refused.

use heavy_store::FindError;

use super::machine::event::ChangeRefused;
use crate::{artifacts, configs};

/// Why a request of a client is not carried out.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Spec(#[from] heavy_results::job::SpecError),
    /// A parameter of the URL, or the body as a whole, is wrong.
    #[error("invalid request: {0}")]
    Request(String),
    #[error(transparent)]
    Artifact(#[from] artifacts::Error),
    #[error(transparent)]
    Config(#[from] configs::Error),
    #[error(transparent)]
    Find(#[from] FindError),
    #[error(transparent)]
    Refused(#[from] ChangeRefused),
    #[error("the queue is full ({0} jobs): try again later")]
    QueueFull(usize),
    #[error("the scheduler is shutting down")]
    ShuttingDown,
    #[error("cannot store the job's environment variables in the scheduler's data directory: {0}")]
    Env(std::io::Error),
    #[error(transparent)]
    Store(#[from] heavy_store::Error),
}
