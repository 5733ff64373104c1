//! Aggregation: roll-ups of all agents become the job's series and totals.
//!
//! [`Aggregator`] takes the deltas of each agent in any order (they are additive) and returns the rows that have changed,
//! and a summary at any time. It holds no raw rows, and of the series only what is new: its memory grows with identities,
//! which are bounded, and not with the length of the job.

mod agent_series;
mod agents;
mod column;
mod errors;
mod interval;
mod journal;
mod kept_second;
mod live;
mod metrics;
mod outcomes;
mod requests;
mod series;
mod settle;
mod settlement;
mod steps;
mod summing;
mod timeline;
mod totals;
mod windows;
mod workflows;

#[cfg(test)]
pub(crate) mod tests;

pub use agent_series::AgentSecondRow;
pub use agents::Voided;
pub use journal::Written;
pub use series::SecondRow;
pub use settlement::{DueIterations, DueShare, Settlement};

use std::collections::BTreeSet;

use crate::stats::{Closing, Delta, Event, Iterations, LogLine};
use crate::summary::{Accounting, UserTime};
use crate::threshold::{Threshold, ThresholdSummary, ThresholdWatch};
use agent_series::AgentSeries;
use agents::AgentTable;
use heavy_load::load::Load;
use journal::Journal;
use series::{RowContext, Series};
use timeline::Columns;
use totals::JobTotals;

const NS_PER_SECOND: u64 = 1_000_000_000;

/// Seconds that a job may go on beyond its profile; what claims to be later counts in the last of them.
const OVERTIME_SECONDS: u32 = 24 * 3600;

/// The aggregated results of one job.
#[derive(Debug)]
pub struct Aggregator {
    load: Load,
    /// No second is later.
    last_second: u32,
    series: Series,
    agent_series: AgentSeries,
    columns: Columns,
    totals: JobTotals,
    agents: AgentTable,
    journal: Journal,
    watch: ThresholdWatch,
    /// Up to where iterations were due, where that is known.
    end_ns: Option<u64>,
    /// Set by settling.
    users: Option<UserTime>,
}

/// Seconds, events and log lines that have changed since the last time they were written.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SeriesUpdate {
    /// Whole rows; one that is there already is replaced.
    pub seconds: Vec<SecondRow>,
    /// Whole rows; one that is there already is replaced.
    pub agent_seconds: Vec<AgentSecondRow>,
    /// New events, each with its number in the job (from 0), which identifies a repeated write.
    pub events: Vec<(u64, Event)>,
    /// New log lines, each with its number in the job (from 0) and its agent.
    pub log: Vec<(u64, String, LogLine)>,
}

impl Aggregator {
    /// No results yet of a job with this load and these assignments: agents, each with its epoch.
    #[must_use]
    pub fn new(load: Load, assignments: impl IntoIterator<Item = (String, u32)>) -> Self {
        Self {
            last_second: last_second(&load),
            load,
            series: Series::default(),
            agent_series: AgentSeries::default(),
            columns: Columns::default(),
            totals: JobTotals::default(),
            agents: assignments.into_iter().collect(),
            journal: Journal::default(),
            watch: ThresholdWatch::default(),
            end_ns: None,
            users: None,
        }
    }

    /// The same, with thresholds to watch; before anything is applied.
    #[must_use]
    pub fn watching(mut self, thresholds: &[Threshold]) -> Self {
        self.watch = ThresholdWatch::new(thresholds);
        self
    }

    /// Replaces the plan; up to now the new one must equal the old one.
    pub fn set_load(&mut self, load: Load) {
        self.last_second = last_second(&load);
        self.load = load;
    }

    /// Adds a delta of an assignment; one that is not known yet joins.
    pub fn apply(&mut self, agent: &str, epoch: u32, delta: &Delta) {
        self.apply_again(agent, epoch, delta);
        for event in &delta.events {
            self.journal.add_event(event.clone());
        }
        for line in &delta.log {
            self.journal.add_line(agent, line.clone());
        }
    }

    /// As [`Self::apply`], of a delta whose events and log lines are written already.
    pub fn apply_again(&mut self, agent: &str, epoch: u32, delta: &Delta) {
        let started = self.agents.apply(agent, epoch, delta);
        self.totals.apply(delta);
        self.watch.apply(delta, self.last_second);
        for row in &delta.requests {
            let second = row.second.min(self.last_second);
            self.series.second(second).add_requests(row);
            self.columns.add_requests(second, row);
        }
        for row in &delta.iterations {
            self.add_iterations(agent, row);
        }
        for health in &delta.health {
            let second = health.second.min(self.last_second);
            self.agent_series.set_health(agent, second, *health);
            self.series.second(second);
        }
        if let Some(health) = delta.health.last() {
            let second = health.second.min(self.last_second);
            self.agent_series.add_seen_started(agent, second, started);
        }
    }

    /// Continues the numbers of a job's events and log lines; before anything is applied. `events` are the first of those
    /// that are written already.
    #[must_use]
    pub fn after(mut self, written: Written, events: Vec<Event>) -> Self {
        self.journal = Journal::after(written, events);
        self
    }

    /// The events and log lines so far.
    #[must_use]
    pub const fn written(&self) -> Written {
        self.journal.written()
    }

    /// Adds iterations to what is kept by second.
    fn add_iterations(&mut self, agent: &str, row: &Iterations) {
        let second = row.second.min(self.last_second);
        self.series.second(second).add_iterations(row);
        self.columns.add_iterations(second, row);
        self.agent_series.add_iterations(agent, second, row);
    }

    /// Takes an assignment's closing: it reports nothing more.
    pub fn close(&mut self, agent: &str, epoch: u32, closing: Closing) {
        self.agents.entry(agent, epoch).closing = Some(closing);
    }

    /// Sets how many raw rows an assignment gave up, as the store has heard.
    pub fn set_voided(&mut self, agent: &str, epoch: u32, voided: Voided) {
        self.agents.set_voided(agent, epoch, voided);
    }

    /// Adds something that happened to the job.
    pub fn add_event(&mut self, event: Event) {
        self.journal.add_event(event);
    }

    /// Notes that an assignment's lease has expired: the series goes on without it. Seconds that it has not reported stay
    /// partial.
    pub fn leave(&mut self, agent: &str, epoch: u32) {
        self.agents.leave(agent, epoch);
    }

    /// The first second that is not yet complete: below it, every agent that is neither closed nor gone has reported.
    #[must_use]
    pub fn complete_before_second(&self) -> u32 {
        self.agents
            .complete_before(false)
            .unwrap_or_else(|| self.series.len())
    }

    fn row_context(&self) -> RowContext<'_> {
        let complete_before = self.agents.complete_before(true);
        RowContext {
            load: &self.load,
            end_ns: self.end_ns.unwrap_or(u64::MAX),
            complete_before: complete_before.unwrap_or_else(|| self.series.len()),
            agents: &self.agent_series,
        }
    }

    /// Takes what has changed since the last call, in seconds before `before_second`; later ones are still open.
    pub fn take_changes(&mut self, before_second: u32) -> SeriesUpdate {
        let changed = self.series.take_changed(before_second);
        let context = self.row_context();
        let rows = changed
            .into_iter()
            .filter_map(|second| self.series.row(second, &context));
        SeriesUpdate {
            seconds: rows.collect(),
            agent_seconds: self.agent_series.take(before_second),
            events: self.journal.take_events(),
            log: self.journal.take_log(),
        }
    }

    /// Forgets seconds before one, as far as all agents have reported them and [`Self::take_changes`] has returned them:
    /// what is written is of no more use than [`Self::torn`] tells.
    pub fn forget_before(&mut self, second: u32) {
        let second = second.min(self.complete_before_second());
        for forgotten in self.series.forget_before(second) {
            let in_flight = self.agent_series.in_flight(forgotten);
            self.columns.note_in_flight(forgotten, in_flight);
        }
        let agents = &self.agents;
        self.agent_series
            .forget_before(second, |agent| agents.complete_before_of(agent));
        self.watch.forget_before(second);
        let complete = self.complete_before_second();
        self.series.pack_before(complete);
        self.columns.pack_before(complete);
    }

    /// Forgets all complete seconds but the newest `kept` ones, and what has changed in them, for those who want totals and
    /// thresholds alone.
    pub fn discard_series(&mut self, kept: u32) {
        let torn = self.torn(usize::MAX);
        self.restore(&torn, &SeriesUpdate::default());
        let complete = self.complete_before_second();
        self.judge_before(complete);
        drop(self.take_changes(complete));
        self.forget_before(complete.saturating_sub(kept));
    }

    /// Some of the seconds that were forgotten before more of them was reported, ascending, at most `most`. Their rows are not
    /// returned again before they are restored.
    #[must_use]
    pub fn torn(&self, most: usize) -> Vec<u32> {
        let mut torn: BTreeSet<u32> = self.series.torn().take(most).collect();
        torn.extend(self.agent_series.torn().take(most));
        torn.into_iter().take(most).collect()
    }

    /// Adds what is stored of forgotten seconds: all their rows, of those that were written.
    pub fn restore(&mut self, seconds: &[u32], stored: &SeriesUpdate) {
        for second in seconds {
            let row = stored.seconds.iter().find(|row| row.second == *second);
            self.series.restore(*second, row);
            self.agent_series.restore(*second, &stored.agent_seconds);
        }
    }

    /// The newest complete second, for progress; `None` before there is one.
    #[must_use]
    pub fn newest_complete_second(&self) -> Option<SecondRow> {
        let complete = self.complete_before_second().min(self.series.len());
        self.series.row(complete.checked_sub(1)?, &self.row_context())
    }

    /// The accounting so far.
    #[must_use]
    pub fn accounting(&self) -> Accounting {
        Accounting {
            planned: self.load.planned(),
            ..self.totals.workflows.accounting()
        }
    }

    /// Judges the thresholds on what ends before a second, up to which everything is known. Returns the first threshold
    /// that is broken and stops the load; only once.
    pub fn judge_before(&mut self, before_second: u32) -> Option<ThresholdSummary> {
        let planned_before_second = second_of(self.load.duration_ns());
        self.watch.advance(before_second, planned_before_second)
    }

    /// Sets up to where iterations were due: the plan's end, or earlier in a job that was stopped.
    pub fn end_at(&mut self, end_ns: u64) {
        self.end_ns = Some(end_ns);
        self.series.touch_from(second_of(end_ns));
    }
}

/// The second in which an instant lies.
fn second_of(at_ns: u64) -> u32 {
    u32::try_from(at_ns / NS_PER_SECOND).unwrap_or(u32::MAX)
}

fn last_second(load: &Load) -> u32 {
    let planned = u32::try_from(load.duration_ns().div_ceil(NS_PER_SECOND)).unwrap_or(u32::MAX / 2);
    planned.saturating_add(OVERTIME_SECONDS)
}
