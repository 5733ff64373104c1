//! Aggregates of many values, and how they are compared with a limit.

use std::fmt;

/// One number of many values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Aggregate {
    Avg,
    Min,
    /// The median: `p(50)`.
    Med,
    Max,
    /// A percentile, in millionths: `p(99.9)` is 999,000.
    Percentile(u32),
    /// How many, or how much.
    Count,
    /// The share of those that count, or how many in a second.
    Rate,
    /// The newest.
    Value,
}

const NAMES: [(&str, Aggregate); 7] = [
    ("avg", Aggregate::Avg),
    ("min", Aggregate::Min),
    ("med", Aggregate::Med),
    ("max", Aggregate::Max),
    ("count", Aggregate::Count),
    ("rate", Aggregate::Rate),
    ("value", Aggregate::Value),
];

impl Aggregate {
    /// The one of this name; percentiles have their own form.
    pub(super) fn of_name(name: &str) -> Option<Self> {
        let (_, aggregate) = NAMES.iter().find(|(known, _)| *known == name)?;
        Some(*aggregate)
    }

    /// The share of all values that a percentile is about; `None` of all else.
    pub(super) fn quantile(self) -> Option<f64> {
        match self {
            Self::Med => Some(0.5),
            Self::Percentile(millionths) => Some(f64::from(millionths) / 1e6),
            _ => None,
        }
    }
}

impl fmt::Display for Aggregate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Self::Percentile(millionths) = self {
            let (whole, rest) = (millionths / 10_000, millionths % 10_000);
            let text = format!("{whole}.{rest:04}");
            return write!(f, "p({})", text.trim_end_matches('0').trim_end_matches('.'));
        }
        let name = NAMES.iter().find(|(_, aggregate)| aggregate == self);
        f.write_str(name.map_or("", |(name, _)| name))
    }
}

/// The comparison of a value with its limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    /// `<`
    Below,
    /// `<=`
    AtMost,
    /// `>`
    Above,
    /// `>=`
    AtLeast,
    /// `==`
    Equal,
    /// `!=`
    Other,
}

/// The texts, longer ones first where one begins another; `===` is k6's other word for `==`.
pub(super) const OPERATORS: [(&str, Operator); 7] = [
    ("<=", Operator::AtMost),
    (">=", Operator::AtLeast),
    ("===", Operator::Equal),
    ("==", Operator::Equal),
    ("!=", Operator::Other),
    ("<", Operator::Below),
    (">", Operator::Above),
];

impl Operator {
    /// Whether the value meets the limit.
    #[expect(clippy::float_cmp, reason = "who asks for equal numbers means equal numbers")]
    pub(super) fn holds(self, value: f64, limit: f64) -> bool {
        match self {
            Self::Below => value < limit,
            Self::AtMost => value <= limit,
            Self::Above => value > limit,
            Self::AtLeast => value >= limit,
            Self::Equal => value == limit,
            Self::Other => value != limit,
        }
    }

    /// How far a value is on the wrong side: of two values the one with more is the worse.
    pub(super) fn excess(self, value: f64, limit: f64) -> f64 {
        match self {
            Self::Below | Self::AtMost => value - limit,
            Self::Above | Self::AtLeast => limit - value,
            Self::Equal => (value - limit).abs(),
            Self::Other => -(value - limit).abs(),
        }
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // From the shortest, so that `==` comes before its other word.
        let text = OPERATORS.iter().rev().find(|(_, operator)| operator == self);
        f.write_str(text.map_or("", |(text, _)| text))
    }
}
