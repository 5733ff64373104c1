//! The account of every released iteration: outstanding until its line comes, then settled; at the end nothing is
//! outstanding and `scheduled = started + dropped`, `started = ok + failed + interrupted + lost`.

use std::collections::{HashMap, VecDeque};

use foldhash::fast::RandomState;
use heavy_model::stats::Dropped;

use super::plan::PlanTable;

/// A workflow's place among those that the job runs.
pub(crate) type Workflow = u16;

/// A released iteration: workflow and number.
pub(crate) type Key = (Workflow, u64);

/// Why an iteration was dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DropReason {
    /// No free slot.
    Full,
    /// The generator was too far behind.
    Late,
    /// Nobody could execute it.
    Gap,
}

impl DropReason {
    /// Reads a line's reason; one that is not known counts as `late`: the generator's fault.
    pub(crate) fn of(text: &str) -> Self {
        match text {
            "full" => Self::Full,
            "gap" => Self::Gap,
            _ => Self::Late,
        }
    }

    pub(crate) fn count_in(self, dropped: &mut Dropped, n: u64) {
        match self {
            Self::Full => dropped.full += n,
            Self::Late => dropped.late += n,
            Self::Gap => dropped.gap += n,
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Outstanding {
    due_ns: u64,
    /// Whether it is in `scheduled` already.
    counted: bool,
}

/// The numbers that a dropped line spans.
type Span = (u64, u64);

/// So many guesses are remembered; a wrong one that was forgotten counts as a line about nothing.
const MAX_GUESSES: usize = 1 << 16;

/// All released iterations of one assignment.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    outstanding: HashMap<Key, Outstanding, RandomState>,
    /// Released ones by due time, until they are due and counted.
    upcoming: VecDeque<(u64, Key)>,
    /// Iterations that were taken for the dropped ones of a span that held more than were dropped. When the line of
    /// such a one comes after all, another of its span takes its place: no total is ever wrong, only which of a few
    /// neighbours was due when.
    guesses: HashMap<Key, Span, RandomState>,
    oldest_guesses: VecDeque<Key>,
}

impl Ledger {
    /// Takes note of iterations that are being released, ascending in due time.
    pub(crate) fn release(&mut self, workflow: Workflow, due: &[(u64, u64)]) {
        for (n, due_ns) in due {
            let entry = Outstanding {
                due_ns: *due_ns,
                counted: false,
            };
            self.outstanding.insert((workflow, *n), entry);
            self.upcoming.push_back((*due_ns, (workflow, *n)));
        }
    }

    /// Counts all that became due by `now_ns` as scheduled.
    pub(crate) fn count_due(&mut self, now_ns: i64, plan: &mut PlanTable) {
        while let Some((due_ns, key)) = self.upcoming.front().copied() {
            if i64::try_from(due_ns).unwrap_or(i64::MAX) > now_ns {
                break;
            }
            self.upcoming.pop_front();
            if let Some(entry) = self.outstanding.get_mut(&key)
                && !entry.counted
            {
                entry.counted = true;
                plan.due_at(key.0, due_ns).scheduled += 1;
            }
        }
    }

    /// Settles one whose iteration line came: it had started. False if it was not outstanding.
    pub(crate) fn started(&mut self, key: Key, plan: &mut PlanTable) -> bool {
        let Some(entry) = self.outstanding.remove(&key).or_else(|| self.correct(key)) else {
            return false;
        };
        let row = plan.due_at(key.0, entry.due_ns);
        row.scheduled += u64::from(!entry.counted);
        row.started += 1;
        true
    }

    /// The guess that `key` was dropped is wrong: takes another one of its span for dropped, whose entry it gives.
    fn correct(&mut self, key: Key) -> Option<Outstanding> {
        let span = self.guesses.remove(&key)?;
        let other = self.within(key.0, span, 1).pop()?;
        self.guess((key.0, other), span);
        self.outstanding.remove(&(key.0, other))
    }

    fn guess(&mut self, key: Key, span: Span) {
        if self.oldest_guesses.len() == MAX_GUESSES
            && let Some(oldest) = self.oldest_guesses.pop_front()
        {
            self.guesses.remove(&oldest);
        }
        self.oldest_guesses.push_back(key);
        self.guesses.insert(key, span);
    }

    /// Settles those of a dropped line. Gives how many of `count` cannot be, because too few are outstanding.
    pub(crate) fn dropped(
        &mut self,
        workflow: Workflow,
        (first, last, count): (u64, u64, u64),
        reason: DropReason,
        plan: &mut PlanTable,
    ) -> u64 {
        let most = usize::try_from(count).unwrap_or(usize::MAX).saturating_add(1);
        let within = self.within(workflow, (first, last), most);
        let ambiguous = within.len() as u64 > count;
        let mut settled = 0;
        for n in within.into_iter().take(most - 1) {
            let Some(entry) = self.outstanding.remove(&(workflow, n)) else {
                continue;
            };
            let row = plan.due_at(workflow, entry.due_ns);
            row.scheduled += u64::from(!entry.counted);
            reason.count_in(&mut row.dropped, 1);
            settled += 1;
            if ambiguous {
                self.guess((workflow, n), (first, last));
            }
        }
        count - settled
    }

    /// Ends the account. Those due by `end_ns` were started and never heard of again: lost. Others are withdrawn.
    pub(crate) fn close(&mut self, end_ns: i64, plan: &mut PlanTable) {
        for (key, entry) in self.outstanding.drain() {
            let due = i64::try_from(entry.due_ns).unwrap_or(i64::MAX) <= end_ns;
            if entry.counted || due {
                let row = plan.due_at(key.0, entry.due_ns);
                row.scheduled += u64::from(!entry.counted);
                row.started += 1;
                row.lost += 1;
            }
        }
        self.upcoming.clear();
        self.guesses.clear();
        self.oldest_guesses.clear();
    }

    /// How many are outstanding and were due by the last count.
    pub(crate) fn in_flight(&self) -> u64 {
        (self.outstanding.len() - self.upcoming.len().min(self.outstanding.len())) as u64
    }

    /// The first outstanding iterations of a span, at most `most`, ascending.
    fn within(&self, workflow: Workflow, (first, last): Span, most: usize) -> Vec<u64> {
        if last.saturating_sub(first) <= self.outstanding.len() as u64 {
            let outstanding = |n: &u64| self.outstanding.contains_key(&(workflow, *n));
            return (first..=last).filter(outstanding).take(most).collect();
        }
        let keys = self.outstanding.keys();
        let mut found: Vec<u64> = keys
            .filter(|(of, n)| *of == workflow && (first..=last).contains(n))
            .map(|(_, n)| *n)
            .collect();
        found.sort_unstable();
        found.truncate(most);
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MS: u64 = 1_000_000;

    #[test]
    fn every_fate_is_counted_where_it_was_due() {
        let (mut ledger, mut plan) = (Ledger::default(), PlanTable::default());
        let due: Vec<(u64, u64)> = (0..10).map(|n| (n, n * 300 * MS)).collect();
        ledger.release(0, &due);
        ledger.count_due(1_000_000_000, &mut plan);
        assert!(ledger.started((0, 0), &mut plan));
        assert!(!ledger.started((0, 0), &mut plan), "only once");
        assert!(!ledger.started((1, 1), &mut plan), "another workflow");
        assert_eq!(ledger.dropped(0, (1, 2, 2), DropReason::Full, &mut plan), 0);
        assert_eq!(ledger.dropped(0, (1, 3, 3), DropReason::Full, &mut plan), 2);
        ledger.close(1_300_000_000, &mut plan);
        let rows = plan.take();
        let first = rows.iter().find(|row| row.second == 0).unwrap();
        assert_eq!((first.scheduled, first.started, first.dropped.full), (4, 1, 3));
        let second = rows.iter().find(|row| row.second == 1).unwrap();
        assert_eq!((second.scheduled, second.started, second.lost), (1, 1, 1));
        assert_eq!(rows.len(), 2, "what was not due is withdrawn");
    }

    #[test]
    fn a_wrong_guess_of_who_was_dropped_is_corrected() {
        let (mut ledger, mut plan) = (Ledger::default(), PlanTable::default());
        ledger.release(0, &[(0, 0), (1, 0), (2, 0)]);
        assert_eq!(ledger.dropped(0, (0, 2, 1), DropReason::Late, &mut plan), 0);
        assert!(ledger.started((0, 0), &mut plan));
        assert!(ledger.started((0, 2), &mut plan));
        ledger.close(1, &mut plan);
        let rows = plan.take();
        assert_eq!(
            (rows[0].scheduled, rows[0].started, rows[0].dropped.late),
            (3, 2, 1)
        );
        assert_eq!(rows[0].lost, 0);
    }

    proptest! {
        #[test]
        fn scheduled_is_started_plus_dropped_whatever_lines_come(
            lines in prop::collection::vec((0u64..60, 0u64..6, 0u64..6, any::<bool>()), 0..80),
            counted_ns in 0i64..60, end_ns in 0i64..60,
        ) {
            let (mut ledger, mut plan) = (Ledger::default(), PlanTable::default());
            ledger.release(0, &(0..50).map(|n| (n, n)).collect::<Vec<_>>());
            ledger.count_due(counted_ns, &mut plan);
            let mut heard = 0;
            for (n, width, count, start) in lines {
                if start {
                    heard += u64::from(ledger.started((0, n), &mut plan));
                } else {
                    ledger.dropped(0, (n, n + width, count), DropReason::Full, &mut plan);
                }
            }
            ledger.close(end_ns, &mut plan);
            let rows = plan.take();
            let sum = |field: fn(&heavy_model::stats::Iterations) -> u64| rows.iter().map(field).sum::<u64>();
            prop_assert_eq!(sum(|r| r.scheduled), sum(|r| r.started) + sum(|r| r.dropped.total()));
            prop_assert_eq!(sum(|r| r.started), heard + sum(|r| r.lost));
            prop_assert!(sum(|r| r.scheduled) <= 50);
            prop_assert!(sum(|r| r.scheduled) > counted_ns.min(49) as u64);
        }
    }
}
