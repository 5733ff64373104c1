//! Until when the agent lets iterations start and go on: past its lease nobody knows of the load any more.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use tokio::sync::Notify;

use crate::http::monotonic_ns;

/// How often the end is looked at, and how long what is due then waits.
pub(crate) const LOOK: Duration = Duration::from_millis(20);

/// The lease of the process's agent; without end until the agent names one.
#[derive(Debug)]
pub(crate) struct Lease {
    /// On `CLOCK_BOOTTIME`, which goes on while the host is suspended; 0 until there is one.
    end_boot_ns: AtomicU64,
    /// The same on the clock that cores pace by, which they need not read again for it.
    end_ns: AtomicU64,
    begun: Notify,
}

impl Default for Lease {
    fn default() -> Self {
        Self {
            end_boot_ns: AtomicU64::new(0),
            end_ns: AtomicU64::new(u64::MAX),
            begun: Notify::new(),
        }
    }
}

impl Lease {
    /// Moves the end to an instant of `CLOCK_BOOTTIME`, unless it is there already or later.
    pub(crate) fn extend(&self, end_boot_ns: u64) {
        let before = self.end_boot_ns.fetch_max(end_boot_ns, Ordering::AcqRel);
        self.follow(monotonic_ns(), boot_ns());
        if before == 0 && end_boot_ns > 0 {
            self.begun.notify_one();
        }
    }

    /// Whether nothing may start at an instant of the monotonic clock, nor go on.
    pub(crate) fn is_over(&self, now_ns: u64) -> bool {
        now_ns > self.end_ns.load(Ordering::Acquire)
    }

    /// Waits for the first end.
    pub(crate) async fn begun(&self) {
        self.begun.notified().await;
    }

    /// Whether it is over now, on both clocks.
    pub(crate) fn look(&self) -> bool {
        let now_ns = monotonic_ns();
        self.follow(now_ns, boot_ns());
        self.is_over(now_ns)
    }

    /// Takes up what both clocks show: the monotonic one has stood still while the host was suspended.
    fn follow(&self, now_ns: u64, now_boot_ns: u64) {
        let end_boot_ns = self.end_boot_ns.load(Ordering::Acquire);
        if end_boot_ns > 0 {
            let end_ns = now_ns
                .saturating_add(end_boot_ns.saturating_sub(now_boot_ns))
                .saturating_sub(now_boot_ns.saturating_sub(end_boot_ns));
            self.end_ns.store(end_ns, Ordering::Release);
        }
    }
}

fn boot_ns() -> u64 {
    let now = clock_gettime(ClockId::Boottime);
    now.tv_sec.cast_unsigned() * 1_000_000_000 + now.tv_nsec.cast_unsigned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_ends_when_the_agent_says_and_only_moves_forward() {
        let lease = Lease::default();
        assert!(!lease.is_over(u64::MAX));
        let far_ns = boot_ns() + 3_600_000_000_000;
        lease.extend(far_ns);
        lease.extend(1);
        assert!(!lease.is_over(monotonic_ns()));
        assert!(lease.is_over(monotonic_ns() + 3_700_000_000_000));
    }

    #[test]
    fn a_suspended_host_uses_it_up() {
        let lease = Lease::default();
        lease.end_boot_ns.store(5_000, Ordering::Release);
        lease.follow(100, 1_000);
        assert!(!lease.is_over(4_100) && lease.is_over(4_101));
        lease.follow(100, 4_500);
        assert!(!lease.is_over(600) && lease.is_over(601));
        lease.follow(700, 5_300);
        assert!(!lease.is_over(400) && lease.is_over(700));
    }
}
