//! Closed load: how many users there are over time, and from when to when each of them is there.

use std::fmt;
use std::str::FromStr;

use crate::span::{self, Span};

/// More users are refused.
pub const MOST_USERS: u32 = 1_000_000;

/// How many users there are. Text forms: `50`, or stages from 0 on: `30s:100,1m:100,10s:0`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Users {
    /// As many from the start to the end.
    Constant(u32),
    /// In each stage the number changes linearly to its own, at once if it has no duration.
    Stages(Vec<(Span, u32)>),
}

/// Why a number of users cannot be parsed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Neither a number nor stages.
    #[error("invalid number of users `{}`: expected a number (50) or stages (30s:100,1m:100,10s:0)", .0.escape_debug())]
    Syntax(String),
    /// Nobody, ever.
    #[error("expected at least 1 user")]
    Zero,
    /// Above the limit.
    #[error("`{0}` exceeds the maximum of {MOST_USERS} users")]
    TooMany(String),
    /// A stage's duration is invalid.
    #[error(transparent)]
    Duration(#[from] span::Error),
}

impl FromStr for Users {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let number = |part: &str| match part.trim() {
            "" => Err(Error::Syntax(text.to_owned())),
            digits if !digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                Err(Error::Syntax(text.to_owned()))
            }
            digits => match digits.parse() {
                Ok(users) if users <= MOST_USERS => Ok(users),
                _ => Err(Error::TooMany(digits.to_owned())),
            },
        };
        let users = if text.contains(':') {
            let stages = text.split(',').map(|stage| {
                let (duration, users) = stage
                    .split_once(':')
                    .ok_or_else(|| Error::Syntax(text.to_owned()))?;
                Ok((duration.trim().parse()?, number(users)?))
            });
            Self::Stages(stages.collect::<Result<_, Error>>()?)
        } else {
            Self::Constant(number(text)?)
        };
        if users.most() == 0 {
            return Err(Error::Zero);
        }
        Ok(users)
    }
}

impl Users {
    /// The highest number.
    #[must_use]
    pub fn most(&self) -> u32 {
        match self {
            Self::Constant(users) => *users,
            Self::Stages(stages) => stages.iter().map(|(_, users)| *users).max().unwrap_or(0),
        }
    }

    /// The duration of all stages; `None` without stages.
    #[must_use]
    pub fn duration(&self) -> Option<Span> {
        match self {
            Self::Constant(_) => None,
            Self::Stages(stages) => {
                let ns: u64 = stages.iter().map(|(duration, _)| duration.ns()).sum();
                Some(Span::from_ns(ns))
            }
        }
    }

    /// Since when the number only falls, to the end; the end if it does not fall there. Without stages the end is at
    /// `duration_ns`.
    pub(crate) fn ramp_down_from_ns(&self, duration_ns: u64) -> u64 {
        let Self::Stages(stages) = self else {
            return duration_ns;
        };
        let (mut at_ns, mut from, mut falls_since) = (0, 0, None);
        for (duration, to) in stages {
            falls_since = if *to < from {
                falls_since.or(Some(at_ns))
            } else {
                None
            };
            at_ns += duration.ns();
            from = *to;
        }
        falls_since.unwrap_or(at_ns)
    }

    /// From when to when user `user` (from 0) is there, in ns from the start; without stages up to `duration_ns`. While
    /// the number rises, user u comes when it reaches u + 1; while it falls, it goes when it reaches u.
    #[must_use]
    pub fn presence(&self, user: u32, duration_ns: u64) -> Vec<(u64, u64)> {
        let stages = match self {
            Self::Constant(users) => {
                return if user < *users {
                    vec![(0, duration_ns)]
                } else {
                    Vec::new()
                };
            }
            Self::Stages(stages) => stages,
        };
        let (mut presence, mut since) = (Vec::new(), None);
        let (mut at_ns, mut from) = (0, 0);
        for &(duration, to) in stages {
            let crossing_ns = |distance: u32, all: u32| {
                let ns = u128::from(duration.ns()) * u128::from(distance);
                at_ns + u64::try_from(ns.div_ceil(u128::from(all))).unwrap_or(u64::MAX)
            };
            if since.is_none() && to > user {
                since = Some(crossing_ns(user + 1 - from, to - from));
            } else if let Some(came_ns) = since
                && to <= user
            {
                presence.push((came_ns, crossing_ns(from - user, from - to)));
                since = None;
            }
            at_ns += duration.ns();
            from = to;
        }
        presence.extend(since.map(|came_ns| (came_ns, at_ns)));
        presence.retain(|(came_ns, left_ns)| came_ns < left_ns);
        presence
    }
}

impl fmt::Display for Users {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Constant(users) => write!(f, "{users}"),
            Self::Stages(stages) => {
                let texts: Vec<String> = stages
                    .iter()
                    .map(|(duration, users)| format!("{duration}:{users}"))
                    .collect();
                f.write_str(&texts.join(","))
            }
        }
    }
}

crate::serde_by_text!(Users, or_number);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn users(text: &str) -> Users {
        text.parse().unwrap()
    }

    #[test]
    fn texts_that_are_refused() {
        for (text, expected) in [
            ("", "invalid number of users"),
            ("-5", "invalid number of users"),
            ("1.5", "invalid number of users"),
            ("0", "at least 1 user"),
            ("10s:0", "at least 1 user"),
            ("1000001", "exceeds the maximum"),
            ("10s:5,20s", "invalid number of users"),
            ("10:5", "invalid duration"),
        ] {
            let error = text.parse::<Users>().unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }

    #[test]
    fn constant_users_are_always_there() {
        assert_eq!(users("3").presence(2, 9), [(0, 9)]);
        assert_eq!(users("3").presence(3, 9), []);
    }

    #[test]
    fn users_come_and_go_one_after_the_other() {
        let stages = users("10s:10,5s:10,10s:0");
        let s = 1_000_000_000;
        assert_eq!(stages.presence(0, 0), [(s, 25 * s)]);
        assert_eq!(stages.presence(9, 0), [(10 * s, 16 * s)]);
        assert_eq!(stages.presence(10, 0), []);
        assert_eq!(users("0s:4,2s:2,2s:4").presence(3, 0), [(0, s)]);
        assert_eq!(
            users("0s:4,2s:2,2s:4").presence(2, 0),
            [(0, 2 * s), (3 * s, 4 * s)]
        );
    }

    proptest! {
        #[test]
        fn the_number_follows_the_stages(
            all in prop::collection::vec((0u64..50, 0u32..40), 1..6), at in 0.0..1.0f64,
        ) {
            let stages = all.iter().map(|(ms, users)| (Span::from_ns(ms * 1_000_000), *users)).collect();
            let users = Users::Stages(stages);
            let duration_ns = users.duration().unwrap().ns();
            let at_ns = (duration_ns as f64 * at) as u64;
            prop_assume!(at_ns < duration_ns);
            let there = (0..40)
                .filter(|user| users.presence(*user, 0).iter().any(|(came, left)| (*came..*left).contains(&at_ns)))
                .count();
            let (mut start_ns, mut from) = (0, 0);
            for (ms, to) in &all {
                let length_ns = ms * 1_000_000;
                if at_ns < start_ns + length_ns {
                    let share = (at_ns - start_ns) as f64 / length_ns as f64;
                    let level = f64::from(from) + (f64::from(*to) - f64::from(from)) * share;
                    prop_assert!((level - there as f64).abs() <= 1.0 + 1e-6, "{level} {there}");
                    break;
                }
                start_ns += length_ns;
                from = *to;
            }
        }
    }
}
