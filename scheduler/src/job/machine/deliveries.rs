//! Which agents are waited for once the load is over, and what they still have.
//!
//! An agent that holds its lease and has something to deliver is waited for without limit; any other for
//! [`PATIENCE_NS`] since it last was so.

use std::collections::BTreeMap;

use super::event::LEASE_NS;
use crate::fleet::Backlog;

/// How long results of an agent are awaited that is gone, or has nothing to deliver.
pub(crate) const PATIENCE_NS: u64 = 30_000_000_000;

#[derive(Debug, Default)]
pub(crate) struct Deliveries(BTreeMap<(String, u32), AgentDelivery>);

#[derive(Debug, Default)]
struct AgentDelivery {
    backlog: Option<Backlog>,
    /// Until when there is no doubt that more comes.
    certain_until_ns: u64,
    /// When its lease ended, or its process, while it had load.
    lost_ns: Option<u64>,
    is_excused: bool,
}

impl Deliveries {
    /// An agent said what it has not yet delivered. True if nobody waited for it any more.
    pub(crate) fn hear(&mut self, now_ns: u64, agent: &str, backlog: Backlog) -> bool {
        let known = self.entry(agent, backlog.epoch);
        known.backlog = Some(backlog);
        known.certain_until_ns = now_ns + LEASE_NS;
        std::mem::take(&mut known.is_excused)
    }

    /// The load of an agent's assignment is over.
    pub(crate) fn begin(&mut self, now_ns: u64, agent: &str, epoch: u32) {
        let known = self.entry(agent, epoch);
        known.certain_until_ns = known.certain_until_ns.max(now_ns);
        // What it had before is on its way by now.
        known.backlog = None;
    }

    /// An agent is gone with its load.
    pub(crate) fn lose(&mut self, now_ns: u64, agent: &str, epoch: u32) {
        let known = self.entry(agent, epoch);
        known.lost_ns.get_or_insert(now_ns);
        known.certain_until_ns = now_ns;
        known.backlog = None;
    }

    /// When an agent was lost with an assignment.
    pub(crate) fn lost_ns(&self, agent: &str, epoch: u32) -> Option<u64> {
        self.0.get(&(agent.to_owned(), epoch))?.lost_ns
    }

    /// What an agent had not yet delivered of an assignment at its last heartbeat.
    pub(crate) fn backlog(&self, agent: &str, epoch: u32) -> Option<Backlog> {
        self.0.get(&(agent.to_owned(), epoch))?.backlog
    }

    /// The assignments whose results are not waited for any more, from now on; each is returned once.
    pub(crate) fn take_overdue(&mut self, now_ns: u64) -> Vec<(String, u32)> {
        let overdue = self.0.iter_mut().filter(|(_, known)| {
            !known.is_excused && now_ns >= known.certain_until_ns.saturating_add(PATIENCE_NS)
        });
        overdue
            .map(|(assignment, known)| {
                known.is_excused = true;
                assignment.clone()
            })
            .collect()
    }

    fn entry(&mut self, agent: &str, epoch: u32) -> &mut AgentDelivery {
        self.0.entry((agent.to_owned(), epoch)).or_default()
    }
}
