//! The scheduler's clocks: the one place in which this crate asks for the time.
//!
//! Limits and leases are kept on the monotonic clock, so that a step of the wall clock ends nothing early; instants
//! that people and agents see are on the wall clock.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Both clocks. Copies share one origin.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    origin: Instant,
}

impl Clock {
    /// A clock whose monotonic time starts now.
    pub(crate) fn new() -> Self {
        Self {
            origin: Instant::now(),
        }
    }

    /// Monotonic ns since this clock was made.
    pub(crate) fn now_ns(self) -> u64 {
        u64::try_from(self.origin.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// Wall-clock ns since the Unix epoch; 0 if the host's clock is before it.
    pub(crate) fn wall_ns(self) -> u64 {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
    }
}
