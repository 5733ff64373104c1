//! Iterations by workflow.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::stats::Iterations;
use crate::summary::Accounting;
use heavy_load::histogram::Histogram;
use heavy_load::measured_time::WorkflowProgress;

/// The iterations of every workflow that has reported any.
#[derive(Debug, Default)]
pub(super) struct WorkflowTable(BTreeMap<Arc<str>, WorkflowSums>);

#[derive(Debug, Default)]
pub(super) struct WorkflowSums {
    pub(super) iterations: Accounting,
    pub(super) duration: Histogram,
    pub(super) response: Histogram,
    pub(super) generator_lag: Histogram,
    /// When the last iteration ended; 0 if none has, or if only agents of earlier versions reported some.
    last_ended_ns: u64,
}

impl WorkflowTable {
    pub(super) fn add(&mut self, row: &Iterations) {
        let sums = self.0.entry(Arc::clone(&row.workflow)).or_default();
        sums.iterations.add(&Accounting::from(row));
        sums.duration.merge(&row.duration);
        sums.response.merge(&row.response);
        sums.generator_lag.merge(&row.generator_lag);
        sums.last_ended_ns = sums.last_ended_ns.max(row.last_ended_ns);
    }

    /// How far a workflow is, or with the empty name all of them together. `last_ended_ns` is when anything ended last.
    pub(super) fn progress(&self, workflow: &str, last_ended_ns: u64) -> WorkflowProgress {
        let own = self
            .0
            .iter()
            .filter(|(name, _)| workflow.is_empty() || ***name == *workflow);
        let mut progress = WorkflowProgress::default();
        for (_, sums) in own {
            progress.started += sums.iterations.started;
            progress.last_ended_ns = progress.last_ended_ns.max(sums.last_ended_ns);
        }
        if progress.last_ended_ns == 0 {
            progress.last_ended_ns = last_ended_ns;
        }
        progress
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &Arc<str>> {
        self.0.keys()
    }

    /// All iterations together.
    pub(super) fn accounting(&self) -> Accounting {
        let mut sum = Accounting::default();
        self.0.values().for_each(|sums| sum.add(&sums.iterations));
        sum
    }

    pub(super) fn of(&self, workflow: &str) -> Option<&WorkflowSums> {
        self.0.get(workflow)
    }

    /// The values of all workflows together.
    pub(super) fn merged(&self, of: impl Fn(&WorkflowSums) -> &Histogram) -> Histogram {
        let mut all = Histogram::default();
        self.0.values().for_each(|sums| all.merge(of(sums)));
        all
    }
}
