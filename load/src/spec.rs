//! A load as documents and flags state it: of a whole job, or of one workflow.
//!
//! [`LoadSpec`] is the one place of its keys: each is a key of job documents and a flag, with its help and its parser.

mod check;
mod describe;

use serde::{Deserialize, Serialize};

use crate::arrivals::Arrivals;
use crate::load::{Closed, LoadModel, Quota, WorkflowLoad, shared_rate};
use crate::profile::{Profile, Stage};
use crate::rate::Rate;
use crate::span::Span;
use crate::split::Split;
use crate::users::Users;

/// How long iterations are started by default.
pub const DEFAULT_DURATION: Span = Span::from_s(30);
/// How long a number of iterations may take by default.
pub const DEFAULT_MAX_DURATION: Span = Span::from_s(600);

/// A load. Absent keys have their defaults.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "flags", derive(clap::Args))]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct LoadSpec {
    /// Iterations to start per second (or /m, /h), whatever the target does
    #[cfg_attr(
        feature = "flags",
        arg(long, value_name = "N[/s|/m|/h]", allow_hyphen_values = true)
    )]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate: Option<Rate>,
    /// Rates over time: each stage is a duration and the rate at its end, starting from 0 or --rate. k6's stages are users:
    /// those are --users D:N,...
    #[cfg_attr(
        feature = "flags",
        arg(long, value_name = "D:RATE,...", value_delimiter = ',')
    )]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stages: Vec<Stage>,
    /// How starts are spread around the rate [default: uniform]
    #[cfg_attr(feature = "flags", arg(long, value_enum))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arrivals: Option<Arrivals>,
    /// Users instead of a rate, each starting its next iteration when the last has ended: a number, or stages
    #[cfg_attr(
        feature = "flags",
        arg(long, value_name = "N|D:N,...", allow_hyphen_values = true)
    )]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub users: Option<Users>,
    /// Total iterations of all users; without --users, of one user
    #[cfg_attr(feature = "flags", arg(short, long, value_name = "N"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(minimum = 1))]
    pub iterations: Option<u64>,
    /// Iterations of each user
    #[cfg_attr(feature = "flags", arg(long, value_name = "N"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schema(minimum = 1))]
    pub iterations_per_user: Option<u64>,
    /// Minimum time between the starts of a user's iterations
    #[cfg_attr(feature = "flags", arg(long, value_name = "D"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pacing: Option<Span>,
    /// Warm-up before the measured duration, marked in the results
    #[cfg_attr(feature = "flags", arg(long, value_name = "D"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warm_up: Option<Span>,
    /// How long to start iterations [default: 30s]
    #[cfg_attr(
        feature = "flags",
        arg(short, long, value_name = "D", allow_hyphen_values = true)
    )]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration: Option<Span>,
}

/// A key whose value is impossible, or conflicts with another.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct LoadSpecError {
    /// The key, as documents name it.
    pub field: &'static str,
    /// What is wrong and what would be right.
    pub problem: String,
}

impl LoadSpecError {
    /// The error as a result.
    pub(crate) fn refuse<T>(field: &'static str, problem: impl Into<String>) -> Result<T, Self> {
        Err(Self {
            field,
            problem: problem.into(),
        })
    }
}

impl LoadSpec {
    /// Whether it asks for iterations at all.
    #[must_use]
    pub fn is_given(&self) -> bool {
        self.is_open() || self.is_closed()
    }

    /// Whether iterations start by a rate.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.rate.is_some() || !self.stages.is_empty()
    }

    /// Whether users start iterations.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.users.is_some() || self.iterations.is_some() || self.iterations_per_user.is_some()
    }

    /// Whether stages say how long the load lasts.
    #[must_use]
    pub fn is_staged(&self) -> bool {
        !self.stages.is_empty()
            || self
                .users
                .as_ref()
                .is_some_and(|users| users.duration().is_some())
    }

    /// Whether a number of iterations ends the load.
    #[must_use]
    pub const fn is_counted(&self) -> bool {
        self.iterations.is_some() || self.iterations_per_user.is_some()
    }

    /// How starts are spread around the rate.
    #[must_use]
    pub fn arrivals(&self) -> Arrivals {
        self.arrivals.unwrap_or_default()
    }

    /// How long the warm-up is; zero without one.
    #[must_use]
    pub fn warm_up(&self) -> Span {
        self.warm_up.unwrap_or_default()
    }

    /// The rate over time, the warm-up included.
    fn profile(&self) -> Profile {
        let start = self.rate.unwrap_or(Rate::ZERO);
        if self.stages.is_empty() {
            let duration = self.duration.unwrap_or(DEFAULT_DURATION);
            return Profile::constant(start, self.warm_up().plus(duration));
        }
        let warm_up = Stage {
            duration: self.warm_up(),
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
            duration_ns: self.warm_up().plus(duration).ns(),
            pacing_ns: self.pacing.map(Span::ns),
            quota,
        }
    }

    /// The loads of workflows that share the load by weight, open or closed; `seed` is that of random arrivals.
    #[must_use]
    pub fn workflow_loads(
        &self,
        offset: Span,
        seed: u64,
        names: &[String],
        weights: &[u32],
    ) -> Vec<WorkflowLoad> {
        let kinds: Vec<LoadModel> = if self.is_open() {
            let schedules = shared_rate(&self.profile(), offset, self.arrivals(), seed, weights);
            schedules.into_iter().flatten().map(LoadModel::Open).collect()
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
