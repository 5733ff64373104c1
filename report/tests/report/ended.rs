//! Summaries to render of jobs that never ran, that ended early, or whose generator was late.

use heavy_results::job::JobState;
use heavy_results::summary::Summary;
use heavy_results::verdict::Verdict;

use crate::sample::{job, shop};

/// A job that somebody stopped after a tenth of its plan, with iterations under way.
pub(crate) fn stopped() -> Summary {
    let mut summary = shop();
    summary.job = job(
        "shop",
        JobState::Stopped,
        Some(Verdict::Pass),
        "stopped by a client",
    );
    summary.iterations.planned *= 10;
    summary.iterations.ok -= 4;
    summary.iterations.interrupted = 4;
    summary
}

/// A job whose generator could not keep up.
pub(crate) fn invalid() -> Summary {
    let mut summary = shop();
    let reason = "the generator dropped 30 iterations as late: 3.000% of those due, limit 0.1%";
    summary.job = job("shop", JobState::Finished, Some(Verdict::Invalid), reason);
    summary.iterations.started -= 30;
    summary.iterations.ok -= 30;
    summary.iterations.dropped.late = 30;
    summary.job.achieved_rate = Some(97.0);
    summary
}

pub(crate) fn never_ran() -> Summary {
    let reason = "the load test said no hello within 10s; the end of its stderr: no such file: config.toml";
    let mut job = job("shop", JobState::Failed, None, reason);
    (job.started_at_wall_ns, job.achieved_rate, job.load_s) = (None, None, None);
    let mut summary = Summary::without_results(job);
    // What is shown must not change with each release.
    "0.1.0".clone_into(&mut summary.heavy_version);
    summary
}
