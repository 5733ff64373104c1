//! An agent's lease, as its link keeps it.

use crate::link::{LoadLease, SchedulerLease};

/// The lease of an agent process.
#[derive(Debug)]
pub struct AgentLease(SchedulerLease);

impl AgentLease {
    /// Of an agent that has not heard of a scheduler.
    #[must_use]
    pub fn new(limit_ns: u64) -> Self {
        let lease = SchedulerLease::new();
        lease.set_limit(limit_ns);
        Self(lease)
    }

    /// The scheduler has answered something that was sent at an instant of the boot's clock.
    pub fn renew(&self, sent_ns: u64, now_ns: u64) {
        self.0.renew(sent_ns, now_ns);
    }

    pub(super) fn of_assignment(&self) -> LoadLease {
        self.0.of_assignment()
    }
}
