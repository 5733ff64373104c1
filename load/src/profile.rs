//! Rate profiles: when iteration n is due, computed from n in integers and never by adding intervals.
//!
//! A profile is a rate over time, made of pieces in which the rate is constant or changes linearly. Iteration n (from 0)
//! is due at the first whole ns at which the area under the profile has reached n, so iteration 0 is due at the start.

mod edit;
mod piece;
mod stage;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use edit::LONGEST_PAUSE_NS;
use piece::Piece;
pub use stage::Stage;

use crate::rate::{Rate, greatest_common_divisor};
use crate::span::Span;

/// A rate over time, from the job's start to [`Profile::duration_ns`]. Clones share their pieces.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Document", into = "Document")]
pub struct Profile {
    /// Rates of pieces are counts in this time.
    per_ns: u64,
    pieces: Arc<[PlacedPiece]>,
}

/// A piece and what lies before it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct PlacedPiece {
    piece: Piece,
    start_ns: u64,
    /// In halves of 1/per_ns: see [`Profile::units`].
    area_before: u128,
}

/// A profile as it travels: all areas follow from the pieces.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Document {
    per_ns: u64,
    pieces: Vec<Piece>,
}

/// The largest unit of a rate: sums over this many pieces and rates fit into 128 bits.
const LARGEST_PER_NS: u64 = 1 << 62;

impl Profile {
    /// A constant rate for a while.
    #[must_use]
    pub fn constant(rate: Rate, duration: Span) -> Self {
        Self::of(
            rate.per_ns(),
            [Piece::ramp(duration.ns(), rate.count(), rate.count())],
        )
    }

    /// Stages: in each the rate changes linearly from where the one before left it to its own, at once if it has no
    /// duration. The first one begins at `start`.
    #[must_use]
    pub fn stages(start: Rate, stages: &[Stage]) -> Self {
        let rates = || std::iter::once(start).chain(stages.iter().map(|stage| stage.rate));
        // Units of texts divide an hour in millionths of a ns, and so does what is common to them.
        let per_ns = rates().fold(1, |unit, rate| least_common_multiple(unit, rate.per_ns()) as u64);
        let count = |rate: Rate| rate.count() * (per_ns / rate.per_ns());
        let pieces = rates().zip(stages).map(|(from, stage)| {
            let to = count(stage.rate);
            Piece::ramp(stage.duration.ns(), count(from), to)
        });
        Self::of(per_ns, pieces)
    }

    fn of(per_ns: u64, pieces: impl IntoIterator<Item = Piece>) -> Self {
        let (mut start_ns, mut area_before) = (0u64, 0u128);
        let placed = pieces
            .into_iter()
            .filter(|piece| piece.duration_ns > 0)
            .map(|piece| {
                let placed = PlacedPiece {
                    piece,
                    start_ns,
                    area_before,
                };
                start_ns += piece.duration_ns;
                area_before += piece.area(piece.duration_ns);
                placed
            });
        Self {
            pieces: placed.collect(),
            per_ns,
        }
    }

    /// How long the profile is.
    #[must_use]
    pub fn duration_ns(&self) -> u64 {
        self.pieces
            .last()
            .map_or(0, |last| last.start_ns + last.piece.duration_ns)
    }

    /// When iteration `n` is due, in ns from the start; `u64::MAX` if the profile ends before.
    #[must_use]
    pub fn due_ns(&self, n: u64) -> u64 {
        self.reaches_ns(self.units(n))
    }

    /// `n` iterations as an area.
    pub(crate) fn units(&self, n: u64) -> u128 {
        u128::from(n) * self.units_of_one()
    }

    /// One iteration as an area.
    pub(crate) fn units_of_one(&self) -> u128 {
        2 * u128::from(self.per_ns)
    }

    /// The area under the profile before an instant.
    pub(crate) fn area(&self, at_ns: u64) -> u128 {
        let place = self.pieces.partition_point(|placed| placed.start_ns <= at_ns);
        let Some(placed) = place.checked_sub(1).map(|place| &self.pieces[place]) else {
            return 0;
        };
        let inside_ns = (at_ns - placed.start_ns).min(placed.piece.duration_ns);
        placed.area_before + placed.piece.area(inside_ns)
    }

    /// The first whole ns at which the area has reached `area`; `u64::MAX` if it never does.
    pub(crate) fn reaches_ns(&self, area: u128) -> u64 {
        // The last piece that begins with less, since within it the area is reached, or at its end.
        let place = self.pieces.partition_point(|placed| placed.area_before < area);
        let Some(placed) = place.checked_sub(1).map(|place| &self.pieces[place]) else {
            return if self.pieces.is_empty() { u64::MAX } else { 0 };
        };
        placed
            .piece
            .reaches_ns(area - placed.area_before)
            .map_or(u64::MAX, |inside_ns| placed.start_ns + inside_ns)
    }

    /// How many iterations are due before `at_ns` (exclusive); none beyond the end of the profile.
    #[must_use]
    pub fn count_before(&self, at_ns: u64) -> u64 {
        let Some(last_ns) = at_ns.min(self.duration_ns()).checked_sub(1) else {
            return 0;
        };
        u64::try_from(self.area(last_ns) / self.units_of_one() + 1).unwrap_or(u64::MAX)
    }

    /// The asked rate at an instant, in starts per second; 0 outside of the profile.
    #[must_use]
    pub fn rate_per_second_at(&self, at_ns: u64) -> f64 {
        let place = self.pieces.partition_point(|placed| placed.start_ns <= at_ns);
        let placed = place.checked_sub(1).map(|place| &self.pieces[place]);
        placed.map_or(0.0, |placed| {
            placed.piece.count_at(at_ns - placed.start_ns) * 1e9 / self.per_ns as f64
        })
    }

    /// Since when the rate only falls, to the end; the profile's end if it does not fall there.
    pub(crate) fn ramp_down_from_ns(&self) -> u64 {
        let falling = self.pieces.iter().rev().take_while(|placed| placed.piece.falls());
        falling
            .last()
            .map_or(self.duration_ns(), |placed| placed.start_ns)
    }
}

impl From<Profile> for Document {
    fn from(profile: Profile) -> Self {
        Self {
            per_ns: profile.per_ns,
            pieces: profile.pieces.iter().map(|placed| placed.piece).collect(),
        }
    }
}

impl TryFrom<Document> for Profile {
    type Error = String;

    fn try_from(document: Document) -> Result<Self, String> {
        let Document { per_ns, pieces } = document;
        if per_ns == 0 || per_ns > LARGEST_PER_NS {
            return Err(format!("{per_ns} ns is not a valid time unit of a rate"));
        }
        let highest = u128::from(crate::rate::HIGHEST_PER_SECOND) * u128::from(per_ns) / 1_000_000_000;
        let mut duration_ns = 0u64;
        for piece in &pieces {
            duration_ns = duration_ns.saturating_add(piece.duration_ns);
            if !piece.is_sound() || u128::from(piece.highest()) > 2 * highest + 1 {
                return Err(format!("invalid piece of a profile: {piece:?}"));
            }
        }
        if duration_ns > 2 * crate::span::LONGEST_NS {
            return Err(format!("a profile of {duration_ns} ns is too long"));
        }
        Ok(Self::of(per_ns, pieces))
    }
}

fn least_common_multiple(a: u64, b: u64) -> u128 {
    u128::from(a / greatest_common_divisor(a, b)) * u128::from(b)
}
