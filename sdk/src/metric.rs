//! Custom metrics.

use std::fmt::Display;

use heavy_load::vocabulary::MetricKind;

use crate::scope::Scope;
use crate::tags::Tags;

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
    pub fn counter(self, value: impl Into<f64>) {
        self.give(MetricKind::Counter, value.into());
    }

    /// Sets the value; the newest one counts.
    pub fn gauge(self, value: impl Into<f64>) {
        self.give(MetricKind::Gauge, value.into());
    }

    /// Adds a yes or no; the metric is the share of yes.
    pub fn rate(self, yes: bool) {
        self.give(MetricKind::Rate, f64::from(u8::from(yes)));
    }

    /// Adds a value to a distribution.
    pub fn trend(self, value: impl Into<f64>) {
        self.give(MetricKind::Trend, value.into());
    }

    fn give(self, kind: MetricKind, value: f64) {
        self.scope.metric(self.name, kind, value, &self.tags);
    }
}
