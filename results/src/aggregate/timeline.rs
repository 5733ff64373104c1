//! The timeline: the job's seconds in a bounded number of columns, which become wider as the job becomes longer.

use super::column::{Column, wider};
use crate::bars;
use crate::stats::{Iterations, Requests};
use crate::summary::{Point, Timeline};
use heavy_load::histogram::Histogram;
use heavy_load::load::Load;
use heavy_load::measured_time::MeasuredTime;

/// Beyond this many columns, neighbours are merged.
const MOST_COLUMNS: usize = 240;

/// Bands of the heat map at most.
const MOST_BANDS: usize = 40;

/// Equally wide columns from the job's start; at most [`MOST_COLUMNS`].
#[derive(Debug)]
pub(super) struct Columns {
    width_s: u32,
    columns: Vec<Column>,
}

impl Default for Columns {
    fn default() -> Self {
        Self {
            width_s: 1,
            columns: Vec::new(),
        }
    }
}

impl Columns {
    pub(super) fn add_requests(&mut self, second: u32, row: &Requests) {
        self.column(second).add_requests(row);
    }

    pub(super) fn add_iterations(&mut self, second: u32, row: &Iterations) {
        self.column(second).add_iterations(row);
    }

    /// Notes how many iterations ran at the end of a second that is forgotten now.
    pub(super) fn note_in_flight(&mut self, second: u32, in_flight: u64) {
        let column = self.column(second);
        column.in_flight = column.in_flight.max(in_flight);
    }

    /// Packs what lies before a second: little more is reported of it.
    pub(super) fn pack_before(&mut self, second: u32) {
        let before = (second / self.width_s) as usize;
        self.columns.iter_mut().take(before).for_each(Column::pack);
    }

    fn column(&mut self, second: u32) -> &mut Column {
        while (second / self.width_s) as usize >= MOST_COLUMNS {
            self.halve();
        }
        let place = (second / self.width_s) as usize;
        if self.columns.len() <= place {
            self.columns.resize_with(place + 1, Column::default);
        }
        &mut self.columns[place]
    }

    /// Merges neighbouring columns, so that each covers twice the time.
    fn halve(&mut self) {
        self.width_s *= 2;
        let mut columns = std::mem::take(&mut self.columns).into_iter();
        while let Some(mut left) = columns.next() {
            if let Some(right) = columns.next() {
                left.merge(&right);
            }
            self.columns.push(left);
        }
    }

    /// The points as of now. `in_flight` has the iterations running at the end of each second that is not forgotten;
    /// `measured` says where the last point ends, and up to where iterations were planned.
    pub(super) fn timeline(
        &self,
        load: &Load,
        in_flight: impl Iterator<Item = (u32, u64)>,
        measured: MeasuredTime,
    ) -> Timeline {
        let mut running: Vec<u64> = self.columns.iter().map(|column| column.in_flight).collect();
        for (second, n) in in_flight {
            if let Some(most) = running.get_mut((second / self.width_s) as usize) {
                *most = n.max(*most);
            }
        }
        let range_ns = self.columns.iter().map(Column::range_ns).fold(None, wider);
        let bounds = bars::bounds(range_ns, MOST_BANDS);
        let points = (0..).zip(&self.columns).zip(running);
        let points = points.map(|((place, column), in_flight): ((u32, _), _)| {
            let second = place * self.width_s;
            let (from_ns, until_ns) = (ns(second.into()), ns(u64::from(second) + u64::from(self.width_s)));
            let inside = measured.between(from_ns, until_ns);
            let end_ns = until_ns.min(measured.load_ns).max(from_ns);
            Point {
                second,
                in_flight,
                length_s: (inside.run_ns as f64 / 1e9).max(0.001),
                load_s: Some(inside.load_ns as f64 / 1e9),
                planned: load.count_before(end_ns) - load.count_before(from_ns),
                bands: bands(&column.duration(), &bounds),
                ..column.point()
            }
        });
        let quiet = |point: &Point| {
            point.planned + point.scheduled + point.ok + point.failed + point.requests + point.in_flight == 0
        };
        Timeline {
            point_s: self.width_s,
            points: points.filter(|point| !quiet(point)).collect(),
            bands_upper_ms: bounds.iter().map(|bound| *bound as f64 / 1e6).collect(),
        }
    }
}

const fn ns(second: u64) -> u64 {
    second.saturating_mul(1_000_000_000)
}

/// How many values lie in each band, without trailing zeros.
fn bands(durations: &Histogram, bounds: &[u64]) -> Vec<u64> {
    let mut counts = Vec::new();
    let mut band = 0;
    for (value, count) in durations.buckets() {
        // The last bound is the largest value, which lies within its bucket.
        while band + 1 < bounds.len() && value > bounds[band] {
            band += 1;
        }
        counts.resize(band + 1, 0);
        counts[band] += count;
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::JobSpec;
    use heavy_load::span::Span;
    use proptest::prelude::*;

    fn requests(second: u32, values: &[u64]) -> Requests {
        let mut duration = Histogram::default();
        values.iter().for_each(|value| duration.record(*value));
        Requests {
            second,
            duration,
            failed: second.is_multiple_of(2),
            ..Requests::default()
        }
    }

    const fn measured(load_ns: u64, run_ns: u64) -> MeasuredTime {
        MeasuredTime { load_ns, run_ns }
    }

    fn load(seconds: u64) -> Load {
        JobSpec::new("a".repeat(64), "10".parse().unwrap(), Span::from_s(seconds)).load()
    }

    #[test]
    fn a_short_job_has_a_point_a_second() {
        let mut columns = Columns::default();
        columns.add_requests(0, &requests(0, &[1_000_000, 3_000_000]));
        columns.add_requests(2, &requests(2, &[2_000_000]));
        let timeline = columns.timeline(
            &load(3),
            [(0, 4), (2, 1)].into_iter(),
            measured(2_000_000_000, 2_500_000_000),
        );
        assert_eq!((timeline.point_s, timeline.points.len()), (1, 3));
        let [first, between, last] = &timeline.points[..] else {
            panic!("{timeline:?}")
        };
        assert_eq!(
            (first.requests, first.requests_failed, first.in_flight),
            (2, 2, 4)
        );
        assert_eq!((between.planned, between.requests, between.p50_ms), (10, 0, None));
        assert_eq!((first.length_s, last.length_s), (1.0, 0.5));
        let loads = timeline.points.iter().map(|point| (point.load_s, point.planned));
        let expected = [(Some(1.0), 10), (Some(1.0), 10), (Some(0.0), 0)];
        assert!(loads.eq(expected), "nothing is planned after the load");
        assert_eq!(last.max_ms, Some(2.0));
        assert_eq!(first.bands.iter().sum::<u64>(), 2);
    }

    proptest! {
        #[test]
        fn a_job_of_any_length_has_few_points_that_hold_everything(
            seconds in prop::collection::vec((0u32..200_000, 1u64..60_000_000_000), 1..60),
        ) {
            let mut columns = Columns::default();
            for (second, value) in &seconds {
                columns.add_requests((*second).min(150_000), &requests(*second, &[*value]));
            }
            let timeline = columns.timeline(&load(200_000), std::iter::empty(), measured(u64::MAX, u64::MAX));
            prop_assert!(timeline.points.len() <= MOST_COLUMNS);
            prop_assert!(timeline.bands_upper_ms.len() <= MOST_BANDS);
            let of = |count: fn(&Point) -> u64| timeline.points.iter().map(count).sum::<u64>();
            prop_assert_eq!(of(|point| point.requests), seconds.len() as u64);
            prop_assert_eq!(of(|point| point.bands.iter().sum()), seconds.len() as u64);
            let failed = seconds.iter().filter(|(second, _)| second % 2 == 0).count();
            prop_assert_eq!(of(|point| point.requests_failed), failed as u64);
            prop_assert!(timeline.points.is_sorted_by(|a, b| a.second < b.second));
        }
    }
}
