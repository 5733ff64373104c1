//! One column of the timeline: what happened in some seconds. Once they are complete it is packed, since there are hundreds of
//! columns and their histograms would take most of the memory of a job with many different times.

use super::interval::{Interval, quantiles_ms};
use super::outcomes::Outcomes;
use crate::stats::{Iterations, Requests};
use crate::summary::Point;
use heavy_load::histogram::Histogram;

/// Sums over the seconds of a column. Two neighbouring ones merge without loss.
#[derive(Debug, Clone, Default)]
pub(super) struct Column {
    /// The most iterations that ran at the end of one of its forgotten seconds.
    pub(super) in_flight: u64,
    packed: Option<PackedSums>,
    /// What was added since it was packed.
    open: Option<Box<ColumnSums>>,
}

#[derive(Debug, Clone, Default)]
struct ColumnSums {
    interval: Interval,
    outcomes: Outcomes,
    generator_lag: Histogram,
}

#[derive(Debug, Clone)]
struct PackedSums {
    point: Point,
    /// Without its histograms.
    sums: Box<ColumnSums>,
    duration: Box<[u8]>,
    response: Box<[u8]>,
    generator_lag: Box<[u8]>,
    /// The shortest and the longest request in ns.
    range_ns: Option<(u64, u64)>,
}

impl Column {
    pub(super) fn add_requests(&mut self, row: &Requests) {
        let sums = self.open.get_or_insert_default();
        sums.interval.add_requests(row);
        sums.outcomes.add(row);
    }

    pub(super) fn add_iterations(&mut self, row: &Iterations) {
        let sums = self.open.get_or_insert_default();
        sums.interval.add_iterations(row);
        sums.generator_lag.merge(&row.generator_lag);
    }

    /// Adds all of another column; packed if both are.
    pub(super) fn merge(&mut self, other: &Self) {
        let is_open = self.open.is_some() || other.open.is_some();
        let mut sums = self.sums();
        sums.merge(&other.sums());
        self.in_flight = self.in_flight.max(other.in_flight);
        self.packed = None;
        self.open = Some(Box::new(sums));
        if !is_open {
            self.pack();
        }
    }

    /// Takes less memory from now on; more can be added nevertheless.
    pub(super) fn pack(&mut self) {
        if self.open.is_some() {
            self.packed = Some(PackedSums::from(self.sums()));
            self.open = None;
        }
    }

    fn sums(&self) -> ColumnSums {
        let mut sums = self.packed.as_ref().map(PackedSums::unpacked).unwrap_or_default();
        if let Some(open) = &self.open {
            sums.merge(open);
        }
        sums
    }

    /// The figures that the seconds of the column alone tell.
    pub(super) fn point(&self) -> Point {
        match (&self.packed, &self.open) {
            (Some(packed), None) => packed.point.clone(),
            (None, Some(open)) => open.point(),
            _ => self.sums().point(),
        }
    }

    /// The durations of requests.
    pub(super) fn duration(&self) -> Histogram {
        let packed = self.packed.as_ref().map(|packed| unpacked(&packed.duration));
        let mut duration = packed.unwrap_or_default();
        if let Some(open) = &self.open {
            duration.merge(&open.interval.duration);
        }
        duration
    }

    /// The shortest and the longest request in ns; `None` without requests.
    pub(super) fn range_ns(&self) -> Option<(u64, u64)> {
        let packed = self.packed.as_ref().and_then(|packed| packed.range_ns);
        let open = self
            .open
            .as_ref()
            .and_then(|open| range_ns(&open.interval.duration));
        wider(packed, open)
    }
}

/// The range that holds two ranges.
pub(super) fn wider(one: Option<(u64, u64)>, other: Option<(u64, u64)>) -> Option<(u64, u64)> {
    match (one, other) {
        (Some(one), Some(other)) => Some((one.0.min(other.0), one.1.max(other.1))),
        (one, other) => one.or(other),
    }
}

fn range_ns(of: &Histogram) -> Option<(u64, u64)> {
    (of.count() > 0).then(|| (of.min_ns(), of.max_ns()))
}

impl ColumnSums {
    fn merge(&mut self, other: &Self) {
        self.interval.merge(&other.interval);
        self.outcomes.merge(&other.outcomes);
        self.generator_lag.merge(&other.generator_lag);
    }

    fn point(&self) -> Point {
        let Interval {
            iterations,
            requests_failed,
            duration,
            response,
        } = &self.interval;
        let [p50_ms, p95_ms, p99_ms, p999_ms] = quantiles_ms(duration, [0.50, 0.95, 0.99, 0.999]);
        let [response_p99_ms] = quantiles_ms(response, [0.99]);
        let [lag_p99_ms] = quantiles_ms(&self.generator_lag, [0.99]);
        Point {
            scheduled: iterations.scheduled,
            started: iterations.started,
            dropped: iterations.dropped.total(),
            ok: iterations.ok,
            failed: iterations.failed,
            requests: duration.count(),
            requests_failed: *requests_failed,
            status_classes: self.outcomes.classes.clone(),
            error_kinds: self.outcomes.error_kinds(),
            p50_ms,
            p95_ms,
            p99_ms,
            p999_ms,
            max_ms: (duration.count() > 0).then(|| duration.max_ns() as f64 / 1e6),
            response_p99_ms,
            lag_p99_ms,
            ..Point::default()
        }
    }
}

impl From<ColumnSums> for PackedSums {
    fn from(mut sums: ColumnSums) -> Self {
        let point = sums.point();
        let range_ns = range_ns(&sums.interval.duration);
        let interval = &mut sums.interval;
        let histograms = [
            &mut interval.duration,
            &mut interval.response,
            &mut sums.generator_lag,
        ];
        let [duration, response, generator_lag] =
            histograms.map(|histogram| std::mem::take(histogram).encode().into_boxed_slice());
        Self {
            point,
            sums: Box::new(sums),
            duration,
            response,
            generator_lag,
            range_ns,
        }
    }
}

impl PackedSums {
    fn unpacked(&self) -> ColumnSums {
        let mut sums = (*self.sums).clone();
        sums.interval.duration = unpacked(&self.duration);
        sums.interval.response = unpacked(&self.response);
        sums.generator_lag = unpacked(&self.generator_lag);
        sums
    }
}

/// A histogram that was encoded here, so that it can be decoded.
fn unpacked(bytes: &[u8]) -> Histogram {
    Histogram::decode(bytes).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn times(values: &[u64]) -> Histogram {
        let mut times = Histogram::default();
        values.iter().for_each(|value| times.record(*value));
        times
    }

    fn add(column: &mut Column, values: &[u64]) {
        column.add_requests(&Requests {
            status: 503,
            failed: values.len() % 2 == 1,
            error_kind: "status".into(),
            duration: times(values),
            ..Requests::default()
        });
        column.add_iterations(&Iterations {
            started: values.len() as u64,
            response: times(values),
            generator_lag: times(values),
            ..Iterations::default()
        });
    }

    fn shown(column: &Column) -> (Point, Histogram, Option<(u64, u64)>) {
        (column.point(), column.duration(), column.range_ns())
    }

    proptest! {
        #[test]
        fn packing_changes_nothing(
            parts in prop::collection::vec((prop::collection::vec(0u64..60_000_000_000, 0..20), any::<bool>()), 1..8),
            packed in any::<bool>(),
        ) {
            let (mut plain, mut column, mut neighbour) = (Column::default(), Column::default(), Column::default());
            for (values, is_packed) in &parts {
                add(&mut plain, values);
                add(&mut column, values);
                add(&mut neighbour, values);
                if *is_packed {
                    column.pack();
                }
                prop_assert_eq!(shown(&column), shown(&plain));
            }
            if packed {
                neighbour.pack();
            }
            column.merge(&neighbour);
            parts.iter().for_each(|(values, _)| add(&mut plain, values));
            prop_assert_eq!(shown(&column), shown(&plain));
        }
    }

    #[test]
    fn what_two_packed_columns_become_is_packed() {
        let mut columns = [[1_000, 2_000], [3_000, 4_000]].map(|values| {
            let mut column = Column::default();
            add(&mut column, &values);
            column.pack();
            column
        });
        let [left, right] = &mut columns;
        left.merge(right);
        assert!(left.packed.is_some() && left.open.is_none());
        assert_eq!(left.range_ns(), Some((1_000, 4_000)));
    }
}
