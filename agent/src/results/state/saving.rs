//! The results of an assignment as they go to another process, and come from one.

use super::super::saved::SavedResults;
use super::ResultsState;
use crate::journal::JournalPosition;

impl ResultsState {
    /// Goes on with what was saved, after the load was set.
    pub(crate) fn restore(&mut self, saved: SavedResults) {
        self.rollup.restore(saved.rollup.unwrap_or_default());
        self.transcript.restore_dropped(saved.log_lines_dropped);
        self.cpu_max = saved.cpu_max;
        self.complete_before = saved.complete_before;
        self.end_monotonic_ns = saved.end_monotonic_ns.unwrap_or(u64::MAX);
        self.position = JournalPosition {
            output: saved.output,
            orders: saved.orders,
        };
        self.skipping = saved.skipping;
        self.ended = saved.ended.parse().ok();
        self.is_incomplete = saved.is_incomplete;
        self.due_ns = saved.due_ns;
    }

    /// Passes on what another process has passed on at the same position, after it had counted what was due by `due_ns`.
    pub(crate) fn flush_again(&mut self, due_ns: i64, complete_before: u32) {
        self.count_due(due_ns);
        self.complete_before = self.complete_before.max(complete_before);
        self.flush();
    }

    /// What is needed to go on when everything was passed on.
    pub(super) fn save(&mut self) -> SavedResults {
        let end_monotonic_ns = self.end_monotonic_ns;
        SavedResults {
            rollup: Some(self.rollup.save()),
            output: self.position.output,
            orders: self.position.orders,
            skipping: self.skipping,
            cpu_max: self.cpu_max,
            log_lines_dropped: self.transcript.dropped(),
            complete_before: self.complete_before,
            end_monotonic_ns: (end_monotonic_ns < u64::MAX).then_some(end_monotonic_ns),
            ended: self.ended.map(|ended| ended.to_string()).unwrap_or_default(),
            is_incomplete: self.is_incomplete,
            due_ns: self.due_ns,
        }
    }
}
