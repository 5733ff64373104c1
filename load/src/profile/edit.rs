//! Changes of a profile while its job runs. Before the instant of the change nothing changes, so that the area (with its
//! fraction of an iteration) carries over; the duration stays, but for pauses.

use super::piece::Piece;
use super::{LARGEST_PER_NS, Profile, least_common_multiple};
use crate::rate::{HIGHEST_PER_SECOND, Rate};

/// A pause that nobody ends is over after this long.
pub const LONGEST_PAUSE_NS: u64 = 24 * 3600 * 1_000_000_000;

/// Scaled rates are kept to a thousandth of their unit.
const FINER: u64 = 1_000;
/// Units are not made finer than this: it divides one start a second into a millionth.
const FINE_ENOUGH_NS: u64 = 1_000_000_000_000_000;

impl Profile {
    /// A constant rate from an instant to the end.
    #[must_use]
    pub fn with_rate_from(&self, at_ns: u64, rate: Rate) -> Self {
        let common = least_common_multiple(self.per_ns, rate.per_ns());
        let per_ns = if common <= u128::from(LARGEST_PER_NS) {
            common as u64
        } else {
            // Only after several changes of scale: the unit is so fine that rounding does no harm.
            self.per_ns
        };
        let count = u128::from(rate.count()) * u128::from(per_ns) / u128::from(rate.per_ns());
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        let (mut pieces, after) = self.refined(per_ns).cut(at_ns);
        let rest_ns = after.iter().map(|piece| piece.duration_ns).sum();
        pieces.push(Piece::ramp(rest_ns, count, count));
        Self::of(per_ns, pieces)
    }

    /// All rates from an instant on times `percent` / 100, at most the highest possible.
    #[must_use]
    pub fn scaled_from(&self, at_ns: u64, percent: u64) -> Self {
        let finer = self.per_ns.saturating_mul(FINER);
        let per_ns = if finer <= FINE_ENOUGH_NS {
            finer
        } else {
            self.per_ns
        };
        let highest = u128::from(HIGHEST_PER_SECOND) * u128::from(per_ns) / 1_000_000_000;
        let highest = u64::try_from(highest).unwrap_or(u64::MAX);
        let (mut pieces, after) = self.refined(per_ns).cut(at_ns);
        pieces.extend(after.iter().map(|piece| piece.scaled(percent, 100, highest)));
        Self::of(per_ns, pieces)
    }

    /// Nothing is due for `gap_ns` from an instant on; everything after it is delayed by `gap_ns`.
    #[must_use]
    pub fn with_gap(&self, at_ns: u64, gap_ns: u64) -> Self {
        let (mut pieces, after) = self.cut(at_ns);
        if !after.is_empty() {
            pieces.push(Piece::ramp(gap_ns, 0, 0));
            pieces.extend(after);
        }
        Self::of(self.per_ns, pieces)
    }

    /// The profile with a finer unit, a multiple of its own.
    fn refined(&self, per_ns: u64) -> Self {
        let factor = per_ns / self.per_ns;
        let pieces = self.pieces.iter();
        Self::of(
            per_ns,
            pieces.map(|placed| placed.piece.scaled(factor, 1, u64::MAX)),
        )
    }

    /// The pieces before and after an instant.
    fn cut(&self, at_ns: u64) -> (Vec<Piece>, Vec<Piece>) {
        let (mut before, mut after) = (Vec::new(), Vec::new());
        for placed in self.pieces.iter() {
            let inside_ns = at_ns
                .saturating_sub(placed.start_ns)
                .min(placed.piece.duration_ns);
            let (first, second) = placed.piece.cut(inside_ns);
            before.push(first);
            after.push(second);
        }
        before.retain(|piece| piece.duration_ns > 0);
        after.retain(|piece| piece.duration_ns > 0);
        (before, after)
    }
}
