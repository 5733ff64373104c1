//! Rate profiles: when iteration n is due, computed from n in integers and never by adding intervals.
//!
//! A profile is a rate over time. Iteration n (from 0) is due at the first whole ns at which the area under the
//! profile has reached n, so iteration 0 is due at the start.

use serde::{Deserialize, Serialize};

use crate::rate::Rate;
use crate::span::Span;

/// A rate over time, from the job's start to [`Profile::duration_ns`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    rate: Rate,
    duration: Span,
}

impl Profile {
    /// A constant rate for a while.
    #[must_use]
    pub const fn constant(rate: Rate, duration: Span) -> Self {
        Self { rate, duration }
    }

    /// How long the profile is.
    #[must_use]
    pub const fn duration_ns(&self) -> u64 {
        self.duration.ns()
    }

    /// When iteration `n` is due, in ns from the start; the profile goes on for ever for this question.
    #[must_use]
    pub fn due_ns(&self, n: u64) -> u64 {
        let (count, per_ns) = (u128::from(self.rate.count()), u128::from(self.rate.per_ns()));
        u64::try_from((u128::from(n) * per_ns).div_ceil(count)).unwrap_or(u64::MAX)
    }

    /// How many iterations are due before `at_ns` (exclusive); none beyond the end of the profile.
    #[must_use]
    pub fn count_before(&self, at_ns: u64) -> u64 {
        let Some(last_ns) = at_ns.min(self.duration_ns()).checked_sub(1) else {
            return 0;
        };
        let (count, per_ns) = (u128::from(self.rate.count()), u128::from(self.rate.per_ns()));
        u64::try_from(u128::from(last_ns) * count / per_ns + 1).unwrap_or(u64::MAX)
    }

    /// How many iterations the whole profile plans.
    #[must_use]
    pub fn planned(&self) -> u64 {
        self.count_before(self.duration_ns())
    }

    /// The asked rate at an instant, in starts per second; 0 outside of the profile.
    #[must_use]
    pub fn rate_per_second_at(&self, at_ns: u64) -> f64 {
        if at_ns < self.duration_ns() {
            self.rate.as_per_second()
        } else {
            0.0
        }
    }

    /// The mean asked rate over the whole profile, in starts per second.
    #[must_use]
    pub fn mean_rate_per_second(&self) -> f64 {
        self.rate.as_per_second()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn constant(rate: &str, duration: &str) -> Profile {
        Profile::constant(rate.parse().unwrap(), duration.parse().unwrap())
    }

    #[test]
    fn plans_are_exact() {
        for (rate, duration, planned) in [
            ("2000", "30s", 60_000),
            ("20000", "20s", 400_000),
            ("1", "1s", 1),
            ("0.5", "3s", 2),
            ("3", "1s", 3),
            ("1000/h", "1h", 1000),
            ("100", "1ms", 1),
        ] {
            assert_eq!(
                constant(rate, duration).planned(),
                planned,
                "{rate} for {duration}"
            );
        }
    }

    #[test]
    fn due_times_do_not_drift() {
        let profile = constant("3", "365h");
        assert_eq!(
            [0, 1, 2, 3].map(|n| profile.due_ns(n)),
            [0, 333_333_334, 666_666_667, 1_000_000_000]
        );
        assert_eq!(profile.due_ns(3 * 3600 * 300), 3_600_000_000_000 * 300);
    }

    proptest! {
        #[test]
        fn an_iteration_counts_exactly_when_it_is_due(
            count in 1u64..10_000_000, unit in 0..3usize, n in 0u64..8_000,
        ) {
            let rate = format!("{count}/{}", ["s", "m", "h"][unit]);
            let profile = constant(&rate, "8000h");
            let due = profile.due_ns(n);
            prop_assume!(due < profile.duration_ns());
            prop_assert!(profile.count_before(due) <= n);
            prop_assert!(profile.count_before(due + 1) > n);
            prop_assert!(profile.due_ns(n + 1) > due);
        }
    }
}
