//! Judges a job again, by its own thresholds or by others, from its stored statistics.

use heavy_results::aggregate::Aggregator;
use heavy_results::job::{Checked, JobInfo};
use heavy_results::summary::Summary;
use heavy_results::threshold::{Threshold, ThresholdSummary};

use crate::{Error, StatisticsReader, Store};

/// Complete seconds that are kept while older ones are read.
const KEPT_S: u32 = 120;

/// Judges a job by `thresholds` on its stored results; one that still runs, on its results so far.
///
/// # Errors
/// When the database cannot be read.
pub async fn judge(store: &dyn Store, job: &JobInfo, thresholds: &[Threshold]) -> Result<Checked, Error> {
    let summary = store.summary(job.id).await?;
    let mut aggregator = Aggregator::new(job.spec.load(), []).watching(thresholds);
    let mut reader = StatisticsReader::new(job.id);
    while reader.aggregate(store, &mut aggregator).await? {
        aggregator.discard_series(KEPT_S);
    }
    if let Some(end_ns) = end_ns(job, summary.as_ref()) {
        aggregator.end_at(end_ns);
    } else if !job.state.is_final() {
        aggregator.judge_before(
            aggregator
                .newest_complete_second()
                .map_or(0, |row| row.second + 1),
        );
    }
    let thresholds = aggregator.thresholds(job.state);
    Ok(Checked {
        job: job.id,
        passed: thresholds.iter().all(ThresholdSummary::passed),
        thresholds,
    })
}

/// The instant up to which iterations were started. Jobs of earlier versions have only the rate over that time.
fn end_ns(job: &JobInfo, summary: Option<&Summary>) -> Option<u64> {
    if let Some(load_s) = job.load_s.filter(|_| job.state.is_final()) {
        return Some((load_s * 1e9).round() as u64);
    }
    let rate = job.achieved_rate.filter(|rate| *rate > 0.0)?;
    let started = summary?.iterations.started as f64;
    Some((started * 1e9 / rate).round() as u64)
}
