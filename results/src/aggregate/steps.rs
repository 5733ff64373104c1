//! Steps and checks by workflow and name.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::stats::{Checks, Steps};
use crate::summary::{CheckSummary, Distribution};
use heavy_load::histogram::Histogram;

/// The totals of every step that has ended at least once.
#[derive(Debug, Default)]
pub(super) struct StepTable(BTreeMap<(Arc<str>, Arc<str>), StepSums>);

#[derive(Debug, Default)]
struct StepSums {
    failed: u64,
    duration: Histogram,
}

impl StepTable {
    pub(super) fn add(&mut self, row: &Steps) {
        let key = (Arc::clone(&row.workflow), Arc::clone(&row.step));
        let sums = self.0.entry(key).or_default();
        sums.failed += row.failed;
        sums.duration.merge(&row.duration);
    }

    /// The names of a workflow's steps.
    pub(super) fn names<'a>(&'a self, workflow: &'a str) -> impl Iterator<Item = &'a Arc<str>> {
        let of = move |(of, _): &&(Arc<str>, Arc<str>)| **of == *workflow;
        self.0.keys().filter(of).map(|(_, step)| step)
    }

    /// How many of a step failed, and the durations of all.
    pub(super) fn of(&self, workflow: &Arc<str>, step: &Arc<str>) -> (u64, Distribution) {
        self.0
            .get(&(Arc::clone(workflow), Arc::clone(step)))
            .map(|sums| (sums.failed, Distribution::from(&sums.duration)))
            .unwrap_or_default()
    }
}

/// How often every check was true and false.
#[derive(Debug, Default)]
pub(super) struct CheckTable(BTreeMap<(Arc<str>, Arc<str>), (u64, u64)>);

impl CheckTable {
    pub(super) fn add(&mut self, row: &Checks) {
        let key = (Arc::clone(&row.workflow), Arc::clone(&row.name));
        let (passes, fails) = self.0.entry(key).or_default();
        *passes += row.passes;
        *fails += row.fails;
    }

    /// The checks of a workflow, by name.
    pub(super) fn of(&self, workflow: &str) -> Vec<CheckSummary> {
        self.0
            .iter()
            .filter(|((of, _), _)| **of == *workflow)
            .map(|((_, check), (passes, fails))| CheckSummary {
                name: check.to_string(),
                passes: *passes,
                fails: *fails,
            })
            .collect()
    }
}
