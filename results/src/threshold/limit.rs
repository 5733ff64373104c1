//! The limit of a threshold: a number, as it was written, and its unit.

use std::fmt;

/// A number with the unit that it was written with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Limit {
    number: f64,
    unit: &'static Unit,
}

/// A unit that a limit may have.
#[derive(Debug, PartialEq)]
struct Unit {
    text: &'static str,
    written: Written,
    /// The number times this is the value; of times in ms.
    factor: f64,
}

const fn unit(text: &'static str, written: Written, factor: f64) -> Unit {
    Unit {
        text,
        written,
        factor,
    }
}

static UNITS: [Unit; 8] = [
    unit("", Written::Plain, 1.0),
    unit("%", Written::Percent, 0.01),
    unit("ns", Written::Time, 1e-6),
    unit("us", Written::Time, 1e-3),
    unit("ms", Written::Time, 1.0),
    unit("s", Written::Time, 1e3),
    unit("m", Written::Time, 60e3),
    unit("h", Written::Time, 3600e3),
];

/// The kind of a limit, by its unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Written {
    Plain,
    Percent,
    Time,
}

impl Limit {
    /// A number with its unit as written; `None` for an unknown unit.
    pub(super) fn new(number: f64, unit: &str) -> Option<Self> {
        let unit = UNITS.iter().find(|known| known.text == unit)?;
        Some(Self { number, unit })
    }

    /// The limit in the unit of what is measured: times in ms, shares from 0 to 1.
    pub(super) fn value(&self) -> f64 {
        // 5% is to be the same number as 0.05, which a product is not always.
        if self.unit.written == Written::Percent {
            self.number / 100.0
        } else {
            self.number * self.unit.factor
        }
    }

    pub(super) fn written(&self) -> Written {
        self.unit.written
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.number, self.unit.text)
    }
}
