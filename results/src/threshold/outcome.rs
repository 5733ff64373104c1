//! What became of a threshold, in figures and in words.

use serde::{Deserialize, Serialize};

use super::Threshold;
use super::metric::{MetricSource, ValueKind};

/// Whether a threshold was met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ThresholdOutcome {
    /// What was measured is as it should be.
    Met,
    /// It is not.
    Broken,
    /// Nothing was measured that could be judged: neither of both, and at the end no better than broken.
    NoSamples,
}

impl ThresholdOutcome {
    /// As people read it.
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
pub struct WindowSeconds {
    /// The first.
    pub from: u32,
    /// The first that is not in it.
    pub before: u32,
}

/// A threshold and what came of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ThresholdSummary {
    /// The threshold, as [`Threshold`]'s text.
    pub expression: String,
    /// The metric's name.
    pub metric: String,
    /// What was observed, in `unit`; of windows, in the worst. `None` without samples.
    pub value: Option<f64>,
    /// `ms`, `share` (0 to 1), `count`, `bytes`, `1/s`, `bytes/s`, or empty for a unit of the load test's own.
    pub unit: String,
    /// Whether it is met.
    pub outcome: ThresholdOutcome,
    /// How many values the observed one is of.
    pub samples: u64,
    /// The worst window.
    pub window: Option<WindowSeconds>,
    /// It has ended the load, once all before this second was known.
    pub aborted_at_second: Option<u32>,
    /// Why there is no value; empty where there is one.
    pub note: String,
}

impl ThresholdSummary {
    /// Whether it is met; one without samples is not.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.outcome == ThresholdOutcome::Met
    }

    /// What was observed, in words: `812.4 ms in seconds 12 to 41`, or why there is nothing.
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
}

/// With at most three decimals, and at least four digits that matter.
fn number(value: f64) -> String {
    let decimals = if value == 0.0 || value.abs() >= 1.0 { 3 } else { 6 };
    let text = format!("{value:.decimals$}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// The moment in which a threshold was found broken that ends the load.
#[derive(Debug, Clone, PartialEq)]
pub struct Breach {
    /// What was found.
    pub found: ThresholdSummary,
}

impl Breach {
    /// In one sentence.
    #[must_use]
    pub fn reason(&self) -> String {
        format!(
            "threshold {} was broken: {}; it stopped the load",
            self.found.expression,
            self.found.observed()
        )
    }
}

impl Threshold {
    /// In what its value is.
    pub(super) fn unit(&self) -> &'static str {
        use super::Aggregate::{Count, Rate};
        let bytes = self.metric.source == MetricSource::Bytes;
        match (self.metric.kind, self.aggregate) {
            (ValueKind::Custom, _) => "",
            (ValueKind::Share, _) => "share",
            (_, Count) if bytes => "bytes",
            (_, Count) => "count",
            (ValueKind::Counter, Rate) if bytes => "bytes/s",
            (ValueKind::Counter, _) => "1/s",
            (ValueKind::Trend | ValueKind::Sum, _) => "ms",
        }
    }

    /// Without anything known yet.
    pub(super) fn without_samples(&self) -> ThresholdSummary {
        ThresholdSummary {
            expression: self.to_string(),
            metric: self.metric.name().to_owned(),
            value: None,
            unit: self.unit().to_owned(),
            outcome: ThresholdOutcome::NoSamples,
            samples: 0,
            window: None,
            aborted_at_second: None,
            note: String::new(),
        }
    }
}
