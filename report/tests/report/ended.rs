//! Summaries to render of jobs that never ran, that ended early, or whose generator was late.

use std::collections::BTreeMap;

use heavy_results::job::JobState;
use heavy_results::summary::{Accounting, Distribution, RequestTotals, Summary, Timeline, VERSION};
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
    Summary {
        version: VERSION,
        job,
        heavy_version: "0.1.0".to_owned(),
        complete: true,
        run_time_s: 0.0,
        thresholds: Vec::new(),
        iterations: Accounting {
            planned: 1_000,
            ..Accounting::default()
        },
        iteration_rate: None,
        generator_lag: Distribution::default(),
        iteration_duration: Distribution::default(),
        response_time: None,
        requests: RequestTotals::default(),
        windows: Vec::new(),
        timeline: Timeline::default(),
        events: Vec::new(),
        workflows: Vec::new(),
        errors: Vec::new(),
        not_results: BTreeMap::new(),
        metrics: Vec::new(),
        agents: Vec::new(),
        warnings: Vec::new(),
    }
}
