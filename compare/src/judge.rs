//! Judges statistics and their errors: which changes are significant.
//!
//! A difference is a change if three conditions are met:
//!
//! - Its interval excludes no change. All intervals hold *at once* with 99% confidence: each of m has the level 1 -
//!   0.01 / m (O. J. Dunn, "Multiple comparisons among means", Journal of the American Statistical Association 56,
//!   1961; Bonferroni's inequality). So of a hundred comparisons of a system with itself one at most is
//!   expected to name anything, however many names and percentiles there are. S. Holm's method would find a
//!   little more, but what is significant would no longer be what the intervals show.
//! - It is at least the noise floor, and of times at least [`LEAST_TIME_MS`].
//! - It rests on enough samples ([`super::measure`]).
//!
//! Jobs too short for that are judged by their seconds ([`super::windows`]). That all intervals hold at once is then a matter of
//! rearranged seconds ([`super::permutation`]); each is also at least as wide as Student's t has it for a single one, since no
//! rearrangement knows how few jobs tell how jobs differ.
//!
//! The finding is "no difference" only where a change of [`LARGE_PERCENT`] can be excluded.

use std::collections::BTreeSet;

use super::conclusion::{headline, verdict, worst};
use super::document::{Comparison, Finding, JobLine, JudgementMethod, PlaceChange, StatisticChange, VERSION};
use super::measure::{Measured, Measures};
use super::pair::{JobMeasures, Pair};
use super::permutation::{AllWindows, critical_distance};
use super::place::Place;
use super::pool::{PooledSample, difference};
use super::statistic::Statistic;
use super::student::critical;
use super::{ComparisonOptions, comparable, effect};
use heavy_load::histogram::Histogram;
use heavy_results::job::JobInfo;

/// The probability that any interval of a comparison misses the true change.
const ALPHA: f64 = 0.01;

/// The same for a single interval, in comparisons by windows: there it is the arrangements that make all hold at once.
const ALPHA_OF_ONE: f64 = 0.05;

/// Shorter times are the generator's own.
const LEAST_TIME_MS: f64 = 0.01;

/// The smallest significant change of a share, in percentage points.
const LEAST_POINTS: f64 = 0.05;

/// If a change this large, in percent, cannot be excluded, the statistic is too noisy.
const LARGE_PERCENT: f64 = 25.0;

/// The same of shares, in percentage points.
const LARGE_POINTS: f64 = 5.0;

/// What a reader should know of short jobs.
const BY_WINDOWS: &str =
    "shorter than 10 seconds: only P50, failed and dropped are judged, by the values of each second";

/// Compares a job with an earlier one, or with several.
#[must_use]
pub fn compare(
    before: &[(JobInfo, Measured)],
    now: &(JobInfo, Measured),
    options: &ComparisonOptions,
) -> Comparison {
    let jobs: Vec<&JobInfo> = before.iter().map(|(job, _)| job).collect();
    let earlier: Vec<&Measured> = before.iter().map(|(_, measured)| measured).collect();
    let mut judge = Judge {
        options,
        rates: jobs.iter().all(|job| comparable::same_rate(job, &now.0)),
        judged: 0,
        by_windows: sizes(&earlier, &now.1).is_some(),
        distance: None,
    };
    let names: BTreeSet<&Place> = earlier
        .iter()
        .copied()
        .chain([&now.1])
        .flat_map(|measured| measured.places.keys())
        .collect();
    let pairs: Vec<Pair<'_>> = names
        .into_iter()
        .map(|place| Pair::new(place, &earlier, &now.1, judge.by_windows))
        .collect();
    judge.judged = pairs.iter().map(|pair| judge.family(pair).count() as u64).sum();
    judge.distance = judge.distance(&pairs, &earlier, &now.1);
    let places: Vec<PlaceChange> = pairs.iter().map(|pair| judge.place(pair)).collect();
    let caveats = comparable::caveats(&jobs, &now.0);
    let verdict = verdict(&places);
    Comparison {
        version: VERSION,
        verdict,
        headline: headline(verdict, &places),
        comparable: caveats.is_empty(),
        caveats,
        notes: judge.notes(&jobs, &now.0),
        before: before.iter().map(line).collect(),
        now: line(now),
        method: JudgementMethod {
            confidence: 1.0 - ALPHA,
            judged: judge.judged,
            by_seconds: judge.by_windows,
            tolerance_percent: options.tolerance_percent,
            error_tolerance_points: options.error_tolerance_points,
            noise_floor_percent: options.noise_floor_percent,
            seed: options.seed,
        },
        places,
    }
}

fn line((job, measured): &(JobInfo, Measured)) -> JobLine {
    JobLine {
        id: job.id,
        name: job.spec.shown_name().to_owned(),
        load: job.spec.describe_load(),
        state: job.state,
        verdict: job.verdict,
        submitted_at_wall_ns: job.submitted_at_wall_ns,
        // The cast saturates.
        measured_ms: (measured.length_s * 1e3).round() as u64,
    }
}

struct Judge<'a> {
    options: &'a ComparisonOptions,
    /// Whether rates are comparable.
    rates: bool,
    judged: u64,
    /// Whether the jobs are compared by their seconds.
    by_windows: bool,
    /// How far statistics are apart by chance, in standard errors, where they are.
    distance: Option<f64>,
}

/// How many windows each job has; `None` unless one job is too short for blocks, and all have windows.
fn sizes(earlier: &[&Measured], now: &Measured) -> Option<Vec<usize>> {
    let jobs = || earlier.iter().copied().chain([now]);
    if jobs().all(|job| job.freedom.is_some()) {
        return None;
    }
    jobs().map(|job| job.windows).collect()
}

impl Judge<'_> {
    fn judges(&self, kind: Statistic) -> bool {
        self.rates || kind != Statistic::Rate
    }

    /// Which statistics of a place are judged.
    fn family(&self, pair: &Pair<'_>) -> impl Iterator<Item = Statistic> {
        let kinds = pair.kinds().into_iter();
        kinds.filter(|kind| self.judges(*kind) && pair.samples(*kind).is_some())
    }

    fn distance(&self, pairs: &[Pair<'_>], earlier: &[&Measured], now: &Measured) -> Option<f64> {
        let sizes = sizes(earlier, now)?;
        let jobs: Vec<&Measured> = earlier.iter().copied().chain([now]).collect();
        let windows = |pair: &Pair<'_>| {
            let kinds: Vec<Statistic> = self.family(pair).collect();
            kinds
                .into_iter()
                .map(|kind| pair.windows(kind, &jobs, &sizes))
                .collect::<Vec<_>>()
        };
        let all: Vec<AllWindows> = pairs.iter().flat_map(windows).collect();
        Some(critical_distance(&all, &sizes, ALPHA, self.options.seed))
    }

    /// How many standard errors from no change an interval ends.
    fn reach(&self, freedom: f64) -> f64 {
        match self.distance {
            Some(distance) => distance.max(critical(ALPHA_OF_ONE, freedom)),
            None => critical(ALPHA / self.judged.max(1) as f64, freedom),
        }
    }

    fn notes(&self, before: &[&JobInfo], now: &JobInfo) -> Vec<String> {
        let mut notes = comparable::notes(before, now);
        if self.by_windows {
            notes.push(BY_WINDOWS.to_owned());
        }
        notes
    }

    fn place(&self, pair: &Pair<'_>) -> PlaceChange {
        let statistics: Vec<StatisticChange> = pair
            .kinds()
            .into_iter()
            .map(|kind| self.statistic(pair, kind))
            .collect();
        let mut before = Histogram::default();
        pair.before
            .iter()
            .for_each(|job| before.merge(&job.measures.duration));
        let now = pair
            .now
            .map_or_else(Histogram::default, |job| job.measures.duration.clone());
        let effect = effect::delta(&before, &now);
        let ms = |histogram: &Histogram, ns: u64| (histogram.count() > 0).then_some(ns as f64 / 1e6);
        let earlier = |of: fn(&Measures) -> u64| pair.before.iter().map(|job| of(job.measures)).sum();
        PlaceChange {
            place: pair.place.clone(),
            finding: worst(&statistics),
            regression: statistics.iter().any(|statistic| statistic.regression),
            count_before: earlier(|measures| measures.count),
            count_now: pair.now.map_or(0, |job| job.measures.count),
            failed_before: earlier(|measures| measures.failed),
            failed_now: pair.now.map_or(0, |job| job.measures.failed),
            min_before_ms: ms(&before, before.min_ns()),
            min_now_ms: ms(&now, now.min_ns()),
            max_before_ms: ms(&before, before.max_ns()),
            max_now_ms: ms(&now, now.max_ns()),
            effect,
            effect_size: effect.map_or("", effect::word).to_owned(),
            statistics,
        }
    }

    fn statistic(&self, pair: &Pair<'_>, kind: Statistic) -> StatisticChange {
        let value = |job: &JobMeasures<'_>| job.measures.estimates.get(&kind).map(|own| own.value);
        let values: Vec<f64> = pair.before.iter().filter_map(value).collect();
        let before = (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64);
        let now = pair.now.as_ref().and_then(value);
        let mut statistic = StatisticChange {
            kind,
            before,
            now,
            change: before
                .zip(now)
                .and_then(|(before, now)| change(kind, before, now)),
            low: None,
            high: None,
            finding: match (before, now) {
                (Some(_), None) => Finding::Gone,
                (None, Some(_)) => Finding::New,
                _ if !self.judges(kind) => Finding::OtherLoad,
                _ => Finding::TooFewSamples,
            },
            regression: false,
        };
        if self.judges(kind)
            && let Some((earlier, new)) = pair.samples(kind)
        {
            self.judge(&mut statistic, &earlier, new);
        }
        statistic
    }

    fn judge(&self, statistic: &mut StatisticChange, earlier: &[PooledSample], new: PooledSample) {
        let kind = statistic.kind;
        let found = difference(earlier, new);
        let half = found.error * self.reach(found.freedom);
        let shown = |difference: f64| {
            if kind.is_share() {
                difference
            } else {
                100.0 * difference.exp_m1()
            }
        };
        let (change, low, high) = (
            shown(found.value),
            shown(found.value - half),
            shown(found.value + half),
        );
        let own = |value: f64| if kind.is_share() { value } else { value.exp() };
        if earlier.len() > 1 || self.by_windows {
            statistic.before = Some(own(found.usual));
        }
        if self.by_windows {
            statistic.now = Some(own(new.value));
        }
        (statistic.change, statistic.low, statistic.high) = (Some(change), Some(low), Some(high));
        let apart = statistic
            .before
            .zip(statistic.now)
            .map_or(0.0, |(before, now)| (now - before).abs());
        let large_enough = if kind.is_share() {
            change.abs() >= LEAST_POINTS
        } else {
            change.abs() >= self.options.noise_floor_percent && (!kind.is_time() || apart >= LEAST_TIME_MS)
        };
        let excludes = if kind.is_share() {
            LARGE_POINTS
        } else {
            LARGE_PERCENT
        };
        statistic.finding = if found.value.abs() > half && large_enough {
            named(kind, found.value > 0.0)
        } else if found.value.abs() <= half && low.abs().max(high.abs()) > excludes {
            Finding::TooNoisy
        } else {
            Finding::NoDifference
        };
        let tolerated = if kind.is_share() {
            self.options.error_tolerance_points
        } else {
            self.options.tolerance_percent
        };
        statistic.regression = statistic.finding.is_worse() && change.abs() > tolerated;
    }
}

fn change(kind: Statistic, before: f64, now: f64) -> Option<f64> {
    if kind.is_share() {
        Some(now - before)
    } else {
        (before > 0.0).then(|| 100.0 * (now / before - 1.0))
    }
}

const fn named(kind: Statistic, more: bool) -> Finding {
    match (kind, more) {
        (Statistic::Rate, true) => Finding::HigherRate,
        (Statistic::Rate, false) => Finding::LowerRate,
        (Statistic::ErrorRate, true) => Finding::MoreErrors,
        (Statistic::ErrorRate, false) => Finding::FewerErrors,
        (Statistic::DropRate, true) => Finding::MoreDrops,
        (Statistic::DropRate, false) => Finding::FewerDrops,
        (_, true) => Finding::Slower,
        (_, false) => Finding::Faster,
    }
}
