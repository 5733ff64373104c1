//! Stages as people write them: a duration and the rate at its end.

use std::fmt;
use std::str::FromStr;

use crate::rate::{self, Rate};
use crate::span::{self, Span};

/// One stage: the rate changes linearly to `rate` over `duration`, at once if that is 0. Text form: `30s:100`,
/// `1m:6000/m`, `10s:0`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stage {
    /// How long it takes.
    pub duration: Span,
    /// The rate at its end; it may be 0.
    pub rate: Rate,
}

/// Why a stage cannot be parsed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Not two parts.
    #[error("invalid stage `{}`: expected a duration and the rate at its end (30s:100, 1m:0)", .0.escape_debug())]
    Syntax(String),
    /// The first part is not a duration.
    #[error(transparent)]
    Duration(#[from] span::Error),
    /// The second part is not a rate.
    #[error(transparent)]
    Rate(#[from] rate::Error),
}

impl FromStr for Stage {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let (duration, rate) = text
            .split_once(':')
            .ok_or_else(|| Error::Syntax(text.to_owned()))?;
        Ok(Self {
            duration: duration.trim().parse()?,
            rate: match rate.trim().parse() {
                Err(rate::Error::Zero) => Rate::ZERO,
                parsed => parsed?,
            },
        })
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.duration, self.rate)
    }
}

crate::serde_by_text!(Stage);
