//! What a peer may do.

use std::fmt::{self, Display};
use std::str::FromStr;

/// What a peer may do. An operation asks for one role; [`Role::includes`] tells which others will do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Everything that people may do.
    Admin,
    /// Submit, steer and delete jobs, and read.
    Submit,
    /// Read jobs and results.
    Read,
    /// Take assignments and deliver their results.
    Agent,
    /// Take results from agents.
    Collector,
    /// Schedule jobs: one of the schedulers of a database.
    Scheduler,
}

/// A name that is no role's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown role `{0}`: expected admin, submit, read, agent, collector or scheduler")]
pub struct UnknownRole(pub String);

impl Role {
    /// Every role.
    pub const ALL: [Self; 6] = [
        Self::Admin,
        Self::Submit,
        Self::Read,
        Self::Agent,
        Self::Collector,
        Self::Scheduler,
    ];

    /// Its name on command lines, in certificates and in answers.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Submit => "submit",
            Self::Read => "read",
            Self::Agent => "agent",
            Self::Collector => "collector",
            Self::Scheduler => "scheduler",
        }
    }

    /// Whether a peer with this role may do what asks for `wanted`.
    #[must_use]
    pub const fn includes(self, wanted: Self) -> bool {
        match self {
            Self::Admin => matches!(wanted, Self::Admin | Self::Submit | Self::Read),
            Self::Submit => matches!(wanted, Self::Submit | Self::Read),
            Self::Read => matches!(wanted, Self::Read),
            Self::Agent => matches!(wanted, Self::Agent),
            Self::Collector => matches!(wanted, Self::Collector),
            Self::Scheduler => matches!(wanted, Self::Scheduler),
        }
    }
}

impl Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let mut all = Self::ALL.into_iter();
        all.find(|role| role.as_str() == name)
            .ok_or_else(|| UnknownRole(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for role in Role::ALL {
            assert_eq!(role.as_str().parse(), Ok(role));
        }
        assert!("root".parse::<Role>().unwrap_err().to_string().contains("`root`"));
    }

    #[test]
    fn a_role_includes_itself_and_what_people_may_less() {
        let more = [
            (Role::Admin, Role::Submit),
            (Role::Admin, Role::Read),
            (Role::Submit, Role::Read),
        ];
        for have in Role::ALL {
            for wanted in Role::ALL {
                let expected = have == wanted || more.contains(&(have, wanted));
                assert_eq!(have.includes(wanted), expected, "{have} for {wanted}");
            }
        }
    }
}
