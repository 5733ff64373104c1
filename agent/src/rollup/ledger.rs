//! The account of all released iterations, by the second in which they are due.
//!
//! A dropped line says how many of a span were dropped and not which: a load test deals iterations to its cores, so
//! the spans of two cores overlap. The account therefore counts. For each second it knows how many were released,
//! became due, were reported and were dropped; what is left at the end is lost, so that `scheduled = started +
//! dropped` and `started = ok + failed + interrupted + lost` hold whatever lines come.

mod saving;
mod span;

use std::collections::VecDeque;

pub(crate) use self::span::DropCause;
use self::span::DropSpan;
use super::plan::{PlanTable, WorkflowIndex};
use super::second::{LedgerSecond, SECOND_NS};

/// A released iteration: workflow and number.
pub(crate) type Key = (WorkflowIndex, u64);

/// Iterations that are known by number and not yet reported; beyond it the oldest are only counted.
const MAX_OPEN: usize = 1 << 18;

/// Seconds that are kept although all of them seems known, because part of that was guessed.
const MAX_GUESSED: usize = 600;

#[derive(Debug, Default)]
pub(crate) struct Ledger {
    /// For each workflow its seconds that are not settled, ascending.
    workflows: Vec<VecDeque<LedgerSecond>>,
    /// Released ones by due time, until they are due and counted.
    upcoming: VecDeque<(u64, WorkflowIndex)>,
    /// What is left of spans over several seconds.
    spans: Vec<DropSpan>,
    /// For each workflow how many were released and not reported, whatever second they are counted in.
    untold: Vec<u64>,
    open: usize,
    /// What was reported and dropped beyond what was released, in seconds that got too large a part of a span.
    excess: u64,
}

impl Ledger {
    /// Records iterations that are being released, ascending in number and due time.
    pub(crate) fn release(&mut self, workflow: WorkflowIndex, due: &[(u64, u64)]) {
        let place = usize::from(workflow);
        if self.workflows.len() <= place {
            self.workflows.resize_with(place + 1, VecDeque::new);
            self.untold.resize(place + 1, 0);
        }
        self.untold[place] += due.len() as u64;
        let seconds = &mut self.workflows[place];
        for (n, due_ns) in due {
            let second = due_ns / SECOND_NS;
            if seconds.back().is_none_or(|last| last.second < second) {
                seconds.push_back(LedgerSecond::new(second, *n));
            }
            if let Some(last) = seconds.back_mut() {
                last.release(*n);
            }
            self.upcoming.push_back((*due_ns, workflow));
        }
        self.open += due.len();
        self.bound();
    }

    /// Counts all that became due by `now_ns` as scheduled.
    pub(crate) fn count_due(&mut self, now_ns: i64, plan: &mut PlanTable) {
        while let Some((due_ns, workflow)) = self.upcoming.front().copied() {
            if i64::try_from(due_ns).unwrap_or(i64::MAX) > now_ns {
                break;
            }
            self.upcoming.pop_front();
            if let Some(found) = self.second_of(workflow, due_ns) {
                found.scheduled += 1;
                plan.due_at(workflow, due_ns).scheduled += 1;
            }
        }
        self.forget_settled();
    }

    /// Settles one whose iteration line came: it had started. False if it was not outstanding.
    pub(crate) fn started(&mut self, (workflow, n): Key, plan: &mut PlanTable) -> bool {
        let seconds = self.workflows.get_mut(usize::from(workflow));
        let second = seconds.and_then(|seconds| {
            let place = seconds.partition_point(|second| second.last_n < n);
            seconds.get_mut(place)
        });
        let Some(second) = second.filter(|second| second.first_n <= n) else {
            return false;
        };
        if self.untold[usize::from(workflow)] == 0 {
            return false;
        }
        if !second.hear(n) {
            return false;
        }
        plan.due_at(workflow, second.second * SECOND_NS).started += 1;
        self.untold[usize::from(workflow)] -= 1;
        self.open = self.open.saturating_sub(1);
        true
    }

    /// Settles those of a dropped line. Returns how many of `count` exceed those outstanding.
    pub(crate) fn dropped(
        &mut self,
        workflow: WorkflowIndex,
        (first, last, count): (u64, u64, u64),
        reason: DropCause,
        plan: &mut PlanTable,
    ) -> u64 {
        let mut span = DropSpan {
            workflow,
            first,
            last,
            count,
            reason,
        };
        let possible: u64 = self.seconds_of(&span).map(|second| second.possible()).sum();
        let untold = self.untold.get_mut(usize::from(workflow));
        let possible = possible.min(untold.as_deref().copied().unwrap_or(0));
        span.count = count.min(possible).min((last - first).saturating_add(1));
        if let Some(untold) = untold {
            *untold -= span.count;
        }
        let missing = count - span.count;
        self.give(&mut span, plan, false);
        self.keep(span);
        missing
    }

    /// Ends the account: what was due by `end_ns` and not reported is lost. What would have been due from then on
    /// is dropped as a gap if it is planned before `until_ns`, else withdrawn.
    pub(crate) fn close(&mut self, end_ns: i64, until_ns: u64, plan: &mut PlanTable) {
        // Batches of several workflows lie one after the other, not by due time.
        self.upcoming.make_contiguous().sort_unstable();
        self.count_due(end_ns, plan);
        for (due_ns, workflow) in std::mem::take(&mut self.upcoming) {
            if due_ns < until_ns
                && let Some(second) = self.second_of(workflow, due_ns)
            {
                second.planned += 1;
            }
        }
        let mut spans = std::mem::take(&mut self.spans);
        spans.sort_by_key(|span| span.first);
        for mut span in spans {
            self.give(&mut span, plan, true);
            self.give_beyond(span, plan);
        }
        let mut excess = std::mem::take(&mut self.excess);
        excess += self
            .workflows
            .iter()
            .flatten()
            .map(LedgerSecond::excess)
            .sum::<u64>();
        for (workflow, seconds) in (0..).zip(&mut self.workflows) {
            for second in seconds.drain(..) {
                let row = plan.due_at(workflow, second.second * SECOND_NS);
                // A load test may have started some of what it was about to be told to forget.
                row.scheduled += second.beyond_end();
                let balanced = second.unaccounted().min(excess);
                excess -= balanced;
                let lost = second.unaccounted() - balanced;
                row.started += lost;
                row.lost += lost;
                let gap = second.not_due();
                let balanced = gap.min(excess);
                excess -= balanced;
                row.scheduled += gap;
                row.dropped.gap += gap - balanced;
            }
        }
        if excess > 0 {
            // Only a load test that tells two fates of one iteration comes to this.
            plan.at(0, 0).scheduled += excess;
        }
    }

    /// How many are outstanding and were due by the last count.
    pub(crate) fn in_flight(&self) -> u64 {
        let seconds = || self.workflows.iter().flatten();
        let unaccounted: u64 = seconds().map(LedgerSecond::unaccounted).sum();
        let excess: u64 = self.excess + seconds().map(LedgerSecond::excess).sum::<u64>();
        let spans: u64 = self.spans.iter().map(|span| span.count).sum();
        unaccounted.saturating_sub(excess + spans)
    }

    fn second_of(&mut self, workflow: WorkflowIndex, due_ns: u64) -> Option<&mut LedgerSecond> {
        let second = due_ns / SECOND_NS;
        let seconds = self.workflows.get_mut(usize::from(workflow))?;
        seconds.iter_mut().rev().find(|known| known.second == second)
    }

    fn seconds_of(&mut self, span: &DropSpan) -> impl Iterator<Item = &mut LedgerSecond> + use<'_> {
        let (first, last) = (span.first, span.last);
        let seconds = self.workflows.get_mut(usize::from(span.workflow));
        let seconds = seconds.into_iter().flat_map(move |seconds| {
            let place = seconds.partition_point(|second| second.last_n < first);
            seconds.range_mut(place..)
        });
        seconds.take_while(move |second| second.first_n <= last)
    }

    /// Gives the count of a span to its seconds: all of it if there is one or with `all`, else what is sure. What is
    /// left stays in the span.
    fn give(&mut self, span: &mut DropSpan, plan: &mut PlanTable, all: bool) {
        let whole = all || self.seconds_of(span).nth(1).is_none();
        let asked = *span;
        for second in self.seconds_of(&asked) {
            let part = if whole { span.count } else { asked.part_in(second) };
            let count = part.min(span.count).min(second.outstanding());
            second.drop_some(count, !whole);
            span.count -= count;
            let row = plan.due_at(span.workflow, second.second * SECOND_NS);
            span.reason.count_in(&mut row.dropped, count);
        }
    }

    /// Counts what is left of a span at the end and finds nothing outstanding in its seconds, because they were given
    /// too much of other spans. What those spans lack elsewhere is as much.
    fn give_beyond(&mut self, span: DropSpan, plan: &mut PlanTable) {
        if span.count == 0 {
            return;
        }
        let second = self.seconds_of(&span).last().map(|second| {
            second.drop_some(span.count, false);
            second.second
        });
        if second.is_none() {
            self.excess += span.count;
        }
        let row = plan.due_at(span.workflow, second.unwrap_or_default() * SECOND_NS);
        span.reason.count_in(&mut row.dropped, span.count);
    }

    /// Keeps what is left of a span, with what is left of those that lie in the same seconds.
    fn keep(&mut self, span: DropSpan) {
        if span.count == 0 {
            return;
        }
        let ends = |ledger: &mut Self, span: &DropSpan| {
            let mut seconds = ledger.seconds_of(span).map(|second| second.second);
            let first = seconds.next();
            (first, seconds.last())
        };
        let own = ends(self, &span);
        let last = self.spans.last().copied();
        let same = last.is_some_and(|last| {
            (last.workflow, last.reason) == (span.workflow, span.reason) && ends(self, &last) == own
        });
        match self.spans.last_mut() {
            Some(last) if same => {
                last.count += span.count;
                last.first = last.first.min(span.first);
                last.last = last.last.max(span.last);
            }
            _ => self.spans.push(span),
        }
    }

    /// Forgets seconds of which everything is known; nothing of them can come any more.
    fn forget_settled(&mut self) {
        for seconds in &mut self.workflows {
            // The newest may still be added to.
            let older = seconds.len().saturating_sub(1);
            for second in seconds
                .iter_mut()
                .take(older)
                .filter(|second| second.is_settled())
            {
                self.open = self.open.saturating_sub(second.only_count());
            }
            while seconds.len() > 1 {
                let many = seconds.len() > MAX_GUESSED;
                let known = |second: &mut LedgerSecond| second.is_settled() && (many || second.is_certain());
                let Some(second) = seconds.pop_front_if(known) else {
                    break;
                };
                self.excess += second.excess();
            }
        }
    }

    fn bound(&mut self) {
        while self.open > MAX_OPEN {
            let known = self
                .workflows
                .iter_mut()
                .flatten()
                .filter(|second| second.open() > 0);
            let Some(oldest) = known.min_by_key(|second| second.second) else {
                break;
            };
            self.open = self.open.saturating_sub(oldest.only_count());
        }
    }
}

#[cfg(test)]
mod tests;
