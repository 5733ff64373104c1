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

/// The shares of a job, by agent. One that is done never changes again, but an agent that was lost may have another.
#[derive(Debug, Default)]
pub(crate) struct Shares {
    newest: BTreeMap<String, Attempt>,
    /// Attempts before the newest ones: their agents were lost.
    past: Vec<(String, u32)>,
}

#[derive(Debug, Clone, Copy)]
struct Attempt {
    epoch: u32,
    state: ShareState,
}

impl Shares {
    /// Adds a share that begins now, the attempt `epoch` of its agent, unless the agent has one and was not lost.
    pub(crate) fn add(&mut self, agent: &str, epoch: u32) {
        let state = ShareState::Assigned;
        let before = self.newest.get(agent).copied();
        match before {
            Some(before) if before.state != ShareState::Lost => return,
            Some(before) => self.past.push((agent.to_owned(), before.epoch)),
            None => {}
        }
        self.newest.insert(agent.to_owned(), Attempt { epoch, state });
    }

    /// Adds a share whose load was over under another scheduler; of an agent, they come in their order.
    pub(crate) fn resume(&mut self, agent: &str, epoch: u32, is_alive: bool) {
        if let Some(before) = self.newest.get(agent) {
            self.past.push((agent.to_owned(), before.epoch));
        }
        let state = if is_alive {
            ShareState::Delivering
        } else {
            ShareState::Lost
        };
        self.newest.insert(agent.to_owned(), Attempt { epoch, state });
    }

    pub(crate) fn get(&self, agent: &str) -> Option<ShareState> {
        self.newest.get(agent).map(|attempt| attempt.state)
    }

    /// Which attempt of an agent is its newest; 0 for one without a share.
    pub(crate) fn epoch(&self, agent: &str) -> u32 {
        self.newest.get(agent).map_or(0, |attempt| attempt.epoch)
    }

    /// The state of a share whose load is not over.
    pub(crate) fn open(&self, agent: &str) -> Option<ShareState> {
        self.get(agent).filter(|share| !share.is_over())
    }

    /// Moves a share that is not done.
    pub(crate) fn set(&mut self, agent: &str, state: ShareState) {
        let newest = self.newest.get_mut(agent);
        if let Some(attempt) = newest.filter(|attempt| !attempt.state.is_done()) {
            attempt.state = state;
        }
    }

    /// Forgets a share that never began. What its agent had before remains.
    pub(crate) fn remove(&mut self, agent: &str) {
        self.newest.remove(agent);
        if let Some(place) = self.past.iter().rposition(|(of, _)| of == agent) {
            let (agent, epoch) = self.past.remove(place);
            let state = ShareState::Lost;
            self.newest.insert(agent, Attempt { epoch, state });
        }
    }

    /// The newest share of each agent, by agent.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, ShareState)> {
        self.newest
            .iter()
            .map(|(agent, attempt)| (agent.as_str(), attempt.state))
    }

    /// All attempts that there were, with agent and epoch, in that order.
    pub(crate) fn attempts(&self) -> Vec<(&str, u32, ShareState)> {
        let past = self.past.iter();
        let past = past.map(|(agent, epoch)| (agent.as_str(), *epoch, ShareState::Lost));
        let newest = self.newest.iter();
        let newest = newest.map(|(agent, attempt)| (agent.as_str(), attempt.epoch, attempt.state));
        let mut all: Vec<_> = past.chain(newest).collect();
        all.sort_unstable_by_key(|(agent, epoch, _)| (*agent, *epoch));
        all
    }

    /// Whether all shares are like this; true if there are none.
    pub(crate) fn all(&self, wanted: impl Fn(ShareState) -> bool) -> bool {
        self.newest.values().all(|attempt| wanted(attempt.state))
    }

    /// The agents whose shares are like this, by name.
    pub(crate) fn names(&self, wanted: impl Fn(ShareState) -> bool) -> Vec<String> {
        let shares = self.newest.iter().filter(|(_, attempt)| wanted(attempt.state));
        shares.map(|(agent, _)| agent.clone()).collect()
    }
}
