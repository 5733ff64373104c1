//! Metric lines: their fields, and how they are written and read.

use std::borrow::Cow;

use heavy_load::vocabulary::MetricKind;
use serde::Deserialize;

use super::fields::{tags, text};
use super::json::{optional_text, raw_field, string, text_field};

/// A value of a custom metric.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct MetricLine<'a> {
    /// The metric's name.
    #[serde(borrow, deserialize_with = "text")]
    pub name: Cow<'a, str>,
    /// How values are aggregated.
    pub kind: MetricKind,
    /// The value: added to a counter, the newest of a gauge, 0 or 1 of a rate, one sample of a trend.
    pub value: f64,
    /// The step; empty outside of steps.
    #[serde(borrow, default, deserialize_with = "text")]
    pub step: Cow<'a, str>,
    /// The tags as a JSON object of strings; empty if absent.
    #[serde(borrow, default, deserialize_with = "tags")]
    pub tags: Cow<'a, str>,
}

impl MetricLine<'_> {
    /// Appends the line, newline included. A value that is not finite is written as 0, because JSON cannot express it.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"type\":\"metric\",\"name\":");
        string(&self.name, out);
        text_field(b",\"kind\":", self.kind.as_str(), out);
        out.extend_from_slice(b",\"value\":");
        let value = if self.value.is_finite() { self.value } else { 0.0 };
        serde_json::to_writer(&mut *out, &value).expect("a finite number is JSON");
        optional_text(b",\"step\":", &self.step, out);
        raw_field(b",\"tags\":", &self.tags, out);
        out.extend_from_slice(b"}\n");
    }
}
