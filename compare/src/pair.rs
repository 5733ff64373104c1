//! One place in all jobs that are compared.

use std::collections::BTreeSet;

use super::measure::{Measured, Measures, Statistic, StatisticEstimate};
use super::place::Place;
use super::pool::PooledSample;

/// What all jobs have at one place.
pub(super) struct Pair<'a> {
    pub(super) place: &'a Place,
    /// Of the earlier jobs that have the place, with the freedom of each.
    pub(super) before: Vec<(&'a Measures, Option<f64>)>,
    pub(super) now: Option<(&'a Measures, Option<f64>)>,
}

impl<'a> Pair<'a> {
    pub(super) fn of(place: &'a Place, before: &[&'a Measured], now: &'a Measured) -> Self {
        let own = |measured: &'a Measured| Some((measured.places.get(place)?, measured.freedom));
        Self {
            place,
            before: before.iter().filter_map(|measured| own(measured)).collect(),
            now: own(now),
        }
    }

    /// Every statistic that any of them has.
    pub(super) fn kinds(&self) -> BTreeSet<Statistic> {
        let all = self.before.iter().chain(&self.now);
        all.flat_map(|(measures, _)| measures.estimates.keys().copied())
            .collect()
    }

    /// Earlier values and the new one, if both rest on enough samples.
    pub(super) fn samples(&self, kind: Statistic) -> Option<(Vec<PooledSample>, PooledSample)> {
        let sample = |(measures, freedom): &(&Measures, Option<f64>)| {
            let StatisticEstimate { value, error } = *measures.estimates.get(&kind)?;
            Some(PooledSample {
                value: if kind.is_share() { value } else { value.ln() },
                variance: error?.powi(2),
                freedom: (*freedom)?,
            })
        };
        let earlier: Vec<PooledSample> = self.before.iter().filter_map(sample).collect();
        let now = self.now.as_ref().and_then(sample)?;
        (!earlier.is_empty()).then_some((earlier, now))
    }
}
