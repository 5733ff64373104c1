//! Custom metrics by name, kind and step.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::stats::Metrics;
use crate::summary::{Distribution, MetricSummary};

/// The totals of every metric.
#[derive(Debug, Default)]
pub(super) struct MetricTable(BTreeMap<[Arc<str>; 3], Metrics>);

impl MetricTable {
    pub(super) fn add(&mut self, row: &Metrics) {
        let key = [&row.name, &row.kind, &row.step].map(Arc::clone);
        let Some(total) = self.0.get_mut(&key) else {
            self.0.insert(key, row.clone());
            return;
        };
        total.count += row.count;
        total.sum += row.sum;
        total.min = total.min.min(row.min);
        total.max = total.max.max(row.max);
        if row.second >= total.second {
            (total.second, total.last) = (row.second, row.last);
        }
        total.nonzero += row.nonzero;
        total.distribution.merge(&row.distribution);
    }

    /// The sum of a counter over all steps; 0 without values.
    pub(super) fn sum_of(&self, name: &str) -> f64 {
        let of = |metric: &&Metrics| *metric.name == *name;
        self.0.values().filter(of).map(|metric| metric.sum).sum()
    }

    pub(super) fn summaries(&self) -> Vec<MetricSummary> {
        self.0.values().map(summary).collect()
    }
}

fn summary(metric: &Metrics) -> MetricSummary {
    MetricSummary {
        name: metric.name.to_string(),
        kind: metric.kind.to_string(),
        step: metric.step.to_string(),
        count: metric.count,
        value: match &*metric.kind {
            "counter" => metric.sum,
            "gauge" => metric.last,
            "rate" => metric.nonzero as f64 / metric.count.max(1) as f64,
            _ => metric.sum / metric.count.max(1) as f64,
        },
        distribution: Distribution::from_nonempty(&metric.distribution),
    }
}
