//! The lease of a host's agent as the scheduler grants it, and what it allows.

use super::{Host, LEASE_NS};

impl Host {
    /// The scheduler's answer has come to something that the agent sent at an instant of the boot's clock. Returns whether the lease
    /// was over before.
    pub(super) fn renew(&mut self, sent_ns: u64, now_ns: u64) -> bool {
        let boot_ns = self.boot_ns(now_ns);
        let has_lapsed = boot_ns > self.renewed_ns + LEASE_NS;
        self.has_lapsed |= has_lapsed;
        self.renewed_ns = self.renewed_ns.max(sent_ns);
        let Some(process) = &self.process else {
            return has_lapsed;
        };
        process.lease.renew(sent_ns, boot_ns);
        if let (Some(share), Some((_, load_test))) = (&process.share, &mut self.load_test) {
            load_test.leased_until_ns = share.leased_until_ns();
        }
        has_lapsed
    }

    /// Whether iterations may be released now that are due at these instants.
    pub(crate) fn may_release(&self, now_ns: u64, due: &[(u64, u64)]) -> Result<(), String> {
        let (boot_ns, end_ns) = (self.boot_ns(now_ns), self.renewed_ns + LEASE_NS);
        let Some((n, due_ns)) = due.last() else {
            return Ok(());
        };
        if self.has_lapsed || boot_ns > end_ns {
            return Err(format!("{n} is released after the end of the lease"));
        }
        let start_ns = self.start_monotonic_ns.unwrap_or_default();
        let ahead_ns = (start_ns + due_ns).saturating_sub(self.monotonic_ns(now_ns));
        if ahead_ns > end_ns - boot_ns {
            return Err(format!("{n} is released, and due after the end of the lease"));
        }
        Ok(())
    }
}
