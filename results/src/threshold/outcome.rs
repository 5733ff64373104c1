//! The outcome of a threshold, in figures and in words.

use serde::{Deserialize, Serialize};

use super::Threshold;
use super::metric::{MetricSource, MetricType};

/// Whether a threshold was met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub enum ThresholdOutcome {
    /// The measured value meets the condition.
    Met,
    /// The measured value does not meet the condition.
    Broken,
    /// There is nothing to evaluate: neither met nor broken, and at the end not met.
    NoSamples,
}

impl ThresholdOutcome {
    /// Its name in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::Broken => "broken",
            Self::NoSamples => "no samples",
        }
    }
}

/// Seconds from the job's start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct WindowSeconds {
    /// The first.
    pub from: u32,
    /// The first that is not in it.
    pub before: u32,
}

/// A threshold and its outcome.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ThresholdSummary {
    /// The threshold, as [`Threshold`]'s text.
    pub expression: String,
    /// The metric's name.
    pub metric: String,
    /// What was observed, in `unit`; of windows, in the worst. `None` without samples.
    #[cfg_attr(feature = "schema", schema(required))]
    pub value: Option<f64>,
    /// `ms`, `share` (0 to 1), `count`, `bytes`, `1/s`, `bytes/s`, or empty for a unit of the load test's own.
    pub unit: String,
    /// Whether it is met.
    pub outcome: ThresholdOutcome,
    /// The number of samples behind the value.
    pub samples: u64,
    /// The worst window.
    #[cfg_attr(feature = "schema", schema(required))]
    pub window: Option<WindowSeconds>,
    /// The second before which the results made it stop the load.
    #[cfg_attr(feature = "schema", schema(required))]
    pub aborted_at_second: Option<u32>,
    /// Why there is no value; empty with a value.
    pub note: String,
}

impl ThresholdSummary {
    /// Whether it is met; without samples it is not.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.outcome == ThresholdOutcome::Met
    }

    /// The observed value in words: `812.4 ms in seconds 12 to 41`, or why there is none.
    #[must_use]
    pub fn observed(&self) -> String {
        let Some(value) = self.value else {
            return if self.note.is_empty() {
                "no samples".to_owned()
            } else {
                self.note.clone()
            };
        };
        let value = match self.unit.as_str() {
            "share" => format!("{}%", number(value * 100.0)),
            "count" | "" => number(value),
            "1/s" => format!("{}/s", number(value)),
            unit => format!("{} {unit}", number(value)),
        };
        match self.window {
            Some(window) if window.before > window.from + 1 => {
                format!("{value} in seconds {} to {}", window.from, window.before - 1)
            }
            Some(window) => format!("{value} in second {}", window.from),
            None => value,
        }
    }

    /// Why the load stops, where this threshold is broken and stops it.
    #[must_use]
    pub fn abort_reason(&self) -> String {
        format!(
            "threshold {} was broken: {}; it stopped the load",
            self.expression,
            self.observed()
        )
    }
}

/// With at most three decimals, and at least four digits that matter.
fn number(value: f64) -> String {
    let decimals = if value == 0.0 || value.abs() >= 1.0 { 3 } else { 6 };
    let text = format!("{value:.decimals$}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

impl Threshold {
    /// The unit of its value.
    pub(super) fn unit(&self) -> &'static str {
        use super::Aggregate::{Count, Rate};
        let bytes = self.metric.source == MetricSource::Bytes;
        match (self.metric.kind, self.aggregate) {
            (MetricType::Custom, _) => "",
            (MetricType::Share, _) => "share",
            (_, Count) if bytes => "bytes",
            (_, Count) => "count",
            (MetricType::Counter, Rate) if bytes => "bytes/s",
            (MetricType::Counter, _) => "1/s",
            (MetricType::Trend | MetricType::Sum, _) => "ms",
        }
    }

    /// The outcome of a value that was measured: of the whole job, or of a window.
    pub(super) fn judged(&self, value: f64, samples: u64, window: Option<WindowSeconds>) -> ThresholdSummary {
        ThresholdSummary {
            value: Some(value),
            outcome: if self.holds(value) {
                ThresholdOutcome::Met
            } else {
                ThresholdOutcome::Broken
            },
            samples,
            window,
            ..self.without_value(String::new())
        }
    }

    /// The outcome where there is no value: why, if anything was measured.
    pub(super) fn without_value(&self, note: String) -> ThresholdSummary {
        ThresholdSummary {
            expression: self.to_string(),
            metric: self.metric.name.to_owned(),
            value: None,
            unit: self.unit().to_owned(),
            outcome: ThresholdOutcome::NoSamples,
            samples: 0,
            window: None,
            aborted_at_second: None,
            note,
        }
    }
}
