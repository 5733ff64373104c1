//! Thresholds: conditions on a job's metrics in k6's syntax, evaluated by the same code live and at the end.
//!
//! A [`Threshold`] is what a person writes, `http_req_duration{step:pay}: p(95)<500 over 30s abort`. A `ThresholdWatch` takes
//! the roll-ups of all agents and evaluates each ([`ThresholdSummary`]), and tells when one with `abort` is broken.
//! `docs/thresholds.md` has the grammar and every metric.

mod aggregate;
mod brief;
mod cell;
mod check;
pub(crate) mod document;
mod limit;
mod metric;
mod outcome;
mod parse;
mod scan;
mod selector;
mod watch;

#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use aggregate::{Aggregate, Operator};
use limit::Limit;
use metric::Metric;
pub use outcome::{ThresholdOutcome, ThresholdSummary, WindowSeconds};
use selector::Selector;
pub(crate) use watch::ThresholdWatch;

use heavy_load::span::Span;

/// The most thresholds of a job.
pub const MOST: usize = 64;
/// The longest window.
pub const LONGEST_WINDOW: Span = Span::from_s(600);

/// A condition on what a job measures. Its text form is `METRIC{KEY:VALUE,...}: AGGREGATE<LIMIT over D abort delay D`.
#[derive(Debug, Clone, PartialEq)]
pub struct Threshold {
    metric: &'static Metric,
    selectors: Vec<Selector>,
    aggregate: Aggregate,
    operator: Operator,
    limit: Limit,
    window: Option<Span>,
    abort: bool,
    delay: Option<Span>,
}

/// Why a text is not a threshold, and what is expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct Error {
    problem: String,
}

impl Error {
    fn new(problem: impl Into<String>) -> Self {
        Self {
            problem: problem.into(),
        }
    }
}

impl Threshold {
    /// Whether the load stops as soon as it is broken.
    #[must_use]
    pub const fn aborts(&self) -> bool {
        self.abort
    }

    /// The workflow that it is restricted to.
    #[must_use]
    pub fn workflow(&self) -> Option<&str> {
        self.selectors.iter().find_map(|selector| match selector {
            Selector::Workflow(name) => Some(name.as_str()),
            _ => None,
        })
    }

    /// The width of its window in s; `None` for the whole job.
    const fn window_s(&self) -> Option<u32> {
        match self.window {
            Some(window) => Some(whole_seconds(window)),
            None => None,
        }
    }

    /// The first second in which it is evaluated live, and in which windows begin.
    const fn delay_s(&self) -> u32 {
        match self.delay {
            Some(delay) => whole_seconds(delay),
            None => 0,
        }
    }

    /// Whether its value is a rate in time, so that time without load must not count.
    fn is_per_second(&self) -> bool {
        self.aggregate == Aggregate::Rate && self.metric.may_be_counted()
    }
}

/// A span of whole seconds, as the parser takes only such.
const fn whole_seconds(span: Span) -> u32 {
    (span.ns() / 1_000_000_000) as u32
}

impl FromStr for Threshold {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        parse::threshold(text)
    }
}

impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.metric.name)?;
        for (place, selector) in self.selectors.iter().enumerate() {
            f.write_str(if place == 0 { "{" } else { "," })?;
            write!(f, "{selector}")?;
        }
        if !self.selectors.is_empty() {
            f.write_str("}")?;
        }
        write!(f, ": {}{}{}", self.aggregate, self.operator, self.limit)?;
        if let Some(window) = self.window {
            write!(f, " over {window}")?;
        }
        if self.abort {
            f.write_str(" abort")?;
        }
        if let Some(delay) = self.delay {
            write!(f, " delay {delay}")?;
        }
        Ok(())
    }
}

impl Serialize for Threshold {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Threshold {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse()
            .map_err(|error| serde::de::Error::custom(format!("threshold {text:?}: {error}")))
    }
}
