//! One piece of a profile: the rate changes linearly from one count to another.

use serde::{Deserialize, Serialize};

/// A window of a linear ramp. Areas are in halves of 1/unit, `unit` being the time in which the counts are counted, so
/// that they stay whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "[u64; 5]", from = "[u64; 5]")]
pub(super) struct Piece {
    /// How much of the ramp the piece is.
    pub(super) duration_ns: u64,
    /// Where the ramp begins and ends.
    from: u64,
    to: u64,
    /// How long the whole ramp is.
    over_ns: u64,
    /// How much of it lies before the piece.
    skip_ns: u64,
}

impl Piece {
    pub(super) const fn ramp(duration_ns: u64, from: u64, to: u64) -> Self {
        Self {
            duration_ns,
            from,
            to,
            over_ns: duration_ns,
            skip_ns: 0,
        }
    }

    pub(super) const fn is_sound(&self) -> bool {
        match self.skip_ns.checked_add(self.duration_ns) {
            Some(end_ns) => end_ns <= self.over_ns && self.over_ns <= 2 * crate::span::LONGEST_NS,
            None => false,
        }
    }

    pub(super) const fn highest(&self) -> u64 {
        if self.from > self.to { self.from } else { self.to }
    }

    pub(super) const fn falls(&self) -> bool {
        self.to < self.from
    }

    /// The count, `inside_ns` after the piece's start; 0 outside of it.
    pub(super) fn count_at(&self, inside_ns: u64) -> f64 {
        if inside_ns >= self.duration_ns {
            return 0.0;
        }
        let share = (self.skip_ns + inside_ns) as f64 / self.over_ns as f64;
        self.from as f64 + (self.to as f64 - self.from as f64) * share
    }

    /// The area of the piece's first `inside_ns`.
    pub(super) fn area(&self, inside_ns: u64) -> u128 {
        self.of_ramp(self.skip_ns + inside_ns) - self.of_ramp(self.skip_ns)
    }

    /// The area of the ramp's first `t_ns`, rounded down: `2*from*t + (to-from)*t*t/over`.
    fn of_ramp(&self, t_ns: u64) -> u128 {
        if self.from == self.to {
            return 2 * u128::from(self.from) * u128::from(t_ns);
        }
        let (over, t) = (u128::from(self.over_ns), u128::from(t_ns));
        let start = 2 * over * u128::from(self.from);
        let slope = if self.to > self.from {
            start + u128::from(self.to - self.from) * t
        } else {
            start - u128::from(self.from - self.to) * t
        };
        // t * slope / over, in two parts that fit.
        t * (slope / over) + t * (slope % over) / over
    }

    /// The first ns of the piece at which the area is reached; `None` if it is more than the piece has.
    pub(super) fn reaches_ns(&self, area: u128) -> Option<u64> {
        let end_ns = self.skip_ns + self.duration_ns;
        let wanted = area + self.of_ramp(self.skip_ns);
        if self.from == self.to {
            let count = 2 * u128::from(self.from);
            let t_ns = wanted.checked_div(count)? + u128::from(!wanted.is_multiple_of(count));
            let t_ns = u64::try_from(t_ns).ok()?;
            return (t_ns <= end_ns).then(|| t_ns.saturating_sub(self.skip_ns));
        }
        if self.of_ramp(end_ns) < wanted {
            return None;
        }
        // The area grows with t: look around where floats say it is, then in halves.
        let near_ns = self.estimate_ns(wanted).clamp(self.skip_ns, end_ns);
        let (mut below, mut reached) = (self.skip_ns, end_ns);
        let mut step = 1;
        if self.of_ramp(near_ns) >= wanted {
            reached = near_ns;
            while let Some(t_ns) = reached.checked_sub(step).filter(|t_ns| *t_ns > below) {
                if self.of_ramp(t_ns) < wanted {
                    below = t_ns;
                    break;
                }
                reached = t_ns;
                step *= 2;
            }
        } else {
            below = near_ns;
            while let Some(t_ns) = below.checked_add(step).filter(|t_ns| *t_ns < reached) {
                if self.of_ramp(t_ns) >= wanted {
                    reached = t_ns;
                    break;
                }
                below = t_ns;
                step *= 2;
            }
        }
        if self.of_ramp(below) >= wanted {
            return Some(below - self.skip_ns);
        }
        while reached - below > 1 {
            let middle = below + (reached - below) / 2;
            if self.of_ramp(middle) >= wanted {
                reached = middle;
            } else {
                below = middle;
            }
        }
        Some(reached - self.skip_ns)
    }

    /// Solves `slope/over * t*t + 2*from*t = area` as well as floats can.
    fn estimate_ns(&self, area: u128) -> u64 {
        let (from, area) = (self.from as f64, area as f64);
        let bend = (self.to as f64 - from) / self.over_ns as f64;
        let root = (from * from + bend * area).max(0.0).sqrt();
        let t_ns = area / (from + root);
        if t_ns.is_finite() { t_ns as u64 } else { u64::MAX }
    }

    /// The piece in two, after `inside_ns`.
    pub(super) const fn cut(self, inside_ns: u64) -> (Self, Self) {
        let before = Self {
            duration_ns: inside_ns,
            ..self
        };
        let after = Self {
            duration_ns: self.duration_ns - inside_ns,
            skip_ns: self.skip_ns + inside_ns,
            ..self
        };
        (before, after)
    }

    /// The piece with all counts times `numerator / denominator`, rounded to the nearest, at most `highest`.
    pub(super) fn scaled(self, numerator: u64, denominator: u64, highest: u64) -> Self {
        let scale = |count: u64| {
            let scaled = (u128::from(count) * u128::from(numerator) + u128::from(denominator / 2))
                / u128::from(denominator);
            u64::try_from(scaled).unwrap_or(u64::MAX).min(highest)
        };
        Self {
            from: scale(self.from),
            to: scale(self.to),
            ..self
        }
    }
}

impl From<Piece> for [u64; 5] {
    fn from(piece: Piece) -> Self {
        [
            piece.duration_ns,
            piece.from,
            piece.to,
            piece.over_ns,
            piece.skip_ns,
        ]
    }
}

impl From<[u64; 5]> for Piece {
    fn from([duration_ns, from, to, over_ns, skip_ns]: [u64; 5]) -> Self {
        Self {
            duration_ns,
            from,
            to,
            over_ns,
            skip_ns,
        }
    }
}
