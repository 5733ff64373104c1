//! Folding: roll-ups of all agents become the job's series and totals.
//!
//! [`Aggregator`] takes the deltas of each agent in any order (they are additive) and gives the rows that have changed, and
//! a summary at any time. It holds no raw rows: its memory grows with seconds and identities, both bounded.

mod judge;
mod series;
mod summarise;
mod timeline;
mod totals;
mod warnings;
mod windows;

#[cfg(test)]
pub(crate) mod tests;

use heavy_load::vocabulary::Ended;
use std::collections::BTreeMap;

use crate::stats::{Closing, Delta, Event, LogLine};
use crate::threshold::ThresholdWatch;
use heavy_load::load::Load;
use heavy_load::window::Windows;
use series::Series;
use totals::Totals;

/// The state of folding one job.
#[derive(Debug)]
pub struct Aggregator {
    load: Load,
    series: Series,
    totals: Totals,
    agents: BTreeMap<String, AgentFold>,
    events: Vec<(u64, Event)>,
    log: Vec<(u64, String, LogLine)>,
    events_seen: u64,
    /// The first [`MOST_EVENTS`], for the summary.
    first_events: Vec<Event>,
    log_seen: u64,
    watch: ThresholdWatch,
    /// Up to where iterations were due, where that is known.
    end_ns: Option<u64>,
}

/// Events that a summary holds.
const MOST_EVENTS: usize = 1000;

/// What is known of one agent.
#[derive(Debug, Default)]
struct AgentFold {
    complete_before_second: u32,
    closing: Option<Closing>,
    totals: totals::AgentTotals,
    lost: bool,
    /// Its lease is over: it may still report, but is not waited for.
    gone: bool,
    /// What settling has added to what it reported.
    settled_gap: u64,
}

impl Aggregator {
    /// A fold of a job with this load on these agents.
    #[must_use]
    pub fn new(load: Load, agents: impl IntoIterator<Item = String>) -> Self {
        Self {
            series: Series::new(load.clone()),
            load,
            totals: Totals::default(),
            agents: agents
                .into_iter()
                .map(|agent| (agent, AgentFold::default()))
                .collect(),
            events: Vec::new(),
            log: Vec::new(),
            events_seen: 0,
            first_events: Vec::new(),
            log_seen: 0,
            watch: ThresholdWatch::default(),
            end_ns: None,
        }
    }

    /// Plans differently, from an instant on: what lies before must be the same.
    pub fn set_load(&mut self, load: Load) {
        self.series.set_load(load.clone());
        self.watch.set_last_second(self.series.last_second());
        self.load = load;
    }

    /// Adds a delta of an agent; an agent that is not known yet joins.
    pub fn apply(&mut self, agent: &str, delta: &Delta) {
        let fold = self.agents.entry(agent.to_owned()).or_default();
        fold.complete_before_second = fold.complete_before_second.max(delta.complete_before_second);
        fold.totals.apply(delta);
        self.totals.apply(delta);
        self.series.apply(agent, delta);
        self.watch.apply(delta);
        for event in &delta.events {
            self.add_event(event.clone());
        }
        for line in &delta.log {
            self.log.push((self.log_seen, agent.to_owned(), line.clone()));
            self.log_seen += 1;
        }
    }

    /// Takes an agent's closing: it will say nothing more.
    pub fn close(&mut self, agent: &str, closing: Closing) {
        self.agents.entry(agent.to_owned()).or_default().closing = Some(closing);
    }

    /// Whether an agent has closed.
    #[must_use]
    pub fn is_closed(&self, agent: &str) -> bool {
        self.agents.get(agent).is_some_and(|fold| fold.closing.is_some())
    }

    /// Adds something that happened to the job.
    pub fn add_event(&mut self, event: Event) {
        if self.first_events.len() < MOST_EVENTS {
            self.first_events.push(event.clone());
        }
        self.events.push((self.events_seen, event));
        self.events_seen += 1;
    }

    /// Notes that an agent's lease is over: the series goes on without it. Seconds that it has not reported stay
    /// partial.
    pub fn leave(&mut self, agent: &str) {
        self.agents.entry(agent.to_owned()).or_default().gone = true;
    }

    /// Accounts for an agent that is gone without a closing, or whose closing says that it ended before its share
    /// did: of the iterations that were due to it, given by workflow as their due instants' count, what it never
    /// reported as due is dropped as `gap`; what it started and never reported an outcome for is lost. In a job that
    /// went on `to_the_end` of its plan every agent is held to its share, in one that was stopped each has stopped at
    /// its own instant.
    pub fn settle_agent(&mut self, agent: &str, due: &[(String, u64)], to_the_end: bool) {
        let fold = self.agents.entry(agent.to_owned()).or_default();
        match &fold.closing {
            // Nothing more was due once there was no data for it.
            Some(closing) if closing.ended == Some(Ended::Data) => return,
            Some(closing) if !to_the_end && !matches!(closing.ended, Some(Ended::Died | Ended::Lease)) => {
                return;
            }
            Some(_) => {}
            None => fold.lost = true,
        }
        // Nothing is known of it from here on.
        let last =
            u32::try_from(self.load.duration_ns().saturating_sub(1) / 1_000_000_000).unwrap_or(u32::MAX);
        let second = fold.complete_before_second.min(last);
        let window = Windows::of(&self.load).of_second(second);
        for delta in fold.totals.settle(due, second, window) {
            fold.settled_gap += delta.scheduled;
            fold.totals.add_iterations(&delta);
            self.totals.add_iterations(&delta);
            self.series.add_iterations(agent, &delta);
            self.watch.add_iterations(&delta);
        }
    }

    /// The first second that is not yet complete: below it, every agent that is neither closed nor gone has reported.
    #[must_use]
    pub fn complete_before_second(&self) -> u32 {
        self.reported_before(|fold| !fold.gone)
    }

    /// Below it, nothing is missing of those of the open agents that are `awaited`.
    fn reported_before(&self, awaited: impl Fn(&AgentFold) -> bool) -> u32 {
        self.agents
            .values()
            .filter(|fold| fold.closing.is_none() && !fold.lost && awaited(fold))
            .map(|fold| fold.complete_before_second)
            .min()
            .unwrap_or_else(|| self.series.seconds())
    }

    /// Takes what has changed since the last call, in seconds before `before_second`; later ones are still open.
    pub fn take_changes(&mut self, before_second: u32) -> SeriesUpdate {
        let complete = self.reported_before(|_| true);
        SeriesUpdate {
            seconds: self.series.take_seconds(before_second, complete),
            agent_seconds: self.series.take_agent_seconds(before_second),
            events: std::mem::take(&mut self.events),
            log: std::mem::take(&mut self.log),
        }
    }

    /// The newest complete second, for progress; `None` before there is one.
    #[must_use]
    pub fn newest_complete_second(&self) -> Option<SecondRow> {
        let newest = self
            .complete_before_second()
            .min(self.series.seconds())
            .checked_sub(1)?;
        self.series.row(newest, self.reported_before(|_| true))
    }

    /// The accounting so far.
    #[must_use]
    pub fn accounting(&self) -> crate::summary::Accounting {
        self.totals.accounting(self.load.planned())
    }
}

/// Seconds, events and log lines that have changed since the last time they were written.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SeriesUpdate {
    /// Whole rows; one that is there already is replaced.
    pub seconds: Vec<SecondRow>,
    /// Whole rows; one that is there already is replaced.
    pub agent_seconds: Vec<AgentSecondRow>,
    /// New events, each with its number in the job (from 0), by which a repeated write is known.
    pub events: Vec<(u64, Event)>,
    /// New log lines, each with its agent and its number in the job (from 0).
    pub log: Vec<(u64, String, LogLine)>,
}

/// One second of a job; a row of the relation `seconds`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SecondRow {
    /// From the job's start.
    pub second: u32,
    /// By the profile.
    pub planned: u64,
    /// Due.
    pub scheduled: u64,
    /// Started, of those due.
    pub started: u64,
    /// Ended well.
    pub ok: u64,
    /// Ended badly.
    pub failed: u64,
    /// Dropped, of those due.
    pub dropped: u64,
    /// Running at its end.
    pub in_flight: u64,
    /// Requests that ended.
    pub requests: u64,
    /// Of them, failed.
    pub requests_failed: u64,
    /// Of request durations; `None` without requests.
    pub p50_ms: Option<f64>,
    /// As above.
    pub p95_ms: Option<f64>,
    /// As above.
    pub p99_ms: Option<f64>,
    /// Of response times of iterations; `None` without them.
    pub response_p99_ms: Option<f64>,
    /// Encoded histogram of request durations.
    pub duration: Vec<u8>,
    /// Encoded histogram of response times.
    pub response: Vec<u8>,
    /// Whether an agent's report was missing when the second was sealed and still is.
    pub partial: bool,
}

/// One second of one agent; a row of the relation `agent_seconds`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AgentSecondRow {
    /// The agent.
    pub agent: String,
    /// From the job's start.
    pub second: u32,
    /// Started, of those due.
    pub started: u64,
    /// Dropped, of those due.
    pub dropped: u64,
    /// Running at its end.
    pub in_flight: u64,
    /// Generator lag of the iterations that ended; `None` without any.
    pub generator_lag_p99_ms: Option<f64>,
    /// Cores used, load test + agent.
    pub cpu: f64,
    /// Memory, load test + agent, in MB (10^6 bytes).
    pub rss_mb: f64,
    /// Of the load test.
    pub open_files: u64,
}
