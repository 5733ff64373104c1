//! Iterations by second and workflow, as they will travel.

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::RandomState;
use heavy_load::window::{Window, Windows};
use heavy_results::stats::Iterations;

use super::recorder::BatchedRecorder;

const SECOND_NS: u64 = 1_000_000_000;

/// A workflow's index among those that the job runs.
pub(crate) type WorkflowIndex = u16;

/// One second and window of one workflow.
#[derive(Debug)]
pub(crate) struct PlanRow {
    /// All but the histograms.
    pub(crate) counts: Iterations,
    pub(crate) duration: BatchedRecorder,
    pub(crate) response: BatchedRecorder,
    pub(crate) generator_lag: BatchedRecorder,
}

/// Rows that have changed since they were last taken.
#[derive(Debug, Default)]
pub(crate) struct PlanTable {
    names: Vec<Arc<str>>,
    /// Set before anything is counted.
    pub(super) windows: Windows,
    rows: HashMap<(u32, Window, WorkflowIndex), PlanRow, RandomState>,
}

impl PlanTable {
    /// A table for these workflows, in their order.
    pub(crate) fn new(names: Vec<Arc<str>>) -> Self {
        Self {
            names,
            ..Self::default()
        }
    }

    pub(crate) fn workflow(&self, name: &str) -> Option<WorkflowIndex> {
        let place = self.names.iter().position(|known| known.as_ref() == name)?;
        WorkflowIndex::try_from(place).ok()
    }

    /// The row of a second for iterations that were scheduled in a window.
    pub(crate) fn row(&mut self, workflow: WorkflowIndex, second: u32, window: Window) -> &mut PlanRow {
        self.rows
            .entry((second, window, workflow))
            .or_insert_with(|| PlanRow {
                counts: Iterations {
                    second,
                    window,
                    workflow: self.names.get(usize::from(workflow)).cloned().unwrap_or_default(),
                    ..Iterations::default()
                },
                duration: BatchedRecorder::default(),
                response: BatchedRecorder::default(),
                generator_lag: BatchedRecorder::default(),
            })
    }

    /// The counts of a second for what is due in it: of drops it is not known when in the second they were.
    pub(crate) fn at(&mut self, workflow: WorkflowIndex, second: u32) -> &mut Iterations {
        let window = self.windows.of_second(second);
        &mut self.row(workflow, second, window).counts
    }

    /// The counts of the second in which something was due.
    pub(crate) fn due_at(&mut self, workflow: WorkflowIndex, due_ns: u64) -> &mut Iterations {
        self.at(workflow, u32::try_from(due_ns / SECOND_NS).unwrap_or(u32::MAX))
    }

    pub(crate) fn take(&mut self) -> Vec<Iterations> {
        let rows = self.rows.drain();
        rows.map(|(_, row)| Iterations {
            duration: row.duration.finish(),
            response: row.response.finish(),
            generator_lag: row.generator_lag.finish(),
            ..row.counts
        })
        .collect()
    }
}
