//! Which agents have acknowledged what a client asked of their job.

use super::JobMachine;
use super::acks::Awaited;
use super::event::JobEvent;
use super::share::ShareState;

/// What agents are told because a client asks for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ControlOrder {
    /// Acknowledged by starting nothing more.
    Stop,
    /// The newest plan.
    Revision,
    /// The newest params.
    Params,
}

impl ControlOrder {
    /// What an event makes the job tell its agents.
    pub(crate) const fn of(event: &JobEvent) -> Option<Self> {
        match event {
            JobEvent::Stop { .. } => Some(Self::Stop),
            JobEvent::Change { .. } => Some(Self::Revision),
            JobEvent::Params { .. } => Some(Self::Params),
            _ => None,
        }
    }
}

impl JobMachine {
    /// The agents that were told and have not acknowledged yet, by name.
    pub(crate) fn unacknowledged(&self, order: ControlOrder) -> Vec<String> {
        let shares = &self.members.shares;
        let awaited = match order {
            ControlOrder::Stop => {
                return shares.names(|share| !share.is_over() && share != ShareState::Draining);
            }
            ControlOrder::Revision => Awaited::Revision,
            ControlOrder::Params => Awaited::Params,
        };
        let mut agents = shares.names(|share| !share.is_over());
        let crew = self.members.crew.as_ref();
        agents.retain(|agent| crew.is_some_and(|crew| crew.acks.of(agent).contains(&awaited)));
        agents
    }
}
