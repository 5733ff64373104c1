//! What an event has led to so far, in order.

use heavy_results::stats;

use super::event::{AgentOrder, JobAction, StopTerms};
use super::lifecycle::JobTime;

/// The actions of one event.
#[derive(Debug, Default)]
pub(crate) struct Actions(Vec<JobAction>);

impl Actions {
    pub(crate) fn take(&mut self) -> Vec<JobAction> {
        std::mem::take(&mut self.0)
    }

    pub(crate) fn push(&mut self, action: JobAction) {
        self.0.push(action);
    }

    pub(crate) fn order(&mut self, agent: &str, order: AgentOrder) {
        let agent = agent.to_owned();
        self.push(JobAction::Order { agent, order });
    }

    pub(crate) fn stop(&mut self, agent: &str, terms: StopTerms) {
        self.order(agent, AgentOrder::Stop(terms));
    }

    pub(crate) fn release(&mut self, agent: &str) {
        let agent = agent.to_owned();
        self.push(JobAction::Release { agent });
    }

    pub(crate) fn await_results(&mut self, agent: &str, epoch: u32, is_awaited: bool) {
        let share = (agent.to_owned(), epoch);
        self.push(JobAction::Await { share, is_awaited });
    }

    /// Saves the state after the event; once an event is enough.
    pub(crate) fn save(&mut self) {
        if !self.0.contains(&JobAction::Save) {
            self.push(JobAction::Save);
        }
    }

    /// Adds to the job's events.
    pub(crate) fn record(&mut self, time: JobTime, kind: &str, who: &str, old_value: &str, new_value: &str) {
        self.push(JobAction::Record(stats::Event {
            at_ns: time.now_ns as i64 - time.start_ns as i64,
            kind: kind.to_owned(),
            who: who.to_owned(),
            old_value: old_value.to_owned(),
            new_value: new_value.to_owned(),
        }));
    }
}
