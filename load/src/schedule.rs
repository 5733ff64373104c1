//! The iterations of one open workflow, numbered from 0, and how members of a revision divide them.

use std::iter::Peekable;

use crate::arrivals::{Arrivals, Draws, ONE};
use crate::profile::Profile;
use crate::split::Share;

/// When the iterations of one workflow are due.
#[derive(Debug, Clone, PartialEq)]
pub struct WorkflowSchedule {
    /// The rate over time, counted from `offset_ns`.
    pub profile: Profile,
    /// Where the profile begins, from the job's start.
    pub offset_ns: u64,
    /// The workflow's iterations of the profile; `None` for all.
    pub turns: Option<Share>,
    /// How starts are spread around the rate.
    pub arrivals: Arrivals,
    /// Seed for random arrivals.
    pub seed: u64,
}

impl WorkflowSchedule {
    /// Nothing is due for `gap_ns` from an instant on; everything after it is delayed by `gap_ns`.
    pub fn add_gap(&mut self, at_ns: u64, gap_ns: u64) {
        match at_ns.checked_sub(self.offset_ns) {
            None | Some(0) => self.offset_ns += gap_ns,
            Some(at_ns) => self.profile = self.profile.with_gap(at_ns, gap_ns),
        }
    }

    /// When the plan has iteration `n` due, from the job's start; `u64::MAX` if it never is.
    #[must_use]
    pub fn due_ns(&self, n: u64) -> u64 {
        let of_profile = match &self.turns {
            None => Some(n),
            Some(turns) => turns.nth(n),
        };
        let due_ns = of_profile.map_or(u64::MAX, |n| self.profile.due_ns(n));
        due_ns.saturating_add(self.offset_ns)
    }

    /// How many iterations are planned before an instant (exclusive).
    #[must_use]
    pub fn count_before(&self, at_ns: u64) -> u64 {
        let of_profile = self.profile.count_before(at_ns.saturating_sub(self.offset_ns));
        match &self.turns {
            None => of_profile,
            Some(turns) => turns.count_before(of_profile),
        }
    }

    /// How many iterations are planned.
    #[must_use]
    pub fn planned(&self) -> u64 {
        self.count_before(self.end_ns())
    }

    /// From the job's start to the profile's end.
    #[must_use]
    pub fn end_ns(&self) -> u64 {
        self.offset_ns + self.profile.duration_ns()
    }

    /// The asked rate at an instant, in starts per second.
    #[must_use]
    pub fn rate_per_second_at(&self, at_ns: u64) -> f64 {
        let rate = at_ns
            .checked_sub(self.offset_ns)
            .map_or(0.0, |at_ns| self.profile.rate_per_second_at(at_ns));
        rate * self.part()
    }

    /// The area under the rate, in iterations.
    pub(crate) fn area(&self) -> f64 {
        let area = self.profile.area(self.profile.duration_ns());
        area as f64 / self.profile.units_of_one() as f64 * self.part()
    }

    /// Since when the rate only falls, from the job's start.
    pub(crate) fn ramp_down_from_ns(&self) -> u64 {
        self.offset_ns + self.profile.ramp_down_from_ns()
    }

    /// The workflow's part of the profile.
    fn part(&self) -> f64 {
        self.turns.as_ref().map_or(1.0, |turns| {
            let (own, all) = turns.part();
            own as f64 / all as f64
        })
    }
}

/// What one member has of a schedule from a cut on, in order.
#[derive(Debug, Clone)]
pub struct MemberSchedule {
    schedule: WorkflowSchedule,
    share: Share,
    /// How many were taken.
    taken: u64,
    random: Option<RandomArrivals>,
}

#[derive(Debug, Clone)]
struct RandomArrivals {
    draws: Peekable<Draws>,
    /// The profile's area at the cut.
    area_at_cut: u128,
}

impl MemberSchedule {
    /// The part of a schedule that a member has by its `share` from an instant on, from the job's start. `seat` is the
    /// workflow's place, the revision's number and the member's place: what seeds its arrivals, if they are random.
    #[must_use]
    pub fn new(schedule: WorkflowSchedule, share: Share, cut_ns: u64, seat: [u64; 3]) -> Self {
        let [workflow, revision, member] = seat;
        let random = (schedule.arrivals == Arrivals::Poisson).then(|| RandomArrivals {
            draws: Draws::new(schedule.seed, workflow, revision, member).peekable(),
            area_at_cut: schedule.profile.area(cut_ns.saturating_sub(schedule.offset_ns)),
        });
        Self {
            schedule,
            share,
            taken: 0,
            random,
        }
    }

    /// The next iteration and its due instant from the job's start; `None` after the last.
    pub fn peek(&mut self) -> Option<(u64, u64)> {
        let n = self.share.nth(self.taken)?;
        let due_ns = match &mut self.random {
            None => self.schedule.due_ns(n),
            Some(random) => {
                let drawn = random.draws.peek().copied()?;
                let area = random.area_at_cut + self.schedule.scaled(drawn, &self.share);
                let due_ns = self.schedule.profile.reaches_ns(area);
                due_ns.saturating_add(self.schedule.offset_ns)
            }
        };
        (due_ns < self.schedule.end_ns()).then_some((n, due_ns))
    }

    /// Goes on to the one after [`Self::peek`]'s.
    pub fn advance(&mut self) {
        self.taken += 1;
        if let Some(random) = &mut self.random {
            random.draws.next();
        }
    }

    /// Goes on to the first one that is due at `at_ns` or later; returns how many were passed.
    pub fn pass(&mut self, at_ns: u64) -> u64 {
        if self.random.is_none() {
            let before = self.share.count_before(self.schedule.count_before(at_ns));
            let passed = before.saturating_sub(self.taken);
            self.taken += passed;
            return passed;
        }
        let mut passed = 0;
        while let Some((_, due_ns)) = self.peek() {
            if due_ns >= at_ns {
                break;
            }
            self.advance();
            passed += 1;
        }
        passed
    }
}

impl WorkflowSchedule {
    /// An area of a process of intensity 1 as one of the profile, of which the member has its share of the workflow's
    /// part.
    fn scaled(&self, drawn: u128, share: &Share) -> u128 {
        let (own, all) = share.part();
        let (turns_own, turns_all) = self.turns.as_ref().map_or((1, 1), Share::part);
        let times = u128::from(all) * u128::from(turns_all);
        let over = u128::from(own) * u128::from(turns_own);
        let one = u128::from(ONE);
        let unit = self.profile.units_of_one();
        // Whole iterations and their fraction apart, so that both fit.
        let whole = (drawn / one).saturating_mul(unit).saturating_mul(times) / over;
        let fraction = (drawn % one * times / over).saturating_mul(unit) / one;
        whole.saturating_add(fraction)
    }
}

#[cfg(test)]
mod tests;
