//! Exit codes of commands that run or look at jobs, and which job gives which.

use heavy_model::job::{Checked, JobInfo, JobState};
use heavy_model::verdict::Verdict;

/// PASS, or the command did what was asked.
pub const PASS: u8 = 0;
/// It could not be run, or lost its load test.
pub const COULD_NOT_RUN: u8 = 1;
/// The command line is wrong.
pub const WRONG_USAGE: u8 = 2;
/// INVALID: the generator could not do what was asked.
pub const INVALID: u8 = 98;
/// FAIL by what was measured.
pub const FAIL: u8 = 99;
/// Somebody stopped it.
pub const INTERRUPTED: u8 = 130;

/// The exit code that a job's end stands for.
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

/// The exit code of thresholds that a job was judged by.
#[must_use]
pub const fn of_check(checked: &Checked) -> u8 {
    if checked.passed { PASS } else { FAIL }
}
