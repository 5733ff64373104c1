//! The released iterations of one workflow that are due in one second.

use std::collections::HashSet;

use foldhash::fast::RandomState;

use super::saved::SavedSecond;

pub(crate) const SECOND_NS: u64 = 1_000_000_000;

/// Counts, and the iterations that are not yet reported.
#[derive(Debug, Default)]
pub(crate) struct LedgerSecond {
    /// From the job's start.
    pub(super) second: u64,
    pub(super) first_n: u64,
    pub(super) last_n: u64,
    released: u64,
    /// Those that were due by the last count.
    pub(crate) scheduled: u64,
    /// Those of the plan that were not due when the account ended.
    pub(crate) planned: u64,
    heard: u64,
    dropped: u64,
    /// Those of the dropped that may belong to another second.
    guessed: u64,
    /// Released and not reported, dropped ones included; none when they are only counted.
    open: Option<HashSet<u64, RandomState>>,
}

impl LedgerSecond {
    /// A second whose first released iteration is `first_n`.
    pub(crate) fn new(second: u64, first_n: u64) -> Self {
        Self {
            second,
            first_n,
            last_n: first_n,
            open: Some(HashSet::default()),
            ..Self::default()
        }
    }

    pub(crate) fn release(&mut self, n: u64) {
        self.released += 1;
        self.last_n = n;
        if let Some(open) = &mut self.open {
            open.insert(n);
        }
    }

    /// Records an iteration line; false if none such is outstanding.
    pub(crate) fn hear(&mut self, n: u64) -> bool {
        let known = match &mut self.open {
            Some(open) => open.remove(&n),
            None => (self.first_n..=self.last_n).contains(&n),
        };
        let heard = known && self.possible() > 0;
        self.heard += u64::from(heard);
        heard
    }

    /// Records drops. `guessed` if some may belong to another second.
    pub(crate) fn drop_some(&mut self, count: u64, guessed: bool) {
        self.dropped += count;
        if guessed {
            self.guessed += count;
        }
    }

    /// How many are neither reported nor dropped.
    pub(crate) const fn outstanding(&self) -> u64 {
        self.released.saturating_sub(self.heard + self.dropped)
    }

    /// How many may still be reported or dropped: more than are outstanding if what was guessed belongs to others.
    pub(crate) const fn possible(&self) -> u64 {
        (self.released + self.guessed).saturating_sub(self.heard + self.dropped)
    }

    /// How many more are reported and dropped than were released.
    pub(crate) const fn excess(&self) -> u64 {
        (self.heard + self.dropped).saturating_sub(self.released)
    }

    /// How many were due and are neither reported nor dropped.
    pub(crate) const fn unaccounted(&self) -> u64 {
        self.scheduled.saturating_sub(self.heard + self.dropped)
    }

    /// How many were reported or dropped although they were not due by the last count.
    pub(crate) fn beyond_end(&self) -> u64 {
        (self.heard + self.dropped)
            .min(self.released)
            .saturating_sub(self.scheduled)
    }

    /// How many of the plan were neither due by the end nor reported or dropped.
    pub(crate) fn not_due(&self) -> u64 {
        let known = (self.heard + self.dropped).min(self.released).max(self.scheduled);
        self.planned.min(self.released.saturating_sub(known))
    }

    /// Whether all are due, and reported or dropped.
    pub(crate) const fn is_settled(&self) -> bool {
        self.outstanding() == 0 && self.scheduled == self.released
    }

    /// Whether all that was dropped is its own.
    pub(crate) const fn is_certain(&self) -> bool {
        self.guessed == 0
    }

    /// How many are known by number.
    pub(crate) fn open(&self) -> usize {
        self.open.as_ref().map_or(0, HashSet::len)
    }

    pub(crate) fn save(&self) -> SavedSecond {
        SavedSecond {
            second: self.second,
            first_n: self.first_n,
            last_n: self.last_n,
            released: self.released,
            scheduled: self.scheduled,
            planned: self.planned,
            heard: self.heard,
            dropped: self.dropped,
            guessed: self.guessed,
            is_open: self.open.is_some(),
            open: self.open.iter().flatten().copied().collect(),
        }
    }

    pub(crate) fn restore(saved: SavedSecond) -> Self {
        Self {
            second: saved.second,
            first_n: saved.first_n,
            last_n: saved.last_n,
            released: saved.released,
            scheduled: saved.scheduled,
            planned: saved.planned,
            heard: saved.heard,
            dropped: saved.dropped,
            guessed: saved.guessed,
            open: saved.is_open.then(|| saved.open.into_iter().collect()),
        }
    }

    /// From now on numbers are believed as far as the count allows. Returns how many were known.
    pub(crate) fn only_count(&mut self) -> usize {
        self.open.take().map_or(0, |open| open.len())
    }
}
