//! The clock of every duration: `CLOCK_MONOTONIC`, and its place on tokio's time line.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use tokio::time::Instant;

/// Now, in ns of `CLOCK_MONOTONIC`.
#[must_use]
pub fn monotonic_ns() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    now.tv_sec.cast_unsigned() * 1_000_000_000 + now.tv_nsec.cast_unsigned()
}

/// Now, by this host's clock, in ns since the Unix epoch.
pub(crate) fn wall_ns() -> u64 {
    let now = clock_gettime(ClockId::Realtime);
    now.tv_sec.cast_unsigned() * 1_000_000_000 + now.tv_nsec.cast_unsigned()
}

/// One instant on both time lines, so that deadlines for timers need no further look at the clock.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TimerAnchor {
    at_ns: u64,
    instant: Instant,
}

impl TimerAnchor {
    pub(crate) fn now() -> Self {
        Self {
            at_ns: monotonic_ns(),
            instant: Instant::now(),
        }
    }

    /// The timer instant of `at_ns`; instants before the anchor are the anchor.
    pub(crate) fn instant(&self, at_ns: u64) -> Instant {
        self.instant + Duration::from_nanos(at_ns.saturating_sub(self.at_ns))
    }
}

/// A duration in whole ns, saturating.
pub(crate) fn duration_ns(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
