//! How the scheduler's clock relates to the host's: NTP's formula over heartbeats, or the same clock. Pure.

use std::collections::VecDeque;

/// The best of the last heartbeats counts: enough to find a quick one, few enough to follow a drifting clock.
const SAMPLES: usize = 8;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ClockEstimate {
    /// The scheduler's wall clock minus the host's `CLOCK_MONOTONIC`.
    pub(crate) wall_minus_monotonic_ns: i128,
    /// The true value is within this; at least 1.
    pub(crate) error_ns: u64,
}

impl ClockEstimate {
    /// When the host's monotonic clock shows what the scheduler's wall clock will show then.
    pub(crate) fn monotonic_of(&self, wall_ns: u64) -> u64 {
        let monotonic = i128::from(wall_ns) - self.wall_minus_monotonic_ns;
        u64::try_from(monotonic.max(0)).unwrap_or(u64::MAX)
    }

    /// What the scheduler's wall clock shows at an instant.
    pub(crate) fn wall_of(&self, monotonic_ns: u64) -> u64 {
        let wall = i128::from(monotonic_ns) + self.wall_minus_monotonic_ns;
        u64::try_from(wall.max(0)).unwrap_or(u64::MAX)
    }

    /// The scheduler's wall clock minus the host's, given what the host's clocks show now.
    pub(crate) fn offset_ns(&self, monotonic_ns: u64, wall_ns: u64) -> i64 {
        let own = i128::from(wall_ns) - i128::from(monotonic_ns);
        let offset = self.wall_minus_monotonic_ns - own;
        i64::try_from(offset).unwrap_or(if offset < 0 { i64::MIN } else { i64::MAX })
    }
}

/// A heartbeat and its answer. `sent` and `came` are of the host's monotonic clock, the others of the scheduler's
/// wall clock.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ClockExchange {
    pub(crate) sent_ns: u64,
    pub(crate) received_wall_ns: u64,
    pub(crate) replied_wall_ns: u64,
    pub(crate) came_ns: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Estimates {
    last: VecDeque<ClockEstimate>,
}

impl Estimates {
    /// Adds a heartbeat; answers that cannot be are ignored.
    pub(crate) fn add(&mut self, exchange: ClockExchange) {
        let ClockExchange {
            sent_ns,
            received_wall_ns,
            replied_wall_ns,
            came_ns,
        } = exchange;
        let away = came_ns.checked_sub(sent_ns);
        let held = replied_wall_ns.checked_sub(received_wall_ns);
        let Some(round_trip_ns) = away.zip(held).and_then(|(away, held)| away.checked_sub(held)) else {
            return;
        };
        let there = i128::from(received_wall_ns) - i128::from(sent_ns);
        let back = i128::from(replied_wall_ns) - i128::from(came_ns);
        self.last.push_back(ClockEstimate {
            wall_minus_monotonic_ns: (there + back).div_euclid(2),
            error_ns: (round_trip_ns / 2).max(1),
        });
        if self.last.len() > SAMPLES {
            self.last.pop_front();
        }
    }

    pub(crate) fn best(&self) -> Option<ClockEstimate> {
        self.last.iter().min_by_key(|estimate| estimate.error_ns).copied()
    }

    /// The best there is on the scheduler's own kernel, where `own` is a reading of both clocks at once. It counts as
    /// long as no measurement speaks against it: a kernel that was copied as it ran has its id twice.
    pub(crate) fn best_on_one_kernel(&self, own: ClockEstimate) -> Option<ClockEstimate> {
        let measured = self.best()?;
        let apart = measured.wall_minus_monotonic_ns - own.wall_minus_monotonic_ns;
        let agree = apart.unsigned_abs() <= u128::from(measured.error_ns + own.error_ns) + 1;
        Some(if agree { own } else { measured })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const OFFSET: u64 = 1_700_000_000_000_000_000;

    fn exchange(sent_ns: u64, there_ns: u64, held_ns: u64, back_ns: u64) -> ClockExchange {
        ClockExchange {
            sent_ns,
            received_wall_ns: sent_ns + there_ns + OFFSET,
            replied_wall_ns: sent_ns + there_ns + held_ns + OFFSET,
            came_ns: sent_ns + there_ns + held_ns + back_ns,
        }
    }

    #[test]
    fn the_quickest_of_the_last_counts() {
        let mut estimates = Estimates::default();
        assert_eq!(estimates.best(), None);
        estimates.add(exchange(0, 100, 7, 100));
        estimates.add(exchange(1000, 5000, 7, 100));
        assert_eq!(estimates.best().unwrap().error_ns, 100);
        assert_eq!(
            estimates.best().unwrap().wall_minus_monotonic_ns,
            i128::from(OFFSET)
        );
        for n in 0..SAMPLES as u64 {
            estimates.add(exchange(10_000 + n, 900, 0, 900));
        }
        assert_eq!(estimates.best().unwrap().error_ns, 900, "old ones are forgotten");
    }

    #[test]
    fn answers_that_cannot_be_are_ignored() {
        let mut estimates = Estimates::default();
        let possible = exchange(1000, 10, 10, 10);
        for impossible in [
            ClockExchange {
                came_ns: 999,
                ..possible
            },
            ClockExchange {
                replied_wall_ns: OFFSET,
                ..possible
            },
            ClockExchange {
                replied_wall_ns: OFFSET + 9999,
                ..possible
            },
        ] {
            estimates.add(impossible);
        }
        assert_eq!(estimates.best(), None);
    }

    #[test]
    fn one_kernel_has_one_clock_unless_it_is_a_copy() {
        let own = ClockEstimate {
            wall_minus_monotonic_ns: i128::from(OFFSET),
            error_ns: 20,
        };
        let mut estimates = Estimates::default();
        assert_eq!(estimates.best_on_one_kernel(own), None);
        estimates.add(exchange(0, 100, 7, 900));
        assert_eq!(estimates.best_on_one_kernel(own), Some(own));
        let copy = ClockEstimate {
            wall_minus_monotonic_ns: i128::from(OFFSET) + 1_000,
            ..own
        };
        assert_eq!(estimates.best_on_one_kernel(copy), estimates.best());
    }

    #[test]
    fn instants_are_converted_both_ways() {
        let estimate = ClockEstimate {
            wall_minus_monotonic_ns: i128::from(OFFSET),
            error_ns: 1,
        };
        assert_eq!(estimate.monotonic_of(estimate.wall_of(123)), 123);
        assert_eq!(estimate.monotonic_of(5), 0);
        assert_eq!(estimate.offset_ns(1000, 1000 + OFFSET - 50), 50);
    }

    proptest! {
        #[test]
        fn the_error_bounds_the_error(there in 0u64..1_000_000, held in 0u64..1_000_000, back in 0u64..1_000_000) {
            let mut estimates = Estimates::default();
            estimates.add(exchange(77, there, held, back));
            let estimate = estimates.best().unwrap();
            let error = (estimate.wall_minus_monotonic_ns - i128::from(OFFSET)).unsigned_abs();
            prop_assert!(error <= u128::from(estimate.error_ns) + 1);
        }
    }
}
