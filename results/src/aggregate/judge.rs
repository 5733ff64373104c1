//! Thresholds on what is folded: while the job runs, and at its end.

use super::Aggregator;
use crate::job::JobState;
use crate::threshold::{Breach, Observed, Threshold, ThresholdSummary, ThresholdWatch};

impl Aggregator {
    /// The same fold, with thresholds to watch; before anything is applied.
    #[must_use]
    pub fn watching(mut self, thresholds: &[Threshold]) -> Self {
        self.watch = ThresholdWatch::new(thresholds, self.series.last_second());
        self
    }

    /// Judges the thresholds on what ends before a second, of which everything is known. Gives the one, if there is
    /// one now, that is broken and is to stop the load.
    pub fn judge_before(&mut self, before_second: u32) -> Option<Breach> {
        let planned = self.load.duration_ns() / 1_000_000_000;
        self.watch
            .advance(before_second, u32::try_from(planned).unwrap_or(u32::MAX))
    }

    /// Says up to where iterations were due: the plan's end, or earlier in a job that was stopped.
    pub fn end_at(&mut self, end_ns: u64) {
        self.end_ns = Some(end_ns);
    }

    /// The time that rates are of: that in which there could be something, which is all of the plan once it was carried
    /// out.
    pub(super) fn measured(&self, carried_out: bool) -> Observed {
        let end_ns = self.end_ns.unwrap_or_else(|| self.load.duration_ns());
        let planned_ns = if carried_out && self.load.is_open() {
            end_ns
        } else {
            1
        };
        // Users that come to the end of their iterations plan nothing more.
        let load_ns = if self.load.is_open() {
            end_ns
        } else {
            end_ns.min(self.totals.last_ended_ns)
        };
        Observed {
            run_time_s: self.totals.last_ended_ns.max(planned_ns) as f64 / 1e9,
            planned_before_second: u32::try_from(load_ns / 1_000_000_000).unwrap_or(u32::MAX),
        }
    }

    /// What became of the thresholds that are watched, of a job that ended, and whether it did so as planned.
    #[must_use]
    pub fn thresholds(&self, state: JobState) -> Vec<ThresholdSummary> {
        let measured = self.measured(state == JobState::Finished);
        self.watch.outcomes(measured, state.is_final())
    }
}
