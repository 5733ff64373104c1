//! A job's progress, as watchers see it. Pure.

use heavy_load::load::Load;
use heavy_results::job::JobInfo;
use heavy_results::progress::Progress;
use heavy_results::summary::{Accounting, Summary};

use super::aggregation::LiveResults;

/// A job's progress with its place among the job's snapshots.
#[derive(Debug, Clone)]
pub(crate) struct Snapshot {
    /// Rises with every snapshot; [`Self::LAST`] of a job that has ended.
    pub(crate) number: u32,
    pub(crate) progress: Progress,
}

impl Snapshot {
    /// The number of the final snapshot, which comes from the job's driver or the store.
    pub(crate) const LAST: u32 = u32::MAX;

    /// A job's first snapshot, or its final one.
    pub(crate) const fn new(progress: Progress) -> Self {
        Self {
            number: if progress.state.is_final() { Self::LAST } else { 0 },
            progress,
        }
    }

    /// Puts newer progress in its place.
    pub(crate) fn replace(&mut self, progress: Progress) {
        let number = self.number.saturating_add(1).min(Self::LAST - 1);
        *self = Self::new(progress);
        self.number = self.number.max(number);
    }
}

/// Of a job that has a driver.
pub(crate) fn of_live(
    job: &JobInfo,
    load: &Load,
    agents: &[String],
    elapsed_ns: u64,
    seen: LiveResults,
) -> Progress {
    let newest = seen.newest.unwrap_or_default();
    let second_ns = u64::from(newest.second) * 1_000_000_000;
    Progress {
        agents: agents.to_vec(),
        elapsed_s: elapsed_ns as f64 / 1e9,
        duration_s: load.duration_ns() as f64 / 1e9,
        in_flight: newest.in_flight,
        asked_rate: load.rate_per_second_at(second_ns),
        achieved_rate: newest.started as f64,
        p50_ms: newest.p50_ms,
        p95_ms: newest.p95_ms,
        p99_ms: newest.p99_ms,
        ..of_counts(job, &seen.accounting)
    }
}

/// Of a job that only the store knows.
pub(crate) fn of_stored(job: &JobInfo, summary: Option<&Summary>) -> Progress {
    let Some(summary) = summary else {
        return of_counts(job, &Accounting::default());
    };
    let duration = &summary.requests.duration;
    let measured = |ms: f64| (duration.count > 0).then_some(ms);
    Progress {
        agents: summary.agents.iter().map(|agent| agent.agent.clone()).collect(),
        elapsed_s: summary.run_time_s,
        p50_ms: measured(duration.p50_ms),
        p95_ms: measured(duration.p95_ms),
        p99_ms: measured(duration.p99_ms),
        ..of_counts(job, &summary.iterations)
    }
}

/// As far as the job itself and its counts tell.
fn of_counts(job: &JobInfo, counts: &Accounting) -> Progress {
    Progress {
        job: job.id,
        state: job.state,
        reason: job.reason.clone(),
        verdict: job.verdict,
        agents: Vec::new(),
        elapsed_s: 0.0,
        duration_s: job.spec.total_duration().as_s(),
        planned: job.planned,
        scheduled: counts.scheduled,
        started: counts.started,
        ok: counts.ok,
        failed: counts.failed,
        dropped: counts.dropped.total(),
        in_flight: 0,
        asked_rate: job.asked_rate,
        achieved_rate: job.achieved_rate.unwrap_or(0.0),
        p50_ms: None,
        p95_ms: None,
        p99_ms: None,
    }
}
