//! What one threshold is about, added up over some time: additive, so that seconds make windows and windows jobs.

use std::sync::Arc;

use super::aggregate::Aggregate;
use super::metric::{MetricSource, MetricType};
use crate::stats::{Checks, Iterations, Metrics, Requests, Steps};
use heavy_load::histogram::Histogram;
use heavy_load::measured_time::MeasuredTime;

/// Values of one metric.
#[derive(Debug, Clone, Default)]
pub(super) struct ThresholdCell {
    /// How many.
    count: u64,
    /// Of them, those that a share is of.
    hits: u64,
    /// Of sums: ns of phases, bytes, values of custom metrics.
    sum: f64,
    /// As counted by the second they were read in.
    newest: Option<(u32, f64)>,
    extremes: Option<(f64, f64)>,
    /// Times in ns; of custom trends, values times 1,000,000.
    distribution: Histogram,
    /// The kind of a custom metric; the first that was heard of.
    kind: Option<Arc<str>>,
}

/// A number of what was measured, if there is one.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Number {
    Some(f64),
    /// Nothing was measured.
    NoSamples,
    /// What was measured has no such number: why.
    None(String),
}

impl ThresholdCell {
    /// How many values there are.
    pub(super) fn samples(&self) -> u64 {
        self.count
    }

    pub(super) fn add_requests(&mut self, source: MetricSource, row: &Requests) {
        let count = row.duration.count();
        self.count += count;
        match source {
            MetricSource::RequestDuration => self.distribution.merge(&row.duration),
            MetricSource::FailedRequests => self.hits += if row.failed { count } else { 0 },
            MetricSource::Bytes => self.sum += row.bytes as f64,
            MetricSource::Phase(phase) => self.sum += row.phases_ns[phase as usize] as f64,
            _ => {}
        }
    }

    pub(super) fn add_iterations(&mut self, source: MetricSource, row: &Iterations) {
        let (hits, count) = match source {
            MetricSource::Dropped => (0, row.dropped.total()),
            MetricSource::DroppedOfDue => (row.dropped.total(), row.scheduled),
            MetricSource::IterationDuration => (0, row.duration.count()),
            MetricSource::ResponseTime => (0, row.response.count()),
            MetricSource::GeneratorLag => (0, row.generator_lag.count()),
            _ => (row.failed, row.ok + row.failed),
        };
        self.count += count;
        self.hits += hits;
        match source {
            MetricSource::IterationDuration => self.distribution.merge(&row.duration),
            MetricSource::ResponseTime => self.distribution.merge(&row.response),
            MetricSource::GeneratorLag => self.distribution.merge(&row.generator_lag),
            _ => {}
        }
    }

    pub(super) fn add_steps(&mut self, source: MetricSource, row: &Steps) {
        self.count += row.duration.count();
        if source == MetricSource::FailedSteps {
            self.hits += row.failed;
        } else {
            self.distribution.merge(&row.duration);
        }
    }

    pub(super) fn add_checks(&mut self, row: &Checks) {
        self.count += row.passes + row.fails;
        self.hits += row.passes;
    }

    /// Values of another kind under the same name are left out: they are another metric.
    pub(super) fn add_metrics(&mut self, row: &Metrics) {
        let other = Self {
            count: row.count,
            hits: row.nonzero,
            sum: row.sum,
            newest: Some((row.second, row.last)),
            extremes: (row.count > 0).then_some((row.min, row.max)),
            distribution: row.distribution.clone(),
            kind: Some(Arc::clone(&row.kind)),
        };
        self.merge(&other);
    }

    pub(super) fn merge(&mut self, other: &Self) {
        if let (Some(mine), Some(theirs)) = (&self.kind, &other.kind)
            && mine != theirs
        {
            return;
        }
        self.count += other.count;
        self.hits += other.hits;
        self.sum += other.sum;
        if other
            .newest
            .is_some_and(|(second, _)| self.newest.is_none_or(|(mine, _)| second >= mine))
        {
            self.newest = other.newest;
        }
        self.extremes = match (self.extremes, other.extremes) {
            (Some((low, high)), Some((lower, higher))) => Some((low.min(lower), high.max(higher))),
            (mine, theirs) => mine.or(theirs),
        };
        self.distribution.merge(&other.distribution);
        if self.kind.is_none() {
            self.kind.clone_from(&other.kind);
        }
    }

    /// The aggregate of all values; rates per second are over the `measured` time.
    pub(super) fn number(
        &self,
        (source, kind): (MetricSource, MetricType),
        aggregate: Aggregate,
        measured: MeasuredTime,
    ) -> Number {
        match kind {
            MetricType::Custom => self.custom(aggregate, measured),
            MetricType::Counter => match (source, aggregate) {
                (MetricSource::Dropped, Aggregate::Rate) if measured.load_ns > 0 => {
                    Number::Some(measured.starts_per_second(self.count))
                }
                (MetricSource::Bytes, _) => counted(self.sum, aggregate, measured),
                _ => counted(self.count as f64, aggregate, measured),
            },
            _ if aggregate == Aggregate::Count => Number::Some(self.count as f64),
            _ if self.count == 0 => Number::NoSamples,
            MetricType::Share => Number::Some(self.hits as f64 / self.count as f64),
            MetricType::Sum => Number::Some(self.sum / self.count as f64 / 1e6),
            MetricType::Trend => self.time_ms(aggregate),
        }
    }

    fn time_ms(&self, aggregate: Aggregate) -> Number {
        let times = &self.distribution;
        if times.count() == 0 {
            return Number::NoSamples;
        }
        let ns = match aggregate {
            Aggregate::Min => times.min_ns() as f64,
            Aggregate::Max => times.max_ns() as f64,
            other => other
                .quantile()
                .map_or_else(|| times.mean_ns(), |quantile| times.quantile_ns(quantile) as f64),
        };
        Number::Some(ns / 1e6)
    }

    fn custom(&self, aggregate: Aggregate, measured: MeasuredTime) -> Number {
        use Aggregate::{Avg, Count, Max, Min, Rate, Value};
        let (Some(kind), Some((min, max))) = (self.kind.as_deref(), self.extremes) else {
            return Number::NoSamples;
        };
        let mean = self.sum / self.count.max(1) as f64;
        let number = match (kind, aggregate) {
            ("counter", Count | Rate) => return counted(self.sum, aggregate, measured),
            ("rate", Rate) => self.hits as f64 / self.count.max(1) as f64,
            ("gauge", Value) => self.newest.map_or(0.0, |(_, value)| value),
            ("gauge" | "trend", Avg) => mean,
            ("gauge" | "trend", Min) => min,
            ("gauge" | "trend", Max) => max,
            (kind, Count) if kind != "counter" => self.count as f64,
            ("trend", other) if other.quantile().is_some() => {
                let quantile = other.quantile().unwrap_or(0.5);
                self.distribution.quantile_ns(quantile) as f64 / 1e6
            }
            (kind, other) => {
                let has = match kind {
                    "counter" => "count and rate",
                    "gauge" => "value, min, max, avg and count",
                    "rate" => "rate and count",
                    _ => "avg, min, med, max, p(N) and count",
                };
                return Number::None(format!(
                    "the metric is a {kind}, which has no {other}, only {has}"
                ));
            }
        };
        Number::Some(number)
    }
}

/// An amount of what ended, or its rate.
fn counted(amount: f64, aggregate: Aggregate, measured: MeasuredTime) -> Number {
    match aggregate {
        Aggregate::Rate if measured.run_ns > 0 => Number::Some(measured.ends_per_second(amount)),
        Aggregate::Rate => Number::NoSamples,
        _ => Number::Some(amount),
    }
}
