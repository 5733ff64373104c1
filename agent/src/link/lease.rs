//! Until when the scheduler counts on this agent, and an assignment may load its target. All instants are of
//! `CLOCK_BOOTTIME`, which goes on while the host is suspended.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The agent's lease, as the link keeps it.
#[derive(Debug, Clone)]
pub(crate) struct SchedulerLease(Arc<LeaseState>);

#[derive(Debug)]
struct LeaseState {
    /// When something was sent that the scheduler has answered.
    renewed_ns: AtomicU64,
    limit_ns: AtomicU64,
    /// How often the lease was over before it was renewed.
    lapses: AtomicU64,
}

/// The lease as of one assignment: once it was over, it stays over, because others have the load since.
#[derive(Debug, Clone)]
pub(crate) struct LoadLease {
    lease: SchedulerLease,
    lapses: u64,
}

impl SchedulerLease {
    /// No scheduler has granted one.
    pub(crate) fn new() -> Self {
        Self(Arc::new(LeaseState {
            renewed_ns: AtomicU64::new(0),
            limit_ns: AtomicU64::new(u64::MAX),
            lapses: AtomicU64::new(0),
        }))
    }

    /// Records that the scheduler answered something that was sent at an instant. An answer that comes after the lease's end may be of
    /// a scheduler that gave the load to others before it heard what it answers.
    pub(crate) fn renew(&self, sent_ns: u64, now_ns: u64) {
        if now_ns > self.end_ns() {
            self.0.lapses.fetch_add(1, Ordering::AcqRel);
        }
        self.0.renewed_ns.fetch_max(sent_ns, Ordering::AcqRel);
    }

    /// How long it lasts from each renewal.
    pub(crate) fn set_limit(&self, limit_ns: u64) {
        self.0.limit_ns.store(limit_ns, Ordering::Release);
    }

    /// The lease of an assignment that the scheduler gives now.
    pub(crate) fn of_assignment(&self) -> LoadLease {
        LoadLease {
            lease: self.clone(),
            lapses: self.0.lapses.load(Ordering::Acquire),
        }
    }

    fn end_ns(&self) -> u64 {
        let renewed_ns = self.0.renewed_ns.load(Ordering::Acquire);
        renewed_ns.saturating_add(self.0.limit_ns.load(Ordering::Acquire))
    }
}

impl LoadLease {
    /// Up to when the assignment may load its target, as far as is known; 0 once it was over.
    pub(crate) fn end_ns(&self) -> u64 {
        // In this order: a lapse is counted before its renewal shows.
        let end_ns = self.lease.end_ns();
        let has_lapsed = self.lease.0.lapses.load(Ordering::Acquire) != self.lapses;
        if has_lapsed { 0 } else { end_ns }
    }

    /// Whether the scheduler has been silent for longer than the lease, so that other agents may have the load.
    pub(crate) fn is_lost(&self, now_ns: u64) -> bool {
        now_ns > self.end_ns()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lease() -> SchedulerLease {
        let lease = SchedulerLease::new();
        lease.renew(100, 100);
        lease.set_limit(10);
        lease
    }

    #[test]
    fn it_is_lost_when_nothing_was_answered_for_its_time() {
        let none = SchedulerLease::new().of_assignment();
        assert!(!none.is_lost(u64::MAX), "without a scheduler there is no lease");
        let (lease, of_job) = (lease(), lease().of_assignment());
        assert!(!of_job.is_lost(110) && of_job.is_lost(111));
        let of_job = lease.of_assignment();
        lease.renew(50, 109);
        assert!(of_job.is_lost(111), "an older answer renews nothing");
        lease.renew(109, 110);
        assert!(!of_job.is_lost(119) && of_job.is_lost(120));
    }

    #[test]
    fn once_it_was_over_it_is_over_for_every_assignment_of_then() {
        let lease = lease();
        let before = lease.of_assignment();
        lease.renew(111, 112);
        let after = lease.of_assignment();
        assert_eq!((before.end_ns(), after.end_ns()), (0, 121));
        assert!(before.is_lost(112) && !after.is_lost(112));
        lease.renew(121, 121);
        assert!(before.is_lost(122) && !after.is_lost(122));
    }

    #[test]
    fn an_answer_that_comes_after_its_end_does_not_bring_it_back() {
        let lease = lease();
        let before = lease.of_assignment();
        lease.renew(105, 111);
        assert_eq!((before.end_ns(), lease.of_assignment().end_ns()), (0, 115));
    }
}
