//! The job's time: nanoseconds from its start, on the host's monotonic clock.

use heavy_plugin::rpc::Anchor;

/// Relates the clocks of one assignment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct JobClock {
    anchor: Anchor,
    start_monotonic_ns: u64,
}

impl JobClock {
    /// A job that starts at an instant of the monotonic clock; the load test was given `anchor`.
    pub(crate) fn new(anchor: Anchor, start_monotonic_ns: u64) -> Self {
        Self {
            anchor,
            start_monotonic_ns,
        }
    }

    /// What the load test was given.
    pub(crate) const fn anchor(&self) -> Anchor {
        self.anchor
    }

    /// When the job starts, on the monotonic clock.
    pub(crate) const fn start_monotonic_ns(&self) -> u64 {
        self.start_monotonic_ns
    }

    /// The job's time at an instant of the monotonic clock; negative before the start.
    pub(crate) fn at(&self, monotonic_ns: u64) -> i64 {
        difference(monotonic_ns, self.start_monotonic_ns)
    }

    /// The job's time of a wall time in an output line. Load tests derive wall times from the anchor, so this is exact
    /// whatever the host's clock does; one that does not is as wrong as its clock.
    pub(crate) fn of_wall(&self, wall_ns: u64) -> i64 {
        difference(wall_ns, self.anchor.wall_ns)
            .saturating_add(difference(self.anchor.monotonic_ns, self.start_monotonic_ns))
    }

    /// A due instant of the job as the load test wants it.
    pub(crate) fn since_anchor(&self, due_ns: u64) -> u64 {
        self.start_monotonic_ns
            .saturating_add(due_ns)
            .saturating_sub(self.anchor.monotonic_ns)
    }
}

fn difference(a: u64, b: u64) -> i64 {
    if a >= b {
        i64::try_from(a - b).unwrap_or(i64::MAX)
    } else {
        i64::try_from(b - a).map_or(i64::MIN, |difference| -difference)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_clocks_agree_on_the_start() {
        let anchor = Anchor {
            monotonic_ns: 1000,
            wall_ns: 1_700_000_000_000_000_000,
        };
        let clock = JobClock::new(anchor, 5000);
        assert_eq!((clock.at(5000), clock.at(4000)), (0, -1000));
        assert_eq!(clock.of_wall(anchor.wall_ns + 4000), 0);
        assert_eq!(clock.of_wall(anchor.wall_ns), -4000);
        assert_eq!(clock.since_anchor(0), 4000);
        assert_eq!(clock.of_wall(0), -1_700_000_000_000_004_000);
    }
}
