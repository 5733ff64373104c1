//! The exit code for the end of a job.

use heavy_load::exit_code::{COULD_NOT_RUN, FAIL, INTERRUPTED, INVALID, PASS};
use heavy_results::job::{JobInfo, JobState};
use heavy_results::verdict::Verdict;

/// The exit code for the end of a job.
#[must_use]
pub fn of_job(job: &JobInfo) -> u8 {
    match (job.state, job.verdict) {
        (JobState::Stopped, _) => INTERRUPTED,
        // Somebody did not want to wait for its end.
        (state, _) if !state.is_final() => INTERRUPTED,
        (JobState::Finished, Some(Verdict::Pass)) => PASS,
        (JobState::Finished, Some(Verdict::Fail)) => FAIL,
        (JobState::Finished, Some(Verdict::Invalid)) => INVALID,
        _ => COULD_NOT_RUN,
    }
}
