//! All thresholds of a job: takes the roll-ups of all agents, judges while the job runs and at its end.

use std::collections::BTreeMap;

use super::Threshold;
use super::cell::{Number, ThresholdCell};
use super::metric::MeasuredUnit;
use super::outcome::{ThresholdOutcome, ThresholdSummary};
use super::scan::{Judged, WindowScan};
use crate::stats::{Delta, Iterations};
use heavy_load::measured_time::MeasuredTime;

const NS_PER_SECOND: u64 = 1_000_000_000;

/// The values of a job's thresholds, from the roll-ups of all agents.
#[derive(Debug, Default)]
pub(crate) struct ThresholdWatch {
    watched: Vec<WatchedThreshold>,
}

#[derive(Debug)]
struct WatchedThreshold {
    threshold: Threshold,
    /// By second where seconds matter, without forgotten ones; else all under 0.
    cells: BTreeMap<u32, ThresholdCell>,
    /// The sum of forgotten seconds.
    forgotten: ThresholdCell,
    forgotten_before: u32,
    live: WindowScan,
    /// The windows of forgotten seconds, as the final judgement goes on from there.
    sealed: WindowScan,
    /// What ended the load.
    breach: Option<ThresholdSummary>,
}

impl ThresholdWatch {
    /// A watch on these thresholds.
    pub(crate) fn new(thresholds: &[Threshold]) -> Self {
        let watched = thresholds.iter().map(|threshold| WatchedThreshold {
            live: WindowScan::new(threshold),
            sealed: WindowScan::new(threshold),
            threshold: threshold.clone(),
            cells: BTreeMap::new(),
            forgotten: ThresholdCell::default(),
            forgotten_before: 0,
            breach: None,
        });
        Self {
            watched: watched.collect(),
        }
    }

    /// Adds a delta of any agent; what claims to be later than `last_second` counts in it.
    pub(crate) fn apply(&mut self, delta: &Delta, last_second: u32) {
        for watched in &mut self.watched {
            watched.apply(delta, last_second);
        }
    }

    /// Adds iterations that no agent has reported.
    pub(crate) fn add_iterations(&mut self, row: &Iterations, last_second: u32) {
        for watched in &mut self.watched {
            watched.add_iterations(row, last_second);
        }
    }

    /// Judges, while the job runs, what ends before a second: everything before it has to be known. Returns the first
    /// threshold that is broken and is to end the load; only the first time. Rates go no further than
    /// `planned_before_second`: what comes later is less because less was planned.
    pub(crate) fn advance(
        &mut self,
        before_second: u32,
        planned_before_second: u32,
    ) -> Option<ThresholdSummary> {
        let mut first = None;
        let fired = self.watched.iter().any(|watched| watched.breach.is_some());
        for watched in &mut self.watched {
            let broken = watched.advance(before_second, planned_before_second);
            if let Some(found) = broken.filter(|_| !fired && first.is_none() && watched.threshold.abort) {
                let found = ThresholdSummary {
                    aborted_at_second: Some(before_second),
                    ..found
                };
                watched.breach = Some(found.clone());
                first = Some(found);
            }
        }
        first
    }

    /// Forgets the seconds before one: everything before it has to be known, and judged. What is reported of them later
    /// counts in the sum of all seconds, and in no window.
    pub(crate) fn forget_before(&mut self, second: u32) {
        for watched in &mut self.watched {
            watched.forget_before(second);
        }
    }

    /// The outcomes of all thresholds, in their order. `complete`: no more results will arrive.
    pub(crate) fn outcomes(&self, measured: MeasuredTime, complete: bool) -> Vec<ThresholdSummary> {
        self.watched
            .iter()
            .map(|watched| watched.outcome(measured, complete))
            .collect()
    }
}

impl WatchedThreshold {
    fn cell(&mut self, second: u32, last: u32) -> &mut ThresholdCell {
        let by_second = self.threshold.window.is_some() || self.threshold.is_per_second();
        let key = if by_second { second.min(last) } else { 0 };
        if by_second && key < self.forgotten_before {
            return &mut self.forgotten;
        }
        self.cells.entry(key).or_default()
    }

    fn apply(&mut self, delta: &Delta, last: u32) {
        let source = self.threshold.metric.source;
        match source.unit() {
            MeasuredUnit::Request => {
                for row in &delta.requests {
                    if self.selectors_take(|selector| selector.takes_request(row)) {
                        self.cell(row.second, last).add_requests(source, row);
                    }
                }
            }
            MeasuredUnit::Step => {
                for row in &delta.steps {
                    if self.selectors_take(|selector| selector.takes_step(row)) {
                        self.cell(row.second, last).add_steps(source, row);
                    }
                }
            }
            MeasuredUnit::Check => {
                for row in &delta.checks {
                    if self.selectors_take(|selector| selector.takes_check(row)) {
                        self.cell(row.second, last).add_checks(row);
                    }
                }
            }
            MeasuredUnit::Custom => {
                for row in &delta.metrics {
                    if self.selectors_take(|selector| selector.takes_metric(row)) {
                        self.cell(row.second, last).add_metrics(row);
                    }
                }
            }
            MeasuredUnit::Iteration => {
                for row in &delta.iterations {
                    self.add_iterations(row, last);
                }
            }
        }
    }

    /// Nothing, if the threshold is not about iterations.
    fn add_iterations(&mut self, row: &Iterations, last: u32) {
        let source = self.threshold.metric.source;
        if source.unit() == MeasuredUnit::Iteration
            && self.selectors_take(|selector| selector.takes_iteration(row))
        {
            self.cell(row.second, last).add_iterations(source, row);
        }
    }

    fn forget_before(&mut self, second: u32) {
        let has_windows = self.threshold.window.is_some();
        if !has_windows && !self.threshold.is_per_second() {
            return;
        }
        let before = if has_windows {
            second.min(self.live.next)
        } else {
            second
        };
        if before <= self.forgotten_before {
            return;
        }
        if has_windows {
            self.sealed.advance(&self.threshold, &self.cells, before);
        }
        let kept = self.cells.split_off(&before);
        for cell in std::mem::replace(&mut self.cells, kept).values() {
            self.forgotten.merge(cell);
        }
        self.forgotten_before = before;
    }

    fn selectors_take(&self, takes: impl Fn(&super::Selector) -> bool) -> bool {
        self.threshold.selectors.iter().all(takes)
    }

    /// As [`ThresholdWatch::advance`], of one threshold: what was found if it is broken.
    fn advance(&mut self, before_second: u32, planned_before_second: u32) -> Option<ThresholdSummary> {
        let before = self.judged_before(before_second, planned_before_second);
        if self.threshold.window.is_some() {
            let broken = self.live.advance(&self.threshold, &self.cells, before)?;
            return Some(self.threshold.of_window(&broken));
        }
        if !self.threshold.abort || before < self.threshold.delay_s().max(1) {
            return None;
        }
        let before_ns = u64::from(before) * NS_PER_SECOND;
        let known = MeasuredTime {
            load_ns: before_ns,
            run_ns: before_ns,
        };
        let found = self.whole(known, Some(before));
        (found.outcome == ThresholdOutcome::Broken).then_some(found)
    }

    /// Up to where values are judged: rates go no further than the plan.
    fn judged_before(&self, known_before: u32, planned_before: u32) -> u32 {
        if self.threshold.is_per_second() {
            known_before.min(planned_before)
        } else {
            known_before
        }
    }

    fn outcome(&self, measured: MeasuredTime, complete: bool) -> ThresholdSummary {
        let found = match (self.threshold.window, complete) {
            (None, _) => self.whole(measured, None),
            (Some(_), false) => self.of_windows(&self.live),
            (Some(_), true) => {
                // Anew, since a second that was judged may have got more of a late agent.
                let last = self.cells.last_key_value();
                let known = last.map_or(self.forgotten_before, |(second, _)| second + 1);
                // Of rates, seconds in which nothing was measured are what they are about.
                let known = if self.threshold.is_per_second() {
                    u32::MAX
                } else {
                    known
                };
                let mut scan = self.sealed.clone();
                let load_s = u32::try_from(measured.load_ns / NS_PER_SECOND).unwrap_or(u32::MAX);
                let before = self.judged_before(known, load_s);
                scan.advance(&self.threshold, &self.cells, before);
                scan.finish(&self.threshold);
                self.of_windows(&scan)
            }
        };
        // What has ended the load stays what ended it, also if what came after was better. What was found after the load
        // has ended nothing.
        let breach = self.breach.as_ref().filter(|breach| {
            let found_ns = breach
                .aborted_at_second
                .map(|second| u64::from(second) * NS_PER_SECOND);
            !complete || found_ns.is_some_and(|found_ns| found_ns < measured.load_ns)
        });
        match breach {
            Some(breach) if found.outcome != ThresholdOutcome::Broken => breach.clone(),
            Some(breach) => ThresholdSummary {
                aborted_at_second: breach.aborted_at_second,
                ..found
            },
            None => found,
        }
    }

    /// All seconds, or those before one, as one.
    fn whole(&self, measured: MeasuredTime, before: Option<u32>) -> ThresholdSummary {
        let mut sum = self.forgotten.clone();
        let by_second = self.threshold.is_per_second();
        for (second, cell) in &self.cells {
            if !by_second || before.is_none_or(|before| *second < before) {
                sum.merge(cell);
            }
        }
        match self.threshold.number(&sum, measured) {
            Number::Some(value) => self.threshold.judged(value, sum.samples(), None),
            Number::NoSamples => self.threshold.without_value(String::new()),
            Number::None(note) => self.threshold.without_value(note),
        }
    }

    fn of_windows(&self, scan: &WindowScan) -> ThresholdSummary {
        match &scan.worst {
            Some(worst) => self.threshold.of_window(worst),
            None => self
                .threshold
                .without_value(scan.none.clone().unwrap_or_default()),
        }
    }
}

impl Threshold {
    fn of_window(&self, window: &Judged) -> ThresholdSummary {
        self.judged(window.value, window.samples, Some(window.window))
    }

    pub(super) fn number(&self, cell: &ThresholdCell, measured: MeasuredTime) -> Number {
        cell.number((self.metric.source, self.metric.kind), self.aggregate, measured)
    }

    pub(super) fn holds(&self, value: f64) -> bool {
        self.operator.holds(value, self.limit.value())
    }

    /// How bad a value is.
    pub(super) fn excess(&self, value: f64) -> f64 {
        self.operator.excess(value, self.limit.value())
    }
}
