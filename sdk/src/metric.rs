//! Custom metrics.

use std::fmt::Display;
use std::time::Duration;

use heavy_load::vocabulary::MetricKind;

use crate::scope::Scope;
use crate::tags::Tags;

/// A value of a metric: any number, such as a length, or a [`Duration`], which counts in milliseconds. Above 2^53, integers are
/// rounded.
pub trait MetricValue {
    /// The value as it is reported.
    fn to_number(self) -> f64;
}

macro_rules! numbers {
    ($($number:ty)*) => {$(
        impl MetricValue for $number {
            fn to_number(self) -> f64 {
                self as f64
            }
        }
    )*};
}

numbers!(f32 f64 i8 i16 i32 i64 i128 isize u8 u16 u32 u64 u128 usize);

/// 1 for `true`, 0 for `false`.
impl MetricValue for bool {
    fn to_number(self) -> f64 {
        f64::from(u8::from(self))
    }
}

/// Milliseconds, with a fraction.
impl MetricValue for Duration {
    fn to_number(self) -> f64 {
        self.as_secs_f64() * 1e3
    }
}

/// A value of a custom metric that is being built. [`counter`](Self::counter), [`gauge`](Self::gauge), [`rate`](Self::rate) or
/// [`trend`](Self::trend) reports it; use the same one for all values of a metric.
///
/// ```
/// # use heavy_sdk::prelude::*;
/// # fn run(ctx: &Context) {
/// ctx.metric("revenue").tag("currency", "EUR").counter(17);
/// # }
/// ```
#[derive(Debug)]
#[must_use = "a metric is not reported before it has a value"]
pub struct MetricBuilder<'a> {
    scope: Scope<'a>,
    name: &'a str,
    tags: Tags,
}

impl<'a> MetricBuilder<'a> {
    pub(crate) fn new(scope: Scope<'a>, name: &'a str) -> Self {
        Self {
            scope,
            name,
            tags: Tags::default(),
        }
    }

    /// Adds a tag to the output line. Statistics are not grouped by tags.
    pub fn tag(mut self, key: &str, value: impl Display) -> Self {
        self.tags.add(key, value);
        self
    }

    /// Adds to a sum.
    pub fn counter(self, value: impl MetricValue) {
        self.give(MetricKind::Counter, value.to_number());
    }

    /// Sets the value; the newest one counts.
    pub fn gauge(self, value: impl MetricValue) {
        self.give(MetricKind::Gauge, value.to_number());
    }

    /// Adds a yes or no; the metric is the share of yes.
    pub fn rate(self, yes: bool) {
        self.give(MetricKind::Rate, f64::from(u8::from(yes)));
    }

    /// Adds a value to a distribution.
    pub fn trend(self, value: impl MetricValue) {
        self.give(MetricKind::Trend, value.to_number());
    }

    fn give(self, kind: MetricKind, value: f64) {
        self.scope.metric(self.name, kind, value, &self.tags);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_and_durations_are_values() {
        assert_eq!([1, 2, 3].len().to_number(), 3.0);
        assert_eq!(u64::MAX.to_number(), 18_446_744_073_709_551_615.0);
        assert_eq!((-7).to_number(), -7.0);
        assert_eq!(Duration::from_micros(1_500).to_number(), 1.5);
        assert_eq!(Duration::from_secs(2).as_millis().to_number(), 2_000.0);
        assert_eq!(true.to_number(), 1.0);
    }
}
