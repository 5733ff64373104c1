//! What happened in each second of the job, over all agents.
//!
//! A second that is complete and written is forgotten: its row in the store is all there is of it. If an agent reports more
//! of it after all, its row is read back, and what is new is added to it.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use heavy_load::histogram::Histogram;

use super::agent_series::AgentSeries;
use super::interval::{Interval, quantile_ms, quantiles_ms};
use super::kept_second::KeptSecond;
use crate::stats::Dropped;
use crate::summary::Accounting;
use heavy_load::load::Load;

const NS_PER_SECOND: u64 = 1_000_000_000;

/// The slowest second stands out if its P99 is more than this many times that of the median second.
const STANDS_OUT_TIMES: u64 = 10;
/// Nor does a second stand out whose P99 is at most this.
const STANDS_OUT_NS: u64 = 50_000_000;
/// The fewest seconds among which one can stand out.
const FEWEST_SECONDS: u64 = 5;

/// One second of a job; a row of the relation `seconds`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SecondRow {
    /// From the job's start.
    pub second: u32,
    /// By the profile, up to a stop.
    pub planned: u64,
    /// Due.
    pub scheduled: u64,
    /// Started, of those due.
    pub started: u64,
    /// Ended with `Ok`.
    pub ok: u64,
    /// Ended with `Err`, a panic or a timeout.
    pub failed: u64,
    /// Dropped, of those due.
    pub dropped: u64,
    /// Running at its end.
    pub in_flight: u64,
    /// Requests that ended.
    pub requests: u64,
    /// Of them, failed.
    pub requests_failed: u64,
    /// Median of request durations; `None` without requests.
    pub p50_ms: Option<f64>,
    /// 95th percentile of request durations; `None` without requests.
    pub p95_ms: Option<f64>,
    /// 99th percentile of request durations; `None` without requests.
    pub p99_ms: Option<f64>,
    /// 99th percentile of response times of iterations; `None` without them.
    pub response_p99_ms: Option<f64>,
    /// Encoded histogram of request durations.
    pub duration: Vec<u8>,
    /// Encoded histogram of response times.
    pub response: Vec<u8>,
    /// Whether an agent's report was missing when the second was sealed and still is.
    pub partial: bool,
}

/// The newest seconds of a job, and which of them changed since they were taken.
#[derive(Debug, Default)]
pub(super) struct Series {
    seconds: BTreeMap<u32, KeptSecond>,
    changed: BTreeSet<u32>,
    /// Seconds before it were forgotten.
    forgotten_before: u32,
    /// Forgotten seconds of which more was reported: `seconds` holds only what is new.
    torn: BTreeSet<u32>,
    /// The iterations in flight of forgotten seconds whose rows were read back.
    in_flight: BTreeMap<u32, u64>,
    /// One more than the last second that was reported.
    len: u32,
    slowness: Slowness,
}

/// The parts of a row that are not sums of its second.
#[derive(Debug)]
pub(super) struct RowContext<'a> {
    pub(super) load: &'a Load,
    /// Nothing was planned from here on, as far as is known.
    pub(super) end_ns: u64,
    /// Seconds from here on lack reports of agents.
    pub(super) complete_before: u32,
    pub(super) agents: &'a AgentSeries,
}

impl Series {
    /// A second that was reported, whatever happened in it.
    pub(super) fn second(&mut self, second: u32) -> &mut Interval {
        if second < self.forgotten_before && !self.seconds.contains_key(&second) {
            self.torn.insert(second);
        }
        self.changed.insert(second);
        self.len = self.len.max(second + 1);
        self.seconds.entry(second).or_default().open()
    }

    /// Forgets the seconds before one that are written; returns them.
    pub(super) fn forget_before(&mut self, second: u32) -> Vec<u32> {
        let old = self.seconds.range(..second).map(|(second, _)| *second);
        let written: Vec<u32> = old.filter(|second| !self.changed.contains(second)).collect();
        for second in &written {
            self.in_flight.remove(second);
            if let Some(sums) = self.seconds.remove(second) {
                self.slowness
                    .add(*second, sums.p99_ns(), *second >= self.forgotten_before);
            }
        }
        self.forgotten_before = self.forgotten_before.max(second);
        written
    }

    /// Packs the seconds before one that are written: little more is reported of them.
    pub(super) fn pack_before(&mut self, second: u32) {
        for (second, sums) in self.seconds.range_mut(..second) {
            if !self.changed.contains(second) {
                sums.pack();
            }
        }
    }

    /// Forgotten seconds of which more was reported: their rows have to be read back before they are written again.
    pub(super) fn torn(&self) -> impl Iterator<Item = u32> {
        self.torn.iter().copied()
    }

    /// Puts what was written of a forgotten second back; `None` if nothing was written.
    pub(super) fn restore(&mut self, second: u32, row: Option<&SecondRow>) {
        if self.torn.remove(&second)
            && let (Some(row), Some(sums)) = (row, self.seconds.get_mut(&second))
        {
            sums.open().merge(&Interval::from(row));
            self.in_flight.insert(second, row.in_flight);
        }
    }

    /// Marks the seconds from one on as changed.
    pub(super) fn touch_from(&mut self, second: u32) {
        self.changed
            .extend(self.seconds.range(second..).map(|(second, _)| *second));
    }

    /// One more than the last second that was reported.
    pub(super) fn len(&self) -> u32 {
        self.len
    }

    /// The seconds that are not forgotten, ascending.
    pub(super) fn seconds(&self) -> impl Iterator<Item = u32> {
        self.seconds.keys().copied()
    }

    /// What was reported of a second, unless it is forgotten.
    pub(super) fn get(&self, second: u32) -> Option<Cow<'_, Interval>> {
        self.seconds.get(&second).map(KeptSecond::sums)
    }

    /// The counts of [`Self::get`].
    pub(super) fn counts(&self, second: u32) -> Option<&Accounting> {
        self.seconds.get(&second).map(KeptSecond::counts)
    }

    /// The seconds before one that changed since the last call, without torn ones.
    pub(super) fn take_changed(&mut self, before_second: u32) -> BTreeSet<u32> {
        let mut open = self.changed.split_off(&before_second);
        let mut changed = std::mem::take(&mut self.changed);
        for second in &self.torn {
            if changed.remove(second) {
                open.insert(*second);
            }
        }
        self.changed = open;
        changed
    }

    pub(super) fn row(&self, second: u32, context: &RowContext<'_>) -> Option<SecondRow> {
        let sums = self.get(second)?;
        let start_ns = u64::from(second) * NS_PER_SECOND;
        let was_in_flight = self.in_flight.get(&second).copied().unwrap_or_default();
        let due_before = |ns: u64| context.load.count_before(ns.min(context.end_ns));
        let [p50_ms, p95_ms, p99_ms] = quantiles_ms(&sums.duration, [0.50, 0.95, 0.99]);
        Some(SecondRow {
            second,
            planned: due_before(start_ns + NS_PER_SECOND) - due_before(start_ns),
            scheduled: sums.iterations.scheduled,
            started: sums.iterations.started,
            ok: sums.iterations.ok,
            failed: sums.iterations.failed,
            dropped: sums.iterations.dropped.total(),
            in_flight: context.agents.in_flight(second).max(was_in_flight),
            requests: sums.duration.count(),
            requests_failed: sums.requests_failed,
            p50_ms,
            p95_ms,
            p99_ms,
            response_p99_ms: quantile_ms(&sums.response, 0.99),
            duration: sums.duration.encode(),
            response: sums.response.encode(),
            partial: second >= context.complete_before,
        })
    }

    /// Names the slowest second, if it stands out: percentiles of a whole job do not say when.
    pub(super) fn slow_second(&self) -> Option<String> {
        let mut slowness = self.slowness.clone();
        for (second, sums) in &self.seconds {
            slowness.add(*second, sums.p99_ns(), *second >= self.forgotten_before);
        }
        slowness.describe()
    }
}

/// How slow the seconds of a job are by their P99s: of the response time, or of requests where there is none.
#[derive(Debug, Clone, Default)]
struct Slowness {
    p99s: Histogram,
    /// The slowest second: its P99 in ns, and which it is; of equals, the last.
    slowest: (u64, u32),
}

impl Slowness {
    /// A second that is not new was added before with less in it: the median stays as it was.
    fn add(&mut self, second: u32, p99_ns: Option<u64>, is_new: bool) {
        if let Some(p99_ns) = p99_ns {
            if is_new {
                self.p99s.record(p99_ns);
            }
            self.slowest = self.slowest.max((p99_ns, second));
        }
    }

    fn describe(&self) -> Option<String> {
        if self.p99s.count() < FEWEST_SECONDS {
            return None;
        }
        let median_ns = self.p99s.quantile_ns(0.5);
        let (slowest_ns, second) = self.slowest;
        let stands_out = slowest_ns > STANDS_OUT_NS && slowest_ns > STANDS_OUT_TIMES * median_ns;
        stands_out.then(|| {
            format!(
                "the target was slowest in second {second}: P99 {:.0} ms (median second: {:.1} ms)",
                slowest_ns as f64 / 1e6,
                median_ns as f64 / 1e6
            )
        })
    }
}

impl From<&SecondRow> for Interval {
    /// What a row says of its second; it does not tell interrupted and lost iterations, nor reasons of drops, which no row
    /// needs.
    fn from(row: &SecondRow) -> Self {
        Self {
            iterations: Accounting {
                scheduled: row.scheduled,
                started: row.started,
                ok: row.ok,
                failed: row.failed,
                dropped: Dropped {
                    gap: row.dropped,
                    ..Dropped::default()
                },
                ..Accounting::default()
            },
            requests_failed: row.requests_failed,
            duration: Histogram::decode(&row.duration).unwrap_or_default(),
            response: Histogram::decode(&row.response).unwrap_or_default(),
        }
    }
}
