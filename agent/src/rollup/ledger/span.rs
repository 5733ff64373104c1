//! What a dropped line tells: how many of a span of iterations, and why.

use heavy_results::stats::Dropped;

use super::super::second::LedgerSecond;
use super::WorkflowIndex;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DropCause {
    /// No free slot.
    Full,
    /// The generator was too far behind.
    Late,
    /// Nobody could execute it.
    Gap,
}

impl DropCause {
    /// Reads a line's reason; one that is not known counts as `late`: the generator's fault.
    pub(crate) fn of(text: &str) -> Self {
        match text {
            "full" => Self::Full,
            "gap" => Self::Gap,
            _ => Self::Late,
        }
    }

    pub(super) const fn number(self) -> u32 {
        match self {
            Self::Full => 0,
            Self::Late => 1,
            Self::Gap => 2,
        }
    }

    pub(super) const fn of_number(number: u32) -> Self {
        match number {
            0 => Self::Full,
            2 => Self::Gap,
            _ => Self::Late,
        }
    }

    pub(super) fn count_in(self, dropped: &mut Dropped, n: u64) {
        match self {
            Self::Full => dropped.full += n,
            Self::Late => dropped.late += n,
            Self::Gap => dropped.gap += n,
        }
    }
}

/// Drops of a span that reaches over the end of a second: how many of the last few belong to which shows at the end.
#[derive(Debug, Clone, Copy)]
pub(super) struct DropSpan {
    pub(super) workflow: WorkflowIndex,
    pub(super) first: u64,
    pub(super) last: u64,
    pub(super) count: u64,
    pub(super) reason: DropCause,
}

impl DropSpan {
    /// The part of its count that surely belongs to a second: a little less than by its numbers.
    pub(super) fn part_in(&self, second: &LedgerSecond) -> u64 {
        let numbers = second.last_n.min(self.last) + 1 - second.first_n.max(self.first);
        let all = u128::from(self.last - self.first) + 1;
        let part = u128::from(self.count) * u128::from(numbers) * 7 / 8 / all;
        u64::try_from(part).unwrap_or(u64::MAX)
    }
}
