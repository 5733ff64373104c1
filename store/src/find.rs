//! Finds the job that a user refers to: by its id, a unique prefix of it, or `last`.

use heavy_results::job::JobInfo;
use uuid::Uuid;

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
    let prefix = prefix(reference)?;
    let found = store.jobs_with_prefix(&prefix, LISTED).await?;
    only(prefix, found.into_iter().map(|job| (job.id, job)))
}

/// As [`find_job`], by an id or a prefix among jobs that are at hand; `None` if none of them is meant.
///
/// # Errors
/// When more than one is meant, or `reference` cannot be an id.
pub fn find_among<T>(
    reference: &str,
    jobs: impl IntoIterator<Item = (Uuid, T)>,
) -> Result<Option<T>, FindError> {
    let prefix = prefix(reference)?;
    let meant = jobs
        .into_iter()
        .filter(|(id, _)| id.to_string().starts_with(&prefix));
    match only(prefix.clone(), meant.take(LISTED as usize)) {
        Err(FindError::Unknown(_)) => Ok(None),
        found => found.map(Some),
    }
}

fn prefix(reference: &str) -> Result<String, FindError> {
    let prefix = reference.to_ascii_lowercase();
    let digit = |byte: u8| byte.is_ascii_hexdigit() || byte == b'-';
    if prefix.is_empty() || prefix.len() > LONGEST || !prefix.bytes().all(digit) {
        return Err(FindError::Reference(reference.chars().take(80).collect()));
    }
    Ok(prefix)
}

fn only<T>(prefix: String, found: impl Iterator<Item = (Uuid, T)>) -> Result<T, FindError> {
    let (ids, mut jobs): (Vec<Uuid>, Vec<T>) = found.unzip();
    match (jobs.pop(), ids.len()) {
        (None, _) => Err(FindError::Unknown(prefix)),
        (Some(job), 1) => Ok(job),
        _ => Err(FindError::Ambiguous {
            prefix,
            ids: ids.iter().map(Uuid::to_string).collect(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_at_hand_is_found_by_its_id_or_a_prefix_of_its_own() {
        let ids = [0xab01_u128 << 112, 0xab02 << 112].map(Uuid::from_u128);
        let find = |reference: &str| find_among(reference, ids.into_iter().zip([1, 2]));
        assert_eq!(find(&ids[0].to_string()).unwrap(), Some(1));
        assert_eq!(find("AB02").unwrap(), Some(2));
        assert_eq!(find("ac").unwrap(), None);
        let error = find("ab").unwrap_err().to_string();
        assert!(error.contains(&ids[1].to_string()), "{error}");
        assert!(matches!(find("x"), Err(FindError::Reference(_))));
    }
}
