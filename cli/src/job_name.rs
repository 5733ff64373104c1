//! Which job a person means: an id, a unique prefix of one, or `last`.

use heavy_results::job::JobInfo;
use heavy_store::Store;

use crate::exit::Failure;

/// The word for the job that was submitted last.
pub(crate) const LAST: &str = "last";

/// Finds a job in a store.
///
/// # Errors
/// When no job or more than one is meant, and when the store cannot be read.
pub(crate) async fn find(store: &dyn Store, name: &str) -> Result<JobInfo, Failure> {
    if name == LAST {
        let newest = store.jobs(1).await?.into_iter().next();
        return newest
            .ok_or_else(|| Failure::new("there are no jobs yet: run `heavy demo` or `heavy run URL` first"));
    }
    let prefix = name.to_ascii_lowercase();
    if prefix.is_empty()
        || !prefix
            .bytes()
            .all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
    {
        return Err(Failure::usage(format!(
            "{name:?} is not a job: write its id, the beginning of its id, or {LAST}"
        )));
    }
    let mut jobs = store.jobs_with_prefix(&prefix, 6).await?;
    match jobs.len() {
        0 => Err(Failure::new(format!(
            "no job's id begins with {name}; `heavy jobs` shows the jobs"
        ))),
        1 => Ok(jobs.remove(0)),
        _ => {
            let ids: Vec<String> = jobs.iter().map(|job| job.id.to_string()).collect();
            Err(Failure::usage(format!(
                "more than one job's id begins with {name}: write more of it, as in {}",
                ids.join(", ")
            )))
        }
    }
}
