//! The limit of a threshold: a number, as it was written, and its unit.

use std::fmt;

/// A number with the unit that it was written with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limit {
    number: f64,
    unit: &'static Unit,
}

/// A unit that a limit may have.
#[derive(Debug, PartialEq)]
struct Unit {
    text: &'static str,
    /// The number times this is the value; of times in ms.
    factor: f64,
}

const fn time(text: &'static str, factor: f64) -> Unit {
    Unit { text, factor }
}

static PLAIN: Unit = Unit {
    text: "",
    factor: 1.0,
};

static PERCENT: Unit = Unit {
    text: "%",
    factor: 0.01,
};

static TIMES: [Unit; 6] = [
    time("ns", 1e-6),
    time("us", 1e-3),
    time("ms", 1.0),
    time("s", 1e3),
    time("m", 60e3),
    time("h", 3600e3),
];

/// What a limit's unit says it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Written {
    Plain,
    Percent,
    Time,
}

impl Limit {
    /// A number with its unit as written; `None` for an unknown unit.
    pub(super) fn new(number: f64, unit: &str) -> Option<Self> {
        let known = [&PLAIN, &PERCENT].into_iter().chain(&TIMES);
        let unit = known.into_iter().find(|known| known.text == unit)?;
        Some(Self { number, unit })
    }

    /// The limit in the unit of what is measured: times in ms, shares from 0 to 1.
    #[must_use]
    pub fn value(&self) -> f64 {
        // 5% is to be the same number as 0.05, which a product is not always.
        if self.unit.text == "%" {
            self.number / 100.0
        } else {
            self.number * self.unit.factor
        }
    }

    pub(super) fn written(&self) -> Written {
        match self.unit.text {
            "" => Written::Plain,
            "%" => Written::Percent,
            _ => Written::Time,
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.number, self.unit.text)
    }
}
