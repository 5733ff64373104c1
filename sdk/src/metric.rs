//! Values of the load test's own metrics.

use std::fmt::Display;

use heavy_load::vocabulary::MetricKind;

use crate::scope::Scope;
use crate::tags::Tags;

/// A value in the making of a metric of the load test's own. Nothing is reported before one of the last four methods
/// gives the value; a metric keeps one kind.
///
/// ```
/// # use heavy_sdk::prelude::*;
/// # fn run(ctx: &Context) {
/// ctx.metric("revenue").tag("currency", "EUR").counter(17);
/// # }
/// ```
#[derive(Debug)]
#[must_use = "a metric is reported when it is given a value"]
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

    /// Adds a tag to the value. Tags stand on the output line; statistics are not divided by them.
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

    /// One more yes or no; the metric is the share of yes.
    pub fn rate(self, yes: bool) {
        self.give(MetricKind::Rate, f64::from(u8::from(yes)));
    }

    /// One more value of a distribution.
    pub fn trend(self, value: impl Into<f64>) {
        self.give(MetricKind::Trend, value.into());
    }

    fn give(self, kind: MetricKind, value: f64) {
        self.scope.metric(self.name, kind, value, &self.tags);
    }
}
