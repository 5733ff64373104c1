//! The clocks of a host, and the time in which nothing runs on it.

use super::Host;

impl Host {
    pub(crate) fn monotonic_ns(&self, now_ns: u64) -> u64 {
        now_ns.saturating_add_signed(self.ahead_ns - self.suspended_ns)
    }

    pub(crate) fn boot_ns(&self, now_ns: u64) -> u64 {
        now_ns.saturating_add_signed(self.ahead_ns)
    }

    /// Nothing runs for a while, unless that is so already.
    pub(crate) const fn freeze(&mut self, now_ns: u64, for_ns: u64) {
        if now_ns >= self.frozen_until_ns {
            self.frozen_until_ns = now_ns + for_ns;
        }
    }

    /// As [`Self::freeze`], and its monotonic clock stands still.
    pub(crate) fn suspend(&mut self, now_ns: u64, for_ns: u64) {
        if now_ns >= self.frozen_until_ns {
            self.frozen_until_ns = now_ns + for_ns;
            self.suspended_ns += i64::try_from(for_ns).expect("a small number");
        }
    }
}
