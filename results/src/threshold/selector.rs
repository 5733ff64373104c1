//! Which of what is measured a threshold is about: `{workflow:buy,step:pay,status:5xx}`.

use std::fmt;

use crate::stats::{Checks, Iterations, Metrics, Requests, Steps};

/// One restriction. All of a threshold's hold at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Selector {
    Workflow(String),
    /// The step; empty: outside of steps.
    Step(String),
    /// The request's name, or that of a metric of the load test's own.
    Name(String),
    Method(String),
    /// The status, of whatever protocol, from the first to the last; 0 of HTTP: no answer.
    Status(u16, u16),
    /// The error's kind; empty for requests without an error.
    ErrorKind(String),
    Check(String),
    /// Whether the request counts as unfailed.
    ExpectedResponse(bool),
}

/// The keys of selectors.
pub(super) const KEYS: [&str; 8] = [
    "workflow",
    "step",
    "name",
    "method",
    "status",
    "error_kind",
    "check",
    "expected_response",
];

impl Selector {
    /// The selector of a key of [`KEYS`].
    ///
    /// # Errors
    /// If the value is invalid for the key.
    pub(super) fn new(key: &str, value: String) -> Result<Self, String> {
        Ok(match key {
            "workflow" => Self::Workflow(value),
            "step" => Self::Step(value),
            "name" => Self::Name(value),
            "method" => Self::Method(value),
            "error_kind" => Self::ErrorKind(value),
            "check" => Self::Check(value),
            "expected_response" => Self::ExpectedResponse(match value.as_str() {
                "true" => true,
                "false" => false,
                _ => {
                    return Err(format!(
                        "invalid expected_response `{value}`: expected true or false"
                    ));
                }
            }),
            _ => {
                let wrong = || {
                    format!(
                        "invalid status `{value}`: expected a code such as 500, a class such as 5xx, or 0 for no answer"
                    )
                };
                let (from, to) = statuses(&value).ok_or_else(wrong)?;
                Self::Status(from, to)
            }
        })
    }

    pub(super) const fn key(&self) -> &'static str {
        match self {
            Self::Workflow(_) => "workflow",
            Self::Step(_) => "step",
            Self::Name(_) => "name",
            Self::Method(_) => "method",
            Self::Status(..) => "status",
            Self::ErrorKind(_) => "error_kind",
            Self::Check(_) => "check",
            Self::ExpectedResponse(_) => "expected_response",
        }
    }

    pub(super) fn takes_request(&self, row: &Requests) -> bool {
        match self {
            Self::Workflow(wanted) => *row.workflow == **wanted,
            Self::Step(wanted) => *row.step == **wanted,
            Self::Name(wanted) => *row.name == **wanted,
            Self::Method(wanted) => *row.method == **wanted,
            Self::Status(from, to) => (*from..=*to).contains(&row.status),
            Self::ErrorKind(wanted) => *row.error_kind == **wanted,
            Self::ExpectedResponse(wanted) => row.failed != *wanted,
            Self::Check(_) => false,
        }
    }

    pub(super) fn takes_iteration(&self, row: &Iterations) -> bool {
        matches!(self, Self::Workflow(wanted) if *row.workflow == **wanted)
    }

    pub(super) fn takes_step(&self, row: &Steps) -> bool {
        match self {
            Self::Workflow(wanted) => *row.workflow == **wanted,
            Self::Step(wanted) => *row.step == **wanted,
            _ => false,
        }
    }

    pub(super) fn takes_check(&self, row: &Checks) -> bool {
        match self {
            Self::Workflow(wanted) => *row.workflow == **wanted,
            Self::Check(wanted) => *row.name == **wanted,
            _ => false,
        }
    }

    pub(super) fn takes_metric(&self, row: &Metrics) -> bool {
        match self {
            Self::Name(wanted) => *row.name == **wanted,
            Self::Step(wanted) => *row.step == **wanted,
            _ => false,
        }
    }
}

/// `500` is one, `5xx` are a hundred. Other protocols than HTTP have statuses above 999.
fn statuses(text: &str) -> Option<(u16, u16)> {
    if let Some(class) = text.strip_suffix("xx") {
        let class: u16 = class.parse().ok().filter(|class| (1..=9).contains(class))?;
        return Some((class * 100, class * 100 + 99));
    }
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let status = text.parse().ok().filter(|_| digits)?;
    Some((status, status))
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.key())?;
        match self {
            Self::Workflow(value)
            | Self::Step(value)
            | Self::Name(value)
            | Self::Method(value)
            | Self::ErrorKind(value)
            | Self::Check(value) => write_value(value, f),
            Self::Status(from, to) if from == to => write!(f, "{from}"),
            Self::Status(from, _) => write!(f, "{}xx", from / 100),
            Self::ExpectedResponse(expected) => write!(f, "{expected}"),
        }
    }
}

/// A value is quoted where it would be read as something else.
fn write_value(value: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if is_plain(value) {
        return f.write_str(value);
    }
    f.write_str("\"")?;
    for c in value.chars() {
        if matches!(c, '"' | '\\') {
            f.write_str("\\")?;
        }
        write!(f, "{c}")?;
    }
    f.write_str("\"")
}

fn is_plain(value: &str) -> bool {
    let mut depth = 0_i32;
    let braces = value.chars().all(|c| {
        depth += i32::from(c == '{') - i32::from(c == '}');
        depth >= 0
    });
    let harmless = !value.contains([',', '"', '\\']);
    braces && depth == 0 && harmless && !value.is_empty() && value.trim() == value
}
