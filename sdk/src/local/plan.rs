//! Which calls a work consists of, when they are due, and which thread makes them. Pure.

use std::time::Duration;

use heavy_load::arrivals::Arrivals;
use heavy_load::profile::Profile;
use heavy_load::rate::Rate;
use heavy_load::schedule::{MemberSchedule, WorkflowSchedule};
use heavy_load::span::Span;
use heavy_load::split::Split;

use super::Error;
use crate::harness::ahead;

/// No work is longer.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 3_600);

/// All calls of a work.
#[derive(Debug, Clone)]
pub(super) enum CallPlan {
    /// At a rate, for a while.
    Paced(WorkflowSchedule),
    /// This many calls, all due at the start.
    AtOnce(u64),
}

/// The calls of one thread that were not yet taken.
#[derive(Debug)]
pub(super) enum PlanPart {
    Paced { dealt: MemberSchedule, left: u64 },
    AtOnce { next: u64, step: u64, end: u64 },
}

impl CallPlan {
    /// A constant rate for a while.
    pub(super) fn paced(rate: Rate, duration: Duration) -> Result<Self, Error> {
        if duration.is_zero() || duration > LONGEST {
            return Err(Error::InvalidDuration(duration));
        }
        let span = Span::from_ns(crate::http::duration_ns(duration));
        let profile = Profile::constant(rate, span);
        Ok(Self::Paced(WorkflowSchedule {
            profile,
            offset_ns: 0,
            turns: None,
            arrivals: Arrivals::Uniform,
            seed: 0,
        }))
    }

    pub(super) fn planned(&self) -> u64 {
        match self {
            Self::Paced(schedule) => schedule.planned(),
            Self::AtOnce(amount) => *amount,
        }
    }

    /// How long calls keep becoming due; `None` if all of them are at once.
    pub(super) fn duration_ns(&self) -> Option<u64> {
        match self {
            Self::Paced(schedule) => Some(schedule.end_ns()),
            Self::AtOnce(_) => None,
        }
    }

    /// The part of one thread of several.
    pub(super) fn part(&self, thread: u32, threads: u32) -> PlanPart {
        match self {
            Self::Paced(schedule) => {
                let weights = vec![1; threads as usize];
                let split = Split::new(0, &weights).expect("there is a thread, and few enough");
                let share = split.share(thread);
                let left = share.count_before(schedule.planned());
                PlanPart::Paced {
                    dealt: MemberSchedule::new(schedule.clone(), share, 0, [0; 3]),
                    left,
                }
            }
            Self::AtOnce(amount) => PlanPart::AtOnce {
                next: u64::from(thread),
                step: u64::from(threads),
                end: *amount,
            },
        }
    }
}

impl PlanPart {
    /// Takes what is due before `until_ns`, at most `most` of it: numbers and due instants from the start, ascending.
    pub(super) fn take_before(&mut self, until_ns: u64, most: usize) -> Vec<(u64, u64)> {
        match self {
            Self::Paced { dealt, left } => {
                let due = ahead::take_before(dealt, until_ns, most);
                *left -= due.len() as u64;
                due
            }
            Self::AtOnce { .. } if until_ns == 0 => Vec::new(),
            Self::AtOnce { next, step, end } => {
                let mut due = Vec::new();
                while due.len() < most && *next < *end {
                    due.push((*next, 0));
                    *next = next.saturating_add(*step);
                }
                due
            }
        }
    }

    pub(super) fn left(&self) -> u64 {
        match self {
            Self::Paced { left, .. } => *left,
            Self::AtOnce { next, step, end } => end.saturating_sub(*next).div_ceil(*step),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn impossible_durations_are_refused() {
        let rate = Rate::per_second(1).unwrap();
        for duration in [Duration::ZERO, LONGEST + Duration::from_nanos(1), Duration::MAX] {
            assert!(matches!(
                CallPlan::paced(rate, duration),
                Err(Error::InvalidDuration(refused)) if refused == duration
            ));
        }
        assert!(CallPlan::paced(rate, LONGEST).is_ok());
    }

    fn plan(at_once: bool, amount: u64, duration_ms: u64) -> CallPlan {
        if at_once {
            CallPlan::AtOnce(amount)
        } else {
            let rate = Rate::per_second(amount).unwrap();
            CallPlan::paced(rate, Duration::from_millis(duration_ms)).unwrap()
        }
    }

    proptest! {
        #[test]
        fn threads_divide_the_plan(
            at_once: bool, amount in 1u64..2_000, duration_ms in 1u64..3_000, threads in 1u32..6,
            steps_ms in 1u64..1_000, most in 1usize..300,
        ) {
            let plan = plan(at_once, amount, duration_ms);
            let mut all = Vec::new();
            for thread in 0..threads {
                let mut part = plan.part(thread, threads);
                let mut until_ns = 0;
                let mut due_before_ns = 0;
                while part.left() > 0 {
                    until_ns += steps_ms * 1_000_000;
                    let left = part.left();
                    let taken = part.take_before(until_ns, most);
                    prop_assert!(taken.len() <= most);
                    prop_assert_eq!(part.left(), left - taken.len() as u64);
                    for &(n, due_ns) in &taken {
                        prop_assert!(due_before_ns <= due_ns && due_ns < until_ns);
                        due_before_ns = due_ns;
                        all.push(n);
                    }
                }
                prop_assert!(part.take_before(u64::MAX, 1).is_empty());
            }
            all.sort_unstable();
            prop_assert_eq!(all, (0..plan.planned()).collect::<Vec<_>>());
        }
    }
}
