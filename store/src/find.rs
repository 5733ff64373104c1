//! Finds the job that a user refers to: by its id, a unique prefix of it, or `last`.

use heavy_results::job::JobInfo;

use crate::{Error, Store};

/// The reference to the job that was submitted last.
pub const LAST: &str = "last";

/// How many jobs a message lists.
const LISTED: u32 = 6;
/// An id has no more digits and dashes.
const LONGEST: usize = 36;

/// Why a reference matches no single job.
#[derive(Debug, thiserror::Error)]
pub enum FindError {
    /// Neither an id, nor a prefix of one, nor `last`.
    #[error("unknown job `{0}`: expected an id, a unique prefix of an id, or `last`")]
    Reference(String),
    /// `last`, and there are no jobs.
    #[error("no jobs yet: run one first")]
    NoJobs,
    /// No id starts with the prefix.
    #[error("no job matches the prefix `{0}`: list the jobs to see their ids")]
    Unknown(String),
    /// Several ids start with the prefix.
    #[error("the prefix `{prefix}` matches several jobs: use a longer one, such as {}", .ids.join(", "))]
    Ambiguous {
        /// The prefix.
        prefix: String,
        /// Some of them.
        ids: Vec<String>,
    },
    /// The database failed.
    #[error(transparent)]
    Store(#[from] Error),
}

/// Finds a job by its id, a unique prefix of it, or `last`.
///
/// # Errors
/// When no job or more than one is meant, and when the database cannot be read.
pub async fn find_job(store: &dyn Store, reference: &str) -> Result<JobInfo, FindError> {
    if reference == LAST {
        return store.jobs(1).await?.pop().ok_or(FindError::NoJobs);
    }
    let prefix = reference.to_ascii_lowercase();
    let digit = |byte: u8| byte.is_ascii_hexdigit() || byte == b'-';
    if prefix.is_empty() || prefix.len() > LONGEST || !prefix.bytes().all(digit) {
        return Err(FindError::Reference(reference.chars().take(80).collect()));
    }
    let mut found = store.jobs_with_prefix(&prefix, LISTED).await?;
    match found.len() {
        0 => Err(FindError::Unknown(prefix)),
        1 => Ok(found.remove(0)),
        _ => Err(FindError::Ambiguous {
            prefix,
            ids: found.iter().map(|job| job.id.to_string()).collect(),
        }),
    }
}
