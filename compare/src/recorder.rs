//! One job's roll-ups, kept as a bounded number of slices of its time.
//!
//! A job's hour with 200 request names has 720,000 histograms by second. They are merged as they come into at most
//! [`MOST_SLICES`] slices for each place, of a second or more each, which are later grouped into blocks.

use std::collections::HashMap;
use std::sync::Arc;

use super::place::{Level, Place};
use heavy_load::histogram::Histogram;
use heavy_results::job::{JobInfo, JobState};
use heavy_results::stats::{Delta, Iterations, Requests};

/// The most slices of a job's time, all of equal length; shorter jobs have one for each second.
const MOST_SLICES: usize = 64;

/// The most buckets of histograms in memory, of 16 bytes each; beyond it, slices become longer and fewer.
const MOST_HELD: usize = 8 << 20;

/// The fewest slices, so that blocks can be formed.
const FEWEST_SLICES: usize = 16;

/// The most places; the agents' own limits are lower.
const MOST_PLACES: usize = 8_192;

/// The most seconds of a job; later ones count as the last.
const MOST_SECONDS: usize = 1_000_000;

/// Which part of a job is measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Extent {
    /// Seconds before this one are excluded.
    pub first_second: u32,
    /// From there to the end, in seconds.
    pub length_s: f64,
}

impl Extent {
    /// All of a job but its warm-up. `run_time_s` is that of its summary; a plan that was carried out to its end
    /// is measured to its end, as rates of reports are.
    #[must_use]
    pub fn from_job(job: &JobInfo, run_time_s: f64) -> Self {
        let load = job.spec.load();
        let planned_s = if job.state == JobState::Finished && load.is_open() {
            load.duration_ns() as f64 / 1e9
        } else {
            0.0
        };
        // Seconds are whole: one in which the warm-up ends is left out.
        let first_second = load.warm_up_ns.div_ceil(1_000_000_000);
        Self {
            first_second: u32::try_from(first_second).unwrap_or(u32::MAX),
            length_s: (run_time_s.max(planned_s) - first_second as f64).max(0.0),
        }
    }
}

/// The results at one place in one slice of time.
#[derive(Debug, Clone, Default)]
pub(super) struct Slice {
    /// What ended.
    pub(super) count: u64,
    /// Of them, failed.
    pub(super) failed: u64,
    /// Iterations that were due.
    pub(super) due: u64,
    /// Of them, dropped.
    pub(super) dropped: u64,
    /// Of all that ended, where they have durations.
    pub(super) duration: Histogram,
}

impl Slice {
    pub(super) fn add(&mut self, other: &Self) {
        self.count += other.count;
        self.failed += other.failed;
        self.due += other.due;
        self.dropped += other.dropped;
        self.duration.merge(&other.duration);
    }
}

/// Collects the roll-ups of one job.
#[derive(Debug)]
pub struct JobRecorder {
    pub(super) extent: Extent,
    pub(super) seconds: usize,
    /// Seconds of each slice.
    slice_s: usize,
    slices: usize,
    /// Buckets of all histograms, and how many of them may be held.
    held: usize,
    most_held: usize,
    pub(super) places: HashMap<Place, Vec<Slice>>,
    /// By second: requests that ended, and the sum of their durations in ns.
    pub(super) pace: Vec<(u64, f64)>,
    left_out: u64,
}

impl JobRecorder {
    /// Takes what happens in `extent`.
    #[must_use]
    pub fn new(extent: Extent) -> Self {
        // The cast saturates.
        let seconds = (extent.length_s.ceil() as usize).min(MOST_SECONDS);
        let slice_s = seconds.div_ceil(MOST_SLICES).max(1);
        Self {
            extent,
            seconds,
            slice_s,
            slices: seconds.div_ceil(slice_s),
            held: 0,
            most_held: MOST_HELD,
            places: HashMap::new(),
            pace: vec![(0, 0.0); seconds],
            left_out: 0,
        }
    }

    /// Adds a roll-up of any agent, in any order.
    pub fn apply(&mut self, delta: &Delta) {
        for row in &delta.requests {
            self.requests(row);
        }
        for row in &delta.iterations {
            self.iterations(row);
        }
        for row in &delta.steps {
            let mut place = place(Level::Step, &row.workflow);
            place.step = Arc::clone(&row.step);
            self.add(place, row.second, |slice| {
                slice.count += row.duration.count();
                slice.failed += row.failed;
                slice.duration.merge(&row.duration);
            });
        }
        for row in &delta.checks {
            let mut place = place(Level::Check, &row.workflow);
            place.name = Arc::clone(&row.name);
            self.add(place, row.second, |slice| {
                slice.count += row.passes + row.fails;
                slice.failed += row.fails;
            });
        }
    }

    fn requests(&mut self, row: &Requests) {
        let count = row.duration.count();
        if let Some(second) = self.second(row.second) {
            let (ended, sum_ns) = &mut self.pace[second];
            *ended += count;
            *sum_ns += row.duration.sum_ns() as f64;
        }
        let mut place = place(Level::Request, &row.workflow);
        place.step = Arc::clone(&row.step);
        place.name = Arc::clone(&row.name);
        place.method = Arc::clone(&row.method);
        place.protocol = Arc::clone(&row.protocol);
        self.add(place, row.second, |slice| {
            slice.count += count;
            slice.failed += if row.failed { count } else { 0 };
            slice.duration.merge(&row.duration);
        });
    }

    fn iterations(&mut self, row: &Iterations) {
        let own = place(Level::Workflow, &row.workflow);
        self.add(own, row.second, |slice| {
            slice.count += row.ok + row.failed;
            slice.failed += row.failed;
            slice.due += row.scheduled;
            slice.dropped += row.dropped.total();
            slice.duration.merge(&row.duration);
        });
        if row.response.count() > 0 {
            let response = place(Level::ResponseTime, &row.workflow);
            self.add(response, row.second, |slice| {
                slice.count += row.response.count();
                slice.duration.merge(&row.response);
            });
        }
    }

    fn add(&mut self, place: Place, second: u32, add: impl FnOnce(&mut Slice)) {
        let Some(second) = self.second(second) else {
            return;
        };
        if self.places.len() >= MOST_PLACES && !self.places.contains_key(&place) {
            self.left_out += 1;
            return;
        }
        let slices = self.slices;
        let slice = second / self.slice_s;
        let of_place = self
            .places
            .entry(place)
            .or_insert_with(|| vec![Slice::default(); slices]);
        let before = of_place[slice].duration.held();
        add(&mut of_place[slice]);
        self.held += of_place[slice].duration.held() - before;
        if self.held > self.most_held && self.slices >= 2 * FEWEST_SLICES {
            self.halve();
        }
    }

    /// Merges every two slices. Whether this happens depends on all roll-ups together, not on their order.
    fn halve(&mut self) {
        self.slice_s *= 2;
        self.slices = self.slices.div_ceil(2);
        self.held = 0;
        for slices in self.places.values_mut() {
            let merged = slices.chunks(2).map(|pair| {
                let mut merged = pair[0].clone();
                pair[1..].iter().for_each(|other| merged.add(other));
                merged
            });
            *slices = merged.collect();
            self.held += slices.iter().map(|slice| slice.duration.held()).sum::<usize>();
        }
    }

    /// The second's place in the extent; what claims to be later than its end counts in its last second.
    fn second(&self, second: u32) -> Option<usize> {
        let second = second.checked_sub(self.extent.first_second)? as usize;
        let last = self.seconds.checked_sub(1)?;
        Some(second.min(last))
    }

    /// Number of roll-ups that were discarded because of too many places.
    #[must_use]
    pub const fn left_out(&self) -> u64 {
        self.left_out
    }

    /// How many seconds each slice has; the last one ends with the extent.
    pub(super) fn slice_lengths_s(&self) -> Vec<f64> {
        let mut lengths = vec![0.0; self.slices];
        for second in 0..self.seconds {
            let length = (self.extent.length_s - second as f64).min(1.0);
            lengths[second / self.slice_s] += length;
        }
        // Later seconds than are followed count in the last one.
        if let Some(last) = lengths.last_mut() {
            *last += (self.extent.length_s - self.seconds as f64).max(0.0);
        }
        lengths
    }
}

fn place(level: Level, workflow: &Arc<str>) -> Place {
    Place {
        workflow: Arc::clone(workflow),
        step: Arc::default(),
        level,
        name: Arc::default(),
        method: Arc::default(),
        protocol: Arc::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Measured;
    use heavy_results::stats::Steps;

    fn recorded(seconds: impl Iterator<Item = u32>, most_held: usize) -> JobRecorder {
        let mut recorder = JobRecorder::new(Extent {
            first_second: 0,
            length_s: 60.0,
        });
        recorder.most_held = most_held;
        for second in seconds {
            let mut duration = Histogram::default();
            duration.record_n(1_000_000 + u64::from(second) * 100_000, 10);
            recorder.apply(&Delta {
                steps: vec![Steps {
                    second,
                    workflow: "shop".into(),
                    step: "pay".into(),
                    duration,
                    ..Steps::default()
                }],
                ..Delta::default()
            });
        }
        recorder
    }

    #[test]
    fn too_many_buckets_make_longer_slices_and_lose_nothing() {
        let all = recorded(0..60, MOST_HELD);
        assert_eq!((all.slices, all.slice_s), (60, 1));
        for few in [recorded(0..60, 40), recorded((0..60).rev(), 40)] {
            assert_eq!((few.slices, few.slice_s), (30, 2));
            assert!((few.slice_lengths_s().iter().sum::<f64>() - 60.0).abs() < 1e-9);
            let (all, few) = (Measured::from_recorder(&all, 1), Measured::from_recorder(&few, 1));
            for (place, measures) in &all.places {
                assert_eq!(few.places[place].duration, measures.duration);
                assert_eq!(few.places[place].count, 600);
            }
        }
    }

    #[test]
    fn what_lasts_longer_than_is_followed_has_its_whole_length() {
        let endless = JobRecorder::new(Extent {
            first_second: 0,
            length_s: 2e6,
        });
        assert!((endless.slice_lengths_s().iter().sum::<f64>() - 2e6).abs() < 1e-3);
    }
}
