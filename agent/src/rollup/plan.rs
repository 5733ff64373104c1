//! Iterations by second and workflow, as they will travel.

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::RandomState;
use heavy_model::stats::Iterations;

use super::ledger::Workflow;

const SECOND_NS: u64 = 1_000_000_000;

/// Rows that have changed since they were last taken.
#[derive(Debug, Default)]
pub(crate) struct PlanTable {
    names: Vec<Arc<str>>,
    rows: HashMap<(u32, Workflow), Iterations, RandomState>,
}

impl PlanTable {
    /// A table for these workflows, in their order.
    pub(crate) fn new(names: Vec<Arc<str>>) -> Self {
        Self {
            names,
            rows: HashMap::default(),
        }
    }

    /// A workflow's place.
    pub(crate) fn workflow(&self, name: &str) -> Option<Workflow> {
        let place = self.names.iter().position(|known| known.as_ref() == name)?;
        Workflow::try_from(place).ok()
    }

    /// The row of a second.
    pub(crate) fn at(&mut self, workflow: Workflow, second: u32) -> &mut Iterations {
        self.rows.entry((second, workflow)).or_insert_with(|| Iterations {
            second,
            workflow: self.names.get(usize::from(workflow)).cloned().unwrap_or_default(),
            ..Iterations::default()
        })
    }

    /// The row of the second in which something was due.
    pub(crate) fn due_at(&mut self, workflow: Workflow, due_ns: u64) -> &mut Iterations {
        self.at(workflow, u32::try_from(due_ns / SECOND_NS).unwrap_or(u32::MAX))
    }

    /// The rows since the last call.
    pub(crate) fn take(&mut self) -> Vec<Iterations> {
        self.rows.drain().map(|(_, row)| row).collect()
    }
}
