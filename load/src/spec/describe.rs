//! A load in words.

use super::{DEFAULT_DURATION, LoadSpec};
use crate::arrivals::Arrivals;
use crate::load::Quota;
use crate::rate::Rate;
use crate::span::Span;
use crate::users::Users;

impl LoadSpec {
    /// The load in words, such as `100/s for 30s` or `50 users for 1m, paced at 1s`.
    #[must_use]
    pub fn describe(&self) -> String {
        let mut text = if self.is_open() {
            self.describe_open()
        } else {
            self.describe_closed()
        };
        if !self.warm_up().is_zero() {
            text.push_str(&format!(", after a warm-up of {}", self.warm_up()));
        }
        text
    }

    fn describe_open(&self) -> String {
        let start = self.rate.unwrap_or(Rate::ZERO);
        let random = if self.arrivals() == Arrivals::Poisson {
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
        let limit = Span::from_ns(closed.duration_ns - self.warm_up().ns());
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
