//! What happened in each second of the job, over all agents.

use std::collections::{BTreeMap, BTreeSet};

use super::agent_series::AgentSeries;
use super::interval::{Interval, quantile_ms};
use heavy_load::load::Load;

const NS_PER_SECOND: u64 = 1_000_000_000;

/// The slowest second stands out if its P99 is more than this many times that of the median second.
const STANDS_OUT_TIMES: u64 = 10;
/// Nor does a second stand out whose P99 is at most this.
const STANDS_OUT_NS: u64 = 50_000_000;
/// The fewest seconds among which one can stand out.
const FEWEST_SECONDS: usize = 5;

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

/// The job's seconds, and which of them changed since they were taken.
#[derive(Debug, Default)]
pub(super) struct Series {
    seconds: BTreeMap<u32, Interval>,
    changed: BTreeSet<u32>,
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
        self.changed.insert(second);
        self.seconds.entry(second).or_default()
    }

    /// Marks the seconds from one on as changed.
    pub(super) fn touch_from(&mut self, second: u32) {
        self.changed
            .extend(self.seconds.range(second..).map(|(second, _)| *second));
    }

    /// One more than the last second that was reported.
    pub(super) fn len(&self) -> u32 {
        self.seconds.last_key_value().map_or(0, |(second, _)| second + 1)
    }

    /// The seconds that were reported, ascending.
    pub(super) fn seconds(&self) -> impl Iterator<Item = u32> {
        self.seconds.keys().copied()
    }

    /// What was reported of a second.
    pub(super) fn get(&self, second: u32) -> Option<&Interval> {
        self.seconds.get(&second)
    }

    /// The seconds before one that changed since the last call.
    pub(super) fn take_changed(&mut self, before_second: u32) -> BTreeSet<u32> {
        let open = self.changed.split_off(&before_second);
        std::mem::replace(&mut self.changed, open)
    }

    pub(super) fn row(&self, second: u32, context: &RowContext<'_>) -> Option<SecondRow> {
        let sums = self.seconds.get(&second)?;
        let start_ns = u64::from(second) * NS_PER_SECOND;
        let due_before = |ns: u64| context.load.count_before(ns.min(context.end_ns));
        Some(SecondRow {
            second,
            planned: due_before(start_ns + NS_PER_SECOND) - due_before(start_ns),
            scheduled: sums.iterations.scheduled,
            started: sums.iterations.started,
            ok: sums.iterations.ok,
            failed: sums.iterations.failed,
            dropped: sums.iterations.dropped.total(),
            in_flight: context.agents.in_flight(second),
            requests: sums.duration.count(),
            requests_failed: sums.requests_failed,
            p50_ms: quantile_ms(&sums.duration, 0.50),
            p95_ms: quantile_ms(&sums.duration, 0.95),
            p99_ms: quantile_ms(&sums.duration, 0.99),
            response_p99_ms: quantile_ms(&sums.response, 0.99),
            duration: sums.duration.encode(),
            response: sums.response.encode(),
            partial: second >= context.complete_before,
        })
    }

    /// Names the slowest second, if it stands out: percentiles of a whole job do not say when.
    pub(super) fn slow_second(&self) -> Option<String> {
        let p99 = |second: &Interval| {
            let times = if second.response.count() > 0 {
                &second.response
            } else {
                &second.duration
            };
            (times.count() > 0).then(|| times.quantile_ns(0.99))
        };
        let seconds = self
            .seconds
            .iter()
            .filter_map(|(at, second)| Some((p99(second)?, *at)));
        let mut seconds: Vec<(u64, u32)> = seconds.collect();
        if seconds.len() < FEWEST_SECONDS {
            return None;
        }
        seconds.sort_unstable();
        let (median_ns, _) = seconds[seconds.len() / 2];
        let (slowest_ns, at) = seconds[seconds.len() - 1];
        let stands_out = slowest_ns > STANDS_OUT_NS && slowest_ns > STANDS_OUT_TIMES * median_ns;
        stands_out.then(|| {
            format!(
                "the target was slowest in second {at}: P99 {:.0} ms (median second: {:.1} ms)",
                slowest_ns as f64 / 1e6,
                median_ns as f64 / 1e6
            )
        })
    }
}
