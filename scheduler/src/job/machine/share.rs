//! How far each agent is with its share of a job.

use std::collections::BTreeMap;

/// Where an agent is, by its own reports, or lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ShareState {
    Assigned,
    /// Waits for its part of divided params.
    Splitting,
    Prepared,
    Running,
    Draining,
    /// Its load is over; its results are on their way.
    Delivering,
    Finished,
    Failed,
    Lost,
}

impl ShareState {
    /// Whether it is not yet ready to start.
    pub(crate) const fn is_preparing(self) -> bool {
        matches!(self, Self::Assigned | Self::Splitting)
    }

    /// Whether nothing of its load is left.
    pub(crate) const fn is_over(self) -> bool {
        matches!(self, Self::Delivering) || self.is_done()
    }

    /// Whether it never changes again.
    const fn is_done(self) -> bool {
        matches!(self, Self::Finished | Self::Failed | Self::Lost)
    }
}

/// The shares of a job, by agent. One that is done never changes again.
#[derive(Debug, Default)]
pub(crate) struct Shares(BTreeMap<String, ShareState>);

impl Shares {
    /// Adds a share that begins now, unless the agent has one.
    pub(crate) fn add(&mut self, agent: &str) {
        self.0.entry(agent.to_owned()).or_insert(ShareState::Assigned);
    }

    pub(crate) fn get(&self, agent: &str) -> Option<ShareState> {
        self.0.get(agent).copied()
    }

    /// The state of a share whose load is not over.
    pub(crate) fn open(&self, agent: &str) -> Option<ShareState> {
        self.get(agent).filter(|share| !share.is_over())
    }

    /// Moves a share that is not done.
    pub(crate) fn set(&mut self, agent: &str, state: ShareState) {
        if let Some(share) = self.0.get_mut(agent).filter(|share| !share.is_done()) {
            *share = state;
        }
    }

    /// Forgets a share that never began.
    pub(crate) fn remove(&mut self, agent: &str) {
        self.0.remove(agent);
    }

    /// All shares, by agent.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, ShareState)> {
        self.0.iter().map(|(agent, share)| (agent.as_str(), *share))
    }

    /// Whether all shares are like this; true if there are none.
    pub(crate) fn all(&self, wanted: impl Fn(ShareState) -> bool) -> bool {
        self.0.values().all(|share| wanted(*share))
    }

    /// The agents whose shares are like this, by name.
    pub(crate) fn names(&self, wanted: impl Fn(ShareState) -> bool) -> Vec<String> {
        let shares = self.0.iter().filter(|(_, share)| wanted(**share));
        shares.map(|(agent, _)| agent.clone()).collect()
    }
}
