//! The shape of a load as people say it, of a whole job or of one workflow, and what of it makes no sense.

use crate::arrivals::Arrivals;
use crate::load::{Closed, LoadModel, Quota, WorkflowLoad, shared_rate};
use crate::profile::{Profile, Stage};
use crate::rate::Rate;
use crate::span::Span;
use crate::split::Split;
use crate::users::Users;

/// How long a load lasts that says nothing of it.
pub const DEFAULT_DURATION: Span = Span::from_s(30);
/// How long a number of iterations lasts at most.
pub const DEFAULT_MAX_DURATION: Span = Span::from_s(600);
/// Iterations at once, on each agent.
pub const DEFAULT_MAX_IN_FLIGHT: u32 = 4096;
/// Grace for running iterations.
pub const DEFAULT_GRACEFUL_STOP: Span = Span::from_s(30);

/// What a document says of a load.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Shape {
    /// Of an open load.
    pub rate: Option<Rate>,
    /// Of an open load.
    pub stages: Vec<Stage>,
    /// Of an open load.
    pub arrivals: Arrivals,
    /// Of a closed load.
    pub users: Option<Users>,
    /// Of a closed load.
    pub iterations: Option<u64>,
    /// Of a closed load.
    pub iterations_per_user: Option<u64>,
    /// Of a closed load.
    pub pacing: Option<Span>,
    /// Of either.
    pub duration: Option<Span>,
    /// Of either.
    pub warm_up: Span,
}

/// Parts of a load that cannot be, or do not go together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct ShapeError {
    /// The name of the part that is wrong.
    pub field: &'static str,
    /// What is wrong and what would be right.
    pub problem: String,
}

fn wrong<T>(field: &'static str, problem: &str) -> Result<T, ShapeError> {
    Err(ShapeError {
        field,
        problem: problem.to_owned(),
    })
}

impl Shape {
    /// Whether the document asks for a load at all.
    #[must_use]
    pub fn is_given(&self) -> bool {
        self.is_open() || self.is_closed()
    }

    /// Whether the load is one of starts.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.rate.is_some() || !self.stages.is_empty()
    }

    /// Whether the load is one of users.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.users.is_some() || self.iterations.is_some() || self.iterations_per_user.is_some()
    }

    /// Checks that the parts go together.
    ///
    /// # Errors
    /// Says which field is wrong and what would be right.
    pub fn check(&self) -> Result<(), ShapeError> {
        if self.duration == Some(Span::ZERO) {
            return wrong(
                "duration",
                "a job of 0s starts nothing: write a duration above 0, as in 30s",
            );
        }
        if self.is_open() {
            return self.check_open();
        }
        if self.is_closed() {
            return self.check_closed();
        }
        if self.pacing.is_some() {
            return wrong("pacing", "it says how often users start: say how many with users");
        }
        Ok(())
    }

    /// Checks what goes beside a load: how many identities take turns, and when an iteration is given up.
    ///
    /// # Errors
    /// Says which field is wrong and what would be right.
    pub fn check_beside(&self, unique_users: Option<u32>, timeout: Option<Span>) -> Result<(), ShapeError> {
        if timeout == Some(Span::ZERO) {
            return wrong(
                "timeout",
                "every iteration would time out: write a duration above 0, as in 10s",
            );
        }
        if unique_users == Some(0) {
            return wrong(
                "unique_users",
                "with no users nothing starts: write a number above 0",
            );
        }
        if unique_users.is_some() && self.is_closed() {
            return wrong(
                "unique_users",
                "users of a closed load are unique already: leave it out",
            );
        }
        Ok(())
    }

    fn check_open(&self) -> Result<(), ShapeError> {
        let with = if self.rate.is_some() { "a rate" } else { "stages" };
        for (field, given) in [
            ("users", self.users.is_some()),
            ("iterations", self.iterations.is_some()),
            ("iterations_per_user", self.iterations_per_user.is_some()),
            ("pacing", self.pacing.is_some()),
        ] {
            if given {
                let problem = format!(
                    "it belongs to users, who start again when they are done, and not to {with}, which starts \
                     iterations whatever the target does: choose one of the two"
                );
                return wrong(field, &problem);
            }
        }
        if self.stages.is_empty() {
            return Ok(());
        }
        if self.duration.is_some() {
            return wrong("duration", "stages have their own durations: leave it out");
        }
        let profile = self.profile();
        if profile.duration_ns() == 0 || profile.area(profile.duration_ns()) == 0 {
            return wrong(
                "stages",
                "these start nothing: write a duration and a rate above 0, as in 30s:100",
            );
        }
        if !self.warm_up.is_zero() && self.rate.is_none() {
            return wrong(
                "warm_up",
                "stages begin at 0, so that nothing would be started before them: say with rate where they begin",
            );
        }
        Ok(())
    }

    fn check_closed(&self) -> Result<(), ShapeError> {
        if self.arrivals == Arrivals::Poisson {
            return wrong(
                "arrivals",
                "users come when they are free: random arrivals belong to a rate",
            );
        }
        if self.iterations == Some(0) || self.iterations_per_user == Some(0) {
            return wrong(
                "iterations",
                "with 0 iterations nothing starts: write a number above 0",
            );
        }
        if self.iterations.is_some() && self.iterations_per_user.is_some() {
            return wrong(
                "iterations",
                "choose between iterations in all and iterations_per_user",
            );
        }
        if self.pacing == Some(Span::ZERO) {
            return wrong("pacing", "leave it out, or write a duration above 0, as in 1s");
        }
        let Some(stages_ns) = self.users.as_ref().and_then(Users::duration) else {
            return Ok(());
        };
        if self.duration.is_some() {
            return wrong(
                "duration",
                "stages of users have their own durations: leave it out",
            );
        }
        if stages_ns.is_zero() {
            return wrong(
                "users",
                "these stages take no time: write durations above 0, as in 30s:100",
            );
        }
        if self.iterations.is_some() || self.iterations_per_user.is_some() {
            return wrong(
                "iterations",
                "a number of iterations needs a constant number of users",
            );
        }
        if !self.warm_up.is_zero() {
            return wrong("warm_up", "make the first stage of the users the warm-up");
        }
        Ok(())
    }

    /// The rate over time, the warm-up included.
    fn profile(&self) -> Profile {
        let start = self.rate.unwrap_or(Rate::ZERO);
        if self.stages.is_empty() {
            let duration = self.duration.unwrap_or(DEFAULT_DURATION);
            return Profile::constant(start, self.warm_up.plus(duration));
        }
        let warm_up = Stage {
            duration: self.warm_up,
            rate: start,
        };
        let stages: Vec<Stage> = std::iter::once(warm_up)
            .chain(self.stages.iter().copied())
            .collect();
        Profile::stages(start, &stages)
    }

    /// The users, the warm-up included.
    fn closed(&self, offset: Span) -> Closed {
        let users = self.users.clone().unwrap_or(Users::Constant(1));
        let quota = match (self.iterations, self.iterations_per_user) {
            (Some(iterations), _) => Quota::Shared(iterations),
            (None, Some(iterations)) => Quota::PerUser(iterations),
            (None, None) => Quota::Unlimited,
        };
        let default = if quota == Quota::Unlimited {
            DEFAULT_DURATION
        } else {
            DEFAULT_MAX_DURATION
        };
        let duration = users.duration().or(self.duration).unwrap_or(default);
        Closed {
            users,
            offset_ns: offset.ns(),
            duration_ns: self.warm_up.plus(duration).ns(),
            pacing_ns: self.pacing.map(Span::ns),
            quota,
        }
    }
}

impl Shape {
    /// The load in words, as in `100/s for 30s` or `50 users for 1m, paced at 1s`.
    #[must_use]
    pub fn describe(&self) -> String {
        let mut text = if self.is_open() {
            self.describe_open()
        } else {
            self.describe_closed()
        };
        if !self.warm_up.is_zero() {
            text.push_str(&format!(", after a warm-up of {}", self.warm_up));
        }
        text
    }

    fn describe_open(&self) -> String {
        let start = self.rate.unwrap_or(Rate::ZERO);
        let random = if self.arrivals == Arrivals::Poisson {
            " at random"
        } else {
            ""
        };
        if self.stages.is_empty() {
            let duration = self.duration.unwrap_or(DEFAULT_DURATION);
            return format!("{start}{random} for {duration}");
        }
        let stages: Vec<String> = self
            .stages
            .iter()
            .map(|stage| format!("to {} in {}", stage.rate, stage.duration))
            .collect();
        format!("from {start} {}{random}", stages.join(", "))
    }

    fn describe_closed(&self) -> String {
        let closed = self.closed(Span::ZERO);
        let limit = Span::from_ns(closed.duration_ns - self.warm_up.ns());
        let mut text = match &closed.users {
            Users::Constant(1) => "1 user".to_owned(),
            Users::Constant(users) => format!("{users} users"),
            Users::Stages(_) => format!("users in stages {}", closed.users),
        };
        match (closed.quota, &closed.users) {
            (Quota::Shared(iterations), _) => {
                text.push_str(&format!(", {iterations} iterations in all, for at most {limit}"));
            }
            (Quota::PerUser(iterations), _) => {
                text.push_str(&format!(", {iterations} iterations each, for at most {limit}"));
            }
            (Quota::Unlimited, Users::Constant(_)) => text.push_str(&format!(" for {limit}")),
            (Quota::Unlimited, Users::Stages(_)) => {}
        }
        if let Some(pacing) = self.pacing {
            text.push_str(&format!(", paced at {pacing}"));
        }
        text
    }
}

impl Shape {
    /// The loads of workflows that share the load by weight, open or closed; `seed` is what random arrivals follow from.
    #[must_use]
    pub fn workflow_loads(
        &self,
        offset: Span,
        seed: u64,
        names: &[String],
        weights: &[u32],
    ) -> Vec<WorkflowLoad> {
        let kinds: Vec<LoadModel> = if self.is_open() {
            let streams = shared_rate(&self.profile(), offset, self.arrivals, seed, weights);
            streams.into_iter().flatten().map(LoadModel::Open).collect()
        } else if let Ok(dealt) = Split::new(0, weights) {
            let closed = self.closed(offset);
            let shares = (0..dealt.members()).map(|member| dealt.share(member));
            shares
                .map(|share| LoadModel::Closed(closed.part(&share)))
                .collect()
        } else {
            Vec::new()
        };
        let workflows = names.iter().cloned().zip(kinds);
        workflows
            .map(|(workflow, model)| WorkflowLoad { workflow, model })
            .collect()
    }
}
