//! One place in all jobs that are compared.

use std::collections::BTreeSet;

use super::measure::{Measured, Measures, StatisticEstimate};
use super::permutation::AllWindows;
use super::place::Place;
use super::pool::PooledSample;
use super::statistic::Statistic;
use super::windows::{FEWEST_WINDOWS, Spread, least_variance, samples};

/// One job's results at a place.
#[derive(Clone, Copy)]
pub(super) struct JobMeasures<'a> {
    pub(super) measures: &'a Measures,
    freedom: Option<f64>,
}

/// What all jobs have at one place.
pub(super) struct Pair<'a> {
    pub(super) place: &'a Place,
    /// Of the earlier jobs that have the place.
    pub(super) before: Vec<JobMeasures<'a>>,
    pub(super) now: Option<JobMeasures<'a>>,
    /// Whether the jobs are compared by their windows.
    by_windows: bool,
}

impl<'a> Pair<'a> {
    pub(super) fn new(
        place: &'a Place,
        before: &[&'a Measured],
        now: &'a Measured,
        by_windows: bool,
    ) -> Self {
        let own = |measured: &'a Measured| {
            Some(JobMeasures {
                measures: measured.places.get(place)?,
                freedom: measured.freedom,
            })
        };
        Self {
            place,
            before: before.iter().filter_map(|measured| own(measured)).collect(),
            now: own(now),
            by_windows,
        }
    }

    fn jobs(&self) -> impl Iterator<Item = &JobMeasures<'a>> {
        self.before.iter().chain(&self.now)
    }

    /// Every statistic that any of them has.
    pub(super) fn kinds(&self) -> BTreeSet<Statistic> {
        self.jobs()
            .flat_map(|job| job.measures.estimates.keys().copied())
            .collect()
    }

    /// Earlier values and the new one, if both rest on enough samples.
    pub(super) fn samples(&self, kind: Statistic) -> Option<(Vec<PooledSample>, PooledSample)> {
        if self.by_windows {
            let earlier: Vec<Spread> = self.before.iter().filter_map(|job| spread(job, kind)).collect();
            let now = self.now.as_ref().and_then(|job| spread(job, kind))?;
            return (!earlier.is_empty()).then(|| samples(&earlier, now, self.least_variance(kind)));
        }
        let earlier: Vec<PooledSample> = self.before.iter().filter_map(|job| sample(job, kind)).collect();
        let now = self.now.as_ref().and_then(|job| sample(job, kind))?;
        (!earlier.is_empty()).then_some((earlier, now))
    }

    /// The windows of a statistic in the given jobs, whose numbers of windows are `sizes`.
    pub(super) fn windows(&self, kind: Statistic, jobs: &[&Measured], sizes: &[usize]) -> AllWindows {
        let mut values = Vec::with_capacity(sizes.iter().sum());
        for (job, size) in jobs.iter().zip(sizes) {
            let windows = job.places.get(self.place).and_then(|own| own.windows.get(&kind));
            let windows = windows.map_or(&[][..], |windows| windows);
            values
                .extend((0..*size).map(|second| windows.get(second).copied().flatten().map(|one| one.value)));
        }
        AllWindows {
            values,
            least_variance: self.least_variance(kind),
        }
    }

    fn least_variance(&self, kind: Statistic) -> f64 {
        let windows = self.jobs().filter_map(|job| job.measures.windows.get(&kind));
        least_variance(kind, windows.flatten().flatten())
    }
}

/// By the blocks of a job.
fn sample(job: &JobMeasures<'_>, kind: Statistic) -> Option<PooledSample> {
    let StatisticEstimate { value, error } = *job.measures.estimates.get(&kind)?;
    Some(PooledSample {
        value: if kind.is_share() { value } else { value.ln() },
        variance: error?.powi(2),
        freedom: job.freedom?,
    })
}

/// By the windows of a job, if something ended in enough of them.
fn spread(job: &JobMeasures<'_>, kind: Statistic) -> Option<Spread> {
    // A statistic without an estimate is not shown: dropped iterations where users start them.
    job.measures.estimates.get(&kind)?;
    let windows = job.measures.windows.get(&kind)?.iter().flatten();
    Some(Spread::new(windows.map(|window| window.value))).filter(|spread| spread.has(FEWEST_WINDOWS))
}
