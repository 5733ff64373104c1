//! Agents that join and leave a job while it runs, and params that are divided among those with whom it begins.

use heavy_results::job::JobState;

use super::Machine;
use crate::job::event::Action;
use crate::job::share::Share;

impl Machine {
    /// One more agent has come.
    pub(super) fn on_joined(&mut self, agent: String, actions: &mut Vec<Action>) {
        if self.state != JobState::Running || self.shares.contains_key(&agent) {
            actions.push(Action::Release { agent });
            return;
        }
        self.shares.insert(agent.clone(), Share::Assigned);
        actions.push(Action::Assign { agents: vec![agent] });
    }

    /// An agent is ready: in a running job it starts at once, its share begins a little later.
    pub(super) fn on_prepared(&self, agent: &str, actions: &mut Vec<Action>) {
        if self.state == JobState::Running {
            let agent = agent.to_owned();
            actions.extend([Action::Start { agent: agent.clone() }, Action::Enter { agent }]);
        }
    }

    /// An agent takes no share any more; the others do, from a little later on.
    pub(super) fn left(&self, agent: &str, actions: &mut Vec<Action>) {
        if self.state == JobState::Running {
            let agent = agent.to_owned();
            actions.push(Action::Leave { agent });
        }
    }

    /// Turns those away who were about to join a job that starts nothing more.
    pub(super) fn turn_away(&mut self, actions: &mut Vec<Action>) {
        if self.state != JobState::Draining || self.start_ns.is_none() {
            return;
        }
        for agent in self.names(Share::is_preparing) {
            self.shares.remove(&agent);
            let (grace_ns, end_ns) = (0, 0);
            actions.push(Action::Stop {
                agent,
                grace_ns,
                end_ns,
            });
        }
    }

    /// Has one of those who wait for it divide the params, once all have come so far.
    pub(super) fn divide(&mut self, actions: &mut Vec<Action>) {
        let ready = |share: &Share| matches!(share, Share::Splitting | Share::Prepared);
        if self.state != JobState::Preparing || self.dividing.is_some() || !self.shares.values().all(ready) {
            return;
        }
        if let Some(agent) = self.names(|share| share == Share::Splitting).into_iter().next() {
            self.dividing = Some(false);
            actions.push(Action::Split { agent });
        }
    }

    /// The params are divided, or cannot be.
    pub(super) fn on_divided(&mut self, now_ns: u64, failure: Option<String>, actions: &mut Vec<Action>) {
        if self.dividing != Some(false) {
            return;
        }
        self.dividing = Some(true);
        match failure {
            Some(reason) => self.fail(now_ns, reason, actions),
            None => actions.push(Action::GiveParams {
                agents: self.names(|share| share == Share::Splitting),
            }),
        }
    }
}
