//! Steps, checks and custom metrics by second.

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::RandomState;
use heavy_load::histogram::Histogram;
use heavy_load::vocabulary::MetricKind;
use heavy_plugin::line::{IterationLine, MetricLine};
use heavy_results::stats;

use super::names::{NameTable, Symbol};
use super::requests::Tables;

/// Rows of one batch of each sort; names are bounded, so only a long stall can come near.
const MAX_ROWS: usize = 20_000;

/// A trend's values are kept in millionths.
const MILLIONTHS: f64 = 1e6;

/// What load tests name themselves, since it was last taken.
#[derive(Debug)]
pub(crate) struct CustomTable {
    steps: HashMap<(u32, Symbol, Symbol), (u64, Histogram), RandomState>,
    checks: HashMap<(u32, Symbol, Symbol), (u64, u64), RandomState>,
    metrics: HashMap<(u32, Symbol, MetricKind, Symbol), stats::Metrics, RandomState>,
    check_names: NameTable,
    metric_names: NameTable,
}

impl Default for CustomTable {
    fn default() -> Self {
        Self {
            steps: HashMap::default(),
            checks: HashMap::default(),
            metrics: HashMap::default(),
            check_names: NameTable::new(1000),
            metric_names: NameTable::new(1000),
        }
    }
}

impl CustomTable {
    /// Counts the steps and checks of an iteration that ended in `second`.
    pub(crate) fn add_iteration(
        &mut self,
        line: &IterationLine<'_>,
        workflow: Symbol,
        second: u32,
        tables: &mut Tables,
    ) {
        for step in &line.steps {
            let key = (second, workflow, tables.steps.symbol(&step.name));
            if self.steps.len() >= MAX_ROWS && !self.steps.contains_key(&key) {
                continue;
            }
            let (failed, duration) = self.steps.entry(key).or_default();
            *failed += u64::from(!step.ok);
            duration.record(step.duration_ns);
        }
        for check in &line.checks {
            let key = (second, workflow, self.check_names.symbol(&check.name));
            if self.checks.len() >= MAX_ROWS && !self.checks.contains_key(&key) {
                continue;
            }
            let (passes, fails) = self.checks.entry(key).or_default();
            *passes = passes.saturating_add(check.passes);
            *fails = fails.saturating_add(check.fails);
        }
    }

    /// Counts a value of a metric that was read in `second`.
    pub(crate) fn add_metric(&mut self, line: &MetricLine<'_>, second: u32, tables: &mut Tables) {
        let name = self.metric_names.symbol(&line.name);
        let step = tables.steps.symbol(&line.step);
        let key = (second, name, line.kind, step);
        if self.metrics.len() >= MAX_ROWS && !self.metrics.contains_key(&key) {
            return;
        }
        let row = self.metrics.entry(key).or_insert_with(|| stats::Metrics {
            second,
            name: Arc::clone(self.metric_names.text(name)),
            kind: Arc::from(line.kind.as_str()),
            step: Arc::clone(tables.steps.text(step)),
            min: f64::INFINITY,
            max: f64::NEG_INFINITY,
            ..stats::Metrics::default()
        });
        row.count += 1;
        row.sum += line.value;
        row.min = row.min.min(line.value);
        row.max = row.max.max(line.value);
        row.last = line.value;
        row.nonzero += u64::from(line.value != 0.0);
        if line.kind == MetricKind::Trend {
            // The cast saturates, and takes negative values as 0.
            row.distribution.record((line.value * MILLIONTHS).round() as u64);
        }
    }

    /// The tables of the names of checks and metrics.
    pub(crate) const fn tables(&mut self) -> [&mut NameTable; 2] {
        [&mut self.check_names, &mut self.metric_names]
    }

    pub(crate) fn take(
        &mut self,
        tables: &Tables,
    ) -> (Vec<stats::Steps>, Vec<stats::Checks>, Vec<stats::Metrics>) {
        let steps = self.steps.drain();
        let steps = steps.map(|((second, workflow, step), (failed, duration))| stats::Steps {
            second,
            workflow: Arc::clone(tables.workflows.text(workflow)),
            step: Arc::clone(tables.steps.text(step)),
            failed,
            duration,
        });
        let checks = self.checks.drain();
        let checks = checks.map(|((second, workflow, name), (passes, fails))| stats::Checks {
            second,
            workflow: Arc::clone(tables.workflows.text(workflow)),
            name: Arc::clone(self.check_names.text(name)),
            passes,
            fails,
        });
        (
            steps.collect(),
            checks.collect(),
            self.metrics.drain().map(|(_, row)| row).collect(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use heavy_plugin::line::{CheckOutcome, StepOutcome};

    #[test]
    fn steps_checks_and_metrics_add_up() {
        let (mut table, mut tables) = (CustomTable::default(), Tables::default());
        let line = IterationLine {
            steps: vec![StepOutcome {
                name: "login".into(),
                duration_ns: 5,
                ok: false,
            }],
            checks: vec![CheckOutcome {
                name: "is 200".into(),
                passes: 1,
                fails: 2,
            }],
            ..IterationLine::default()
        };
        let workflow = tables.workflows.symbol("w");
        table.add_iteration(&line, workflow, 3, &mut tables);
        table.add_iteration(&line, workflow, 3, &mut tables);
        for value in [1.5, -2.0, 0.0] {
            let line = MetricLine {
                name: "depth".into(),
                kind: MetricKind::Trend,
                value,
                step: "".into(),
                tags: "".into(),
            };
            table.add_metric(&line, 3, &mut tables);
        }
        let (steps, checks, metrics) = table.take(&tables);
        assert_eq!((steps[0].failed, steps[0].duration.count()), (2, 2));
        assert_eq!((checks[0].passes, checks[0].fails), (2, 4));
        let metric = &metrics[0];
        assert_eq!(
            (metric.min, metric.max, metric.last, metric.count),
            (-2.0, 1.5, 0.0, 3)
        );
        assert_eq!((metric.distribution.max_ns(), metric.nonzero), (1_500_000, 2));
    }
}
