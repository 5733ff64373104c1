//! Iterations by workflow.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::accounting;
use crate::stats::Iterations;
use crate::summary::{Accounting, Distribution};
use heavy_load::histogram::Histogram;

/// The iterations of every workflow that has reported any.
#[derive(Debug, Default)]
pub(super) struct WorkflowTable(BTreeMap<Arc<str>, WorkflowSums>);

#[derive(Debug, Default)]
struct WorkflowSums {
    iterations: Accounting,
    duration: Histogram,
    response: Histogram,
    generator_lag: Histogram,
}

impl WorkflowTable {
    pub(super) fn add(&mut self, row: &Iterations) {
        let sums = self.0.entry(Arc::clone(&row.workflow)).or_default();
        accounting::add(&mut sums.iterations, &accounting::of(row));
        sums.duration.merge(&row.duration);
        sums.response.merge(&row.response);
        sums.generator_lag.merge(&row.generator_lag);
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &Arc<str>> {
        self.0.keys()
    }

    /// All iterations together.
    pub(super) fn accounting(&self) -> Accounting {
        let mut sum = Accounting::default();
        for sums in self.0.values() {
            accounting::add(&mut sum, &sums.iterations);
        }
        sum
    }

    /// Those of one workflow.
    pub(super) fn accounting_of(&self, workflow: &str) -> Accounting {
        self.0
            .get(workflow)
            .map(|sums| sums.iterations)
            .unwrap_or_default()
    }

    /// Durations of a workflow's completed iterations.
    pub(super) fn duration_of(&self, workflow: &str) -> Distribution {
        self.0
            .get(workflow)
            .map(|sums| Distribution::from(&sums.duration))
            .unwrap_or_default()
    }

    /// Response times of a workflow's completed iterations; `None` without any.
    pub(super) fn response_of(&self, workflow: &str) -> Option<Distribution> {
        self.0
            .get(workflow)
            .and_then(|sums| Distribution::from_nonempty(&sums.response))
    }

    /// Response times of all.
    pub(super) fn response(&self) -> Histogram {
        self.merged(|sums| &sums.response)
    }

    /// Generator lag of all.
    pub(super) fn generator_lag(&self) -> Histogram {
        self.merged(|sums| &sums.generator_lag)
    }

    fn merged(&self, of: impl Fn(&WorkflowSums) -> &Histogram) -> Histogram {
        let mut all = Histogram::default();
        self.0.values().for_each(|sums| all.merge(of(sums)));
        all
    }
}
