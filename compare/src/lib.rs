//! Comparing jobs: which statistics of which workflow, step and request have changed, and which only seem to.
//!
//! A [`JobRecorder`] takes the roll-ups of one job and keeps a few dozen slices of its time. From them [`Measured`] has
//! every statistic with its standard error, by a block bootstrap over seconds, or, of short jobs, the value of each second. `compare` sets one job against
//! another, or against several earlier ones, whose differences among themselves then count as noise too.
//!
//! The modules `blocks`, `bootstrap`, `windows`, `permutation`, `pool` and `judge` document how a change is told from noise, with sources;
//! `docs/comparing.md` explains it to users.

mod blocks;
mod bootstrap;
mod comparable;
mod conclusion;
mod document;
mod effect;
mod judge;
mod measure;
mod pair;
mod permutation;
mod place;
mod pool;
mod recorder;
mod statistic;
mod student;
pub mod trend;
mod windows;

#[cfg(test)]
mod tests;

pub use comparable::{alike, caveats, notes};
pub use document::{
    Comparison, Conclusion, Finding, JobLine, JudgementMethod, PlaceChange, StatisticChange, VERSION,
};
pub use judge::compare;
pub use measure::Measured;
pub use place::{Level, Place};
pub use recorder::{Extent, JobRecorder};
pub use statistic::Statistic;

/// What counts as a change, and what as a regression.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ComparisonOptions {
    /// A time or rate that is worse by more than this percentage is a regression, if the change is significant.
    pub tolerance_percent: f64,
    /// A share (failed or dropped) that is higher by more than these percentage points is a regression.
    pub error_tolerance_points: f64,
    /// Smaller changes, in percent, count as noise.
    pub noise_floor_percent: f64,
    /// The seed of the resampling; the same seed produces the same result.
    pub seed: u64,
}

impl ComparisonOptions {
    /// Two runs of one system commonly differ by as much.
    pub const DEFAULT_TOLERANCE_PERCENT: f64 = 5.0;
    /// One failure in a thousand.
    pub const DEFAULT_ERROR_TOLERANCE_POINTS: f64 = 0.1;
    /// The same machine varies by as much.
    pub const DEFAULT_NOISE_FLOOR_PERCENT: f64 = 3.0;
    /// Any number does.
    pub const DEFAULT_SEED: u64 = 1;
}

impl Default for ComparisonOptions {
    fn default() -> Self {
        Self {
            tolerance_percent: Self::DEFAULT_TOLERANCE_PERCENT,
            error_tolerance_points: Self::DEFAULT_ERROR_TOLERANCE_POINTS,
            noise_floor_percent: Self::DEFAULT_NOISE_FLOOR_PERCENT,
            seed: Self::DEFAULT_SEED,
        }
    }
}
