//! The host's clocks. Limits use the monotonic clock, leases that of the boot, and instants that people see use the wall clock.

use rustix::time::{ClockId, clock_gettime};

/// Nanoseconds of `CLOCK_MONOTONIC`, which all processes of the host share.
#[must_use]
pub fn monotonic_ns() -> u64 {
    read(ClockId::Monotonic)
}

/// Nanoseconds of `CLOCK_BOOTTIME`: as the monotonic clock, but it goes on while the host is suspended.
#[must_use]
pub fn boottime_ns() -> u64 {
    read(ClockId::Boottime)
}

/// Nanoseconds since the Unix epoch by the host's clock, which may be wrong and may step.
#[must_use]
pub fn wall_ns() -> u64 {
    read(ClockId::Realtime)
}

/// The wall clock minus the monotonic clock, and the error bound of that difference, both in ns.
#[must_use]
pub fn wall_minus_monotonic_ns() -> (i128, u64) {
    let before_ns = monotonic_ns();
    let wall_ns = wall_ns();
    let after_ns = monotonic_ns();
    let half_ns = (after_ns - before_ns) / 2;
    (i128::from(wall_ns) - i128::from(before_ns + half_ns), half_ns + 1)
}

fn read(clock: ClockId) -> u64 {
    let time = clock_gettime(clock);
    // Only a wall clock set before 1970 is negative.
    u64::try_from(time.tv_sec).unwrap_or(0) * 1_000_000_000 + u64::try_from(time.tv_nsec).unwrap_or(0)
}
