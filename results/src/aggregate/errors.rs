//! Errors by workflow, step, name and kind.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::stats::Errors;

/// Keys that are kept apart; the rest are added up under the kind `(other)`.
const MOST_ERRORS: usize = 1000;

/// The totals of every kind of error. It has at most [`MOST_ERRORS`] entries and `(other)`.
#[derive(Debug, Default)]
pub(super) struct ErrorTable(BTreeMap<[Arc<str>; 4], Errors>);

impl ErrorTable {
    pub(super) fn add(&mut self, row: &Errors) {
        let mut key = [&row.workflow, &row.step, &row.name, &row.kind].map(Arc::clone);
        if self.0.len() >= MOST_ERRORS && !self.0.contains_key(&key) {
            key = ["", "", "", "(other)"].map(Arc::from);
        }
        if let Some(total) = self.0.get_mut(&key) {
            total.count += row.count;
            total.repeats += row.repeats;
            total.first_ns = total.first_ns.min(row.first_ns);
            total.last_ns = total.last_ns.max(row.last_ns);
            return;
        }
        let [workflow, step, name, kind] = key.clone();
        let first = Errors {
            workflow,
            step,
            name,
            kind,
            ..row.clone()
        };
        self.0.insert(key, first);
    }

    /// Those of iterations.
    pub(super) fn of_iterations(&self) -> impl Iterator<Item = &Errors> {
        self.0.values().filter(|error| error.name.is_empty())
    }

    /// Most frequent first.
    pub(super) fn summaries(&self) -> Vec<Errors> {
        let mut errors: Vec<Errors> = self.0.values().cloned().collect();
        errors.sort_by_key(|error| std::cmp::Reverse(error.count));
        errors
    }
}
