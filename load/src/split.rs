//! Which iterations are whose: weighted, exact, without asking anybody.
//!
//! The owners of consecutive iterations repeat a table that is made by Tijdeman's chairman assignment (R. Tijdeman,
//! "The chairman assignment problem", Discrete Mathematics 32, 1980): in every prefix of the table each member has
//! within one of its ideal share.

use crate::rate::greatest_common_divisor;

/// The most that the weights of a job may add up to; the table has that length.
pub const MAX_TOTAL_WEIGHT: u64 = 1 << 20;

/// The members from iteration `n0` on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    n0: u64,
    table: Vec<u32>,
    members: u32,
}

/// Why members cannot share a job.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// There is nobody, or somebody with no weight.
    #[error("a job needs at least one agent, each with a weight of at least 1")]
    NoWeight,
    /// The table would be too long.
    #[error("the weights of the agents add up to {0}, which exceeds {MAX_TOTAL_WEIGHT}")]
    TooHeavy(u64),
}

impl Split {
    /// A revision that governs from iteration `n0` on; `weights` are those of the members, in the members' order.
    ///
    /// # Errors
    /// If there are no weights, one is 0, or they add up to more than [`MAX_TOTAL_WEIGHT`].
    pub fn new(n0: u64, weights: &[u32]) -> Result<Self, Error> {
        if weights.is_empty() || weights.contains(&0) {
            return Err(Error::NoWeight);
        }
        let weights: Vec<u64> = weights.iter().copied().map(u64::from).collect();
        let divisor = weights.iter().copied().fold(0, greatest_common_divisor);
        let reduced: Vec<u64> = weights.iter().map(|weight| weight / divisor).collect();
        let total: u64 = reduced.iter().sum();
        if total > MAX_TOTAL_WEIGHT {
            return Err(Error::TooHeavy(total));
        }
        let members = u32::try_from(weights.len()).map_err(|_| Error::TooHeavy(total))?;
        Ok(Self {
            n0,
            table: chairmen(&reduced, total),
            members,
        })
    }

    /// The member (its place in the members' order) that owns iteration `n`; `n` below n0 is not governed.
    #[must_use]
    pub fn owner(&self, n: u64) -> Option<u32> {
        let place = n.checked_sub(self.n0)? % self.table.len() as u64;
        self.table.get(usize::try_from(place).ok()?).copied()
    }

    /// The share of one member: its iterations, in order.
    #[must_use]
    pub fn share(&self, member: u32) -> Share {
        let places = (0u64..)
            .zip(&self.table)
            .filter(|(_, owner)| **owner == member)
            .map(|(place, _)| place)
            .collect();
        Share {
            n0: self.n0,
            period: self.table.len() as u64,
            places,
        }
    }

    /// How many members there are.
    #[must_use]
    pub fn members(&self) -> u32 {
        self.members
    }
}

/// The iterations of one member, as an increasing sequence. Clones share their table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share {
    n0: u64,
    period: u64,
    places: std::sync::Arc<[u64]>,
}

impl Share {
    /// The member's `k`-th iteration (from 0); `None` if it has no share.
    #[must_use]
    pub fn nth(&self, k: u64) -> Option<u64> {
        let own = self.places.len() as u64;
        let place = self.places.get(usize::try_from(k.checked_rem(own)?).ok()?)?;
        Some(self.n0 + k / own * self.period + place)
    }

    /// The first number, the period, and the places of the member's numbers within it.
    #[must_use]
    pub fn table(&self) -> (u64, u64, &[u64]) {
        (self.n0, self.period, &self.places)
    }

    /// The member's part of all iterations, as (its iterations, all iterations) of one period.
    #[must_use]
    pub fn part(&self) -> (u64, u64) {
        (self.places.len() as u64, self.period)
    }

    /// How many of the member's iterations are below `n`.
    #[must_use]
    pub fn count_before(&self, n: u64) -> u64 {
        let beyond = n.saturating_sub(self.n0);
        let rest = beyond % self.period;
        beyond / self.period * self.places.len() as u64
            + self.places.partition_point(|place| *place < rest) as u64
    }
}

/// Tijdeman's algorithm in integers. With k states of weights w (total W), place j (from 1) goes, among the states
/// whose claim `w*j/W - given` is at least 1/(2k-2), to the one that would be due first; for one state, all are its.
fn chairmen(weights: &[u64], total: u64) -> Vec<u32> {
    let states = weights.len() as u64;
    if states == 1 {
        return vec![0; usize::try_from(total).unwrap_or(1)];
    }
    let total = i128::from(total);
    let slack = i128::from(2 * states - 2);
    let mut given = vec![0i128; weights.len()];
    (1..=total)
        .map(|place| {
            // All claims times W * (2k-2), so that everything stays whole.
            let chosen = (0u32..)
                .zip(weights)
                .zip(&given)
                .filter_map(|((state, weight), given)| {
                    let weight = i128::from(*weight);
                    let claim = (weight * place - given * total) * slack;
                    (claim >= total).then_some((state, weight, claim))
                })
                .min_by(|(_, weight_a, claim_a), (_, weight_b, claim_b)| {
                    // (1 - 1/(2k-2) - claim) / weight, compared by cross multiplication.
                    let due = |claim: i128| (slack - 1) * total - claim;
                    (due(*claim_a) * weight_b).cmp(&(due(*claim_b) * weight_a))
                })
                .map_or(0, |(state, _, _)| state);
            given[chosen as usize] += 1;
            chosen
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn equal_agents_take_turns() {
        let revision = Split::new(0, &[5, 5, 5]).unwrap();
        let owners: Vec<_> = (0..6).map(|n| revision.owner(n).unwrap()).collect();
        let (first, second) = owners.split_at(3);
        assert_eq!(first, second);
        assert_eq!(revision.table.len(), 3);
    }

    #[test]
    fn impossible_members_are_refused() {
        assert_eq!(Split::new(0, &[]), Err(Error::NoWeight));
        assert_eq!(Split::new(0, &[1, 0]), Err(Error::NoWeight));
        assert_eq!(
            Split::new(0, &[u32::MAX, u32::MAX - 1]),
            Err(Error::TooHeavy(u64::from(u32::MAX) * 2 - 1))
        );
    }

    #[test]
    fn iterations_before_the_revision_are_not_governed() {
        let revision = Split::new(10, &[1]).unwrap();
        assert_eq!((revision.owner(9), revision.owner(10)), (None, Some(0)));
    }

    proptest! {
        #[test]
        fn every_prefix_is_within_one_of_ideal(weights in prop::collection::vec(1u32..40, 1..12)) {
            let revision = Split::new(0, &weights).unwrap();
            let total: u64 = weights.iter().map(|weight| u64::from(*weight)).sum();
            let mut given = vec![0u64; weights.len()];
            for n in 0..2 * total {
                given[revision.owner(n).unwrap() as usize] += 1;
                for (weight, given) in weights.iter().zip(&given) {
                    let ideal = f64::from(*weight) * (n + 1) as f64 / total as f64;
                    prop_assert!((ideal - *given as f64).abs() < 1.0, "{ideal} {given}");
                }
            }
        }

        #[test]
        fn shares_are_a_partition(
            weights in prop::collection::vec(1u32..9, 1..6), n0 in 0u64..1000, length in 1u64..500,
        ) {
            let revision = Split::new(n0, &weights).unwrap();
            let mut all = Vec::new();
            for member in 0..revision.members() {
                let share = revision.share(member);
                let count = share.count_before(n0 + length);
                let own: Vec<u64> = (0..count).map(|k| share.nth(k).unwrap()).collect();
                prop_assert!(own.iter().all(|n| revision.owner(*n) == Some(member)));
                prop_assert!(share.nth(count).unwrap() >= n0 + length);
                all.extend(own);
            }
            all.sort_unstable();
            prop_assert_eq!(all, (n0..n0 + length).collect::<Vec<_>>());
        }
    }
}
