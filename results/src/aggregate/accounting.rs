//! Adding up iterations by outcome.

use crate::stats::Iterations;
use crate::summary::Accounting;

/// The counts of a roll-up; nothing is planned by it.
pub(super) fn of(row: &Iterations) -> Accounting {
    Accounting {
        planned: 0,
        scheduled: row.scheduled,
        started: row.started,
        ok: row.ok,
        failed: row.failed,
        interrupted: row.interrupted,
        lost: row.lost,
        dropped: row.dropped,
    }
}

/// Adds every count but `planned`, which is not additive.
pub(super) fn add(sum: &mut Accounting, one: &Accounting) {
    sum.scheduled += one.scheduled;
    sum.started += one.started;
    sum.ok += one.ok;
    sum.failed += one.failed;
    sum.interrupted += one.interrupted;
    sum.lost += one.lost;
    sum.dropped.add(&one.dropped);
}
