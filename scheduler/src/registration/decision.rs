//! Whether a process may have the row that another one had. Pure: no IO, no clock reads.
//!
//! Rows are raised every second and have no times. Whoever looks at one counts by its own clock for how long it was not raised, and
//! counts only what it has seen: while the database answers nobody, nobody can raise a row either.

use heavy_store::SchedulerRow;

/// The name of the row of which a database has one.
pub(crate) const DATABASE_SCHEDULER: &str = "scheduler";

const MS: u64 = 1_000_000;

/// A scheduler whose row was not raised for this long is dead.
pub(crate) const DEAD_AFTER_NS: u64 = 4_000 * MS;
/// So is a command with jobs of its own: it may be stopped for a while.
pub(crate) const COMMAND_DEAD_AFTER_NS: u64 = 30_000 * MS;
/// The most that counts between two looks.
const LONGEST_GAP_NS: u64 = 1_000 * MS;

/// What to do about a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decision {
    /// Its process is gone, or there is no row.
    TakeOver,
    /// Nobody can tell yet: look again.
    Wait,
    /// Its process lives.
    Refuse,
}

/// What one has seen of a row so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Beats {
    /// It was not raised for this long, in ns.
    Silent(u64),
    /// It was raised since the last look, or another process has it.
    Raised,
}

/// A row that one looks at again and again.
#[derive(Debug, Default)]
pub(crate) struct RowWatch {
    /// Epoch and beat.
    seen: Option<(u64, u64)>,
    looked_ns: u64,
    silent_ns: u64,
}

impl RowWatch {
    /// Notes how the row is at `now_ns` of a monotonic clock.
    pub(crate) fn look(&mut self, now_ns: u64, row: &SchedulerRow) -> Beats {
        let gap_ns = now_ns.saturating_sub(self.looked_ns).min(LONGEST_GAP_NS);
        self.looked_ns = now_ns;
        let before = self.seen.replace((row.epoch, row.beat));
        match before {
            Some(before) if before != (row.epoch, row.beat) => {
                self.silent_ns = 0;
                Beats::Raised
            }
            Some(_) => {
                self.silent_ns += gap_ns;
                Beats::Silent(self.silent_ns)
            }
            None => Beats::Silent(0),
        }
    }
}

/// What the holder of a lock is to do about the row of the name that it wants.
pub(crate) fn decide(row: Option<(&SchedulerRow, Beats)>, holder: &str) -> Decision {
    match row {
        None => Decision::TakeOver,
        // It ended, or had the lock that is ours now.
        Some((row, _)) if row.released || row.claim.holder == holder => Decision::TakeOver,
        Some((_, Beats::Raised)) => Decision::Refuse,
        Some((_, Beats::Silent(ns))) if ns >= DEAD_AFTER_NS => Decision::TakeOver,
        Some((_, Beats::Silent(_))) => Decision::Wait,
    }
}

#[cfg(test)]
mod tests {
    use heavy_store::SchedulerClaim;

    use super::*;

    fn row(epoch: u64, beat: u64, holder: &str) -> SchedulerRow {
        SchedulerRow {
            epoch,
            beat,
            released: false,
            claim: SchedulerClaim {
                holder: holder.to_owned(),
                ..SchedulerClaim::default()
            },
        }
    }

    #[test]
    fn who_takes_over_waits_or_is_refused() {
        let released = SchedulerRow {
            released: true,
            ..row(3, 7, "theirs")
        };
        let (mine, theirs) = (row(3, 7, "mine"), row(3, 7, "theirs"));
        let table = [
            (None, Decision::TakeOver),
            (Some((&released, Beats::Silent(0))), Decision::TakeOver),
            (Some((&mine, Beats::Silent(0))), Decision::TakeOver),
            (Some((&theirs, Beats::Silent(0))), Decision::Wait),
            (Some((&theirs, Beats::Silent(DEAD_AFTER_NS - 1))), Decision::Wait),
            (Some((&theirs, Beats::Silent(DEAD_AFTER_NS))), Decision::TakeOver),
            (Some((&theirs, Beats::Raised)), Decision::Refuse),
        ];
        for (row, expected) in table {
            assert_eq!(decide(row, "mine"), expected, "{row:?}");
        }
    }

    #[test]
    fn silence_is_counted_by_looks_and_ends_with_a_beat() {
        let mut watch = RowWatch::default();
        let (seventh, eighth) = (row(3, 7, ""), row(3, 8, ""));
        assert_eq!(watch.look(50_000 * MS, &seventh), Beats::Silent(0));
        assert_eq!(watch.look(50_250 * MS, &seventh), Beats::Silent(250 * MS));
        assert_eq!(watch.look(50_500 * MS, &seventh), Beats::Silent(500 * MS));
        assert_eq!(watch.look(50_750 * MS, &eighth), Beats::Raised);
        assert_eq!(watch.look(51_000 * MS, &eighth), Beats::Silent(250 * MS));
        assert_eq!(
            watch.look(51_250 * MS, &row(4, 8, "")),
            Beats::Raised,
            "another process has it"
        );
    }

    #[test]
    fn a_database_that_did_not_answer_makes_nobody_dead() {
        let mut watch = RowWatch::default();
        let seen = row(3, 7, "theirs");
        watch.look(0, &seen);
        let after_a_minute = watch.look(60_000 * MS, &seen);
        assert_eq!(after_a_minute, Beats::Silent(LONGEST_GAP_NS));
        assert_eq!(decide(Some((&seen, after_a_minute)), "mine"), Decision::Wait);
    }
}
