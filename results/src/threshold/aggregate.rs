//! What is made of many values, and how that is compared with a limit.

use std::fmt;

/// One number of many values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aggregate {
    /// Their mean.
    Avg,
    /// The smallest.
    Min,
    /// The median: `p(50)`.
    Med,
    /// The largest.
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

impl Aggregate {
    /// The one of this name; percentiles have their own form.
    pub(super) fn of_name(name: &str) -> Option<Self> {
        Some(match name {
            "avg" => Self::Avg,
            "min" => Self::Min,
            "med" => Self::Med,
            "max" => Self::Max,
            "count" => Self::Count,
            "rate" => Self::Rate,
            "value" => Self::Value,
            _ => return None,
        })
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
        f.write_str(match self {
            Self::Avg => "avg",
            Self::Min => "min",
            Self::Med => "med",
            Self::Max => "max",
            Self::Count => "count",
            Self::Rate => "rate",
            Self::Value => "value",
            Self::Percentile(millionths) => {
                let (whole, rest) = (millionths / 10_000, millionths % 10_000);
                let text = format!("{whole}.{rest:04}");
                return write!(f, "p({})", text.trim_end_matches('0').trim_end_matches('.'));
            }
        })
    }
}

/// How a value has to stand to its limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
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
    /// Whether the value stands to the limit as it should.
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
        f.write_str(match self {
            Self::Below => "<",
            Self::AtMost => "<=",
            Self::Above => ">",
            Self::AtLeast => ">=",
            Self::Equal => "==",
            Self::Other => "!=",
        })
    }
}
