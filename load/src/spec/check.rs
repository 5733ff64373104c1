//! Which keys of a load conflict, and which values are impossible.

use super::{LoadSpec, LoadSpecError};
use crate::arrivals::Arrivals;
use crate::span::Span;
use crate::users::Users;

use LoadSpecError as Error;

type CheckResult = Result<(), LoadSpecError>;

impl LoadSpec {
    /// Checks that the parts go together.
    ///
    /// # Errors
    /// Says which field is wrong and what would be right.
    pub fn check(&self) -> CheckResult {
        if self.duration == Some(Span::ZERO) {
            return Error::refuse(
                "duration",
                "a job of 0s starts nothing: write a duration above 0, such as 30s",
            );
        }
        if self.is_open() {
            return self.check_open();
        }
        if self.is_closed() {
            return self.check_closed();
        }
        if self.pacing.is_some() {
            return Error::refuse("pacing", "requires users: add them, or leave it out");
        }
        Ok(())
    }

    fn check_open(&self) -> CheckResult {
        let with = if self.rate.is_some() { "a rate" } else { "stages" };
        for (field, given) in [
            ("users", self.users.is_some()),
            ("iterations", self.iterations.is_some()),
            ("iterations_per_user", self.iterations_per_user.is_some()),
            ("pacing", self.pacing.is_some()),
        ] {
            if given {
                let problem = format!("conflicts with {with}: leave one of the two out");
                return Error::refuse(field, problem);
            }
        }
        if self.stages.is_empty() {
            return Ok(());
        }
        if self.duration.is_some() {
            return Error::refuse("duration", "stages have their own durations: leave it out");
        }
        let profile = self.profile();
        if profile.duration_ns() == 0 || profile.area(profile.duration_ns()) == 0 {
            return Error::refuse(
                "stages",
                "these start nothing: write a duration and a rate above 0, such as 30s:100",
            );
        }
        if !self.warm_up().is_zero() && self.rate.is_none() {
            return Error::refuse(
                "warm_up",
                "requires rate: stages start from it, and from 0 the warm-up would start nothing",
            );
        }
        Ok(())
    }

    fn check_closed(&self) -> CheckResult {
        if self.arrivals() == Arrivals::Poisson {
            return Error::refuse(
                "arrivals",
                "random arrivals require a rate, and conflict with users",
            );
        }
        if self.iterations == Some(0) || self.iterations_per_user == Some(0) {
            return Error::refuse("iterations", "expected at least 1 iteration");
        }
        if self.iterations.is_some() && self.iterations_per_user.is_some() {
            return Error::refuse(
                "iterations",
                "conflicts with iterations_per_user: leave one of the two out",
            );
        }
        if self.pacing == Some(Span::ZERO) {
            return Error::refuse("pacing", "leave it out, or write a duration above 0, such as 1s");
        }
        let Some(stages_ns) = self.users.as_ref().and_then(Users::duration) else {
            return Ok(());
        };
        if self.duration.is_some() {
            return Error::refuse(
                "duration",
                "stages of users have their own durations: leave it out",
            );
        }
        if stages_ns.is_zero() {
            return Error::refuse(
                "users",
                "these stages take no time: write durations above 0, such as 30s:100",
            );
        }
        if self.iterations.is_some() || self.iterations_per_user.is_some() {
            return Error::refuse("iterations", "requires a constant number of users");
        }
        if !self.warm_up().is_zero() {
            return Error::refuse(
                "warm_up",
                "conflicts with stages of users: make the first stage the warm-up",
            );
        }
        Ok(())
    }
}
