//! How long a call may take: little at first, so that a connection that was cut is soon given up, and more if the database
//! turns out to be slow. Pure.

use std::time::Duration;

/// With a pause of at most 2 s before the next try, results flow again within 10 s.
const LEAST: Duration = Duration::from_secs(6);
const MOST: Duration = Duration::from_secs(96);
/// A call may take this many times as long as the last one took.
const TIMES: u32 = 4;

#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    limit: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { limit: LEAST }
    }
}

impl Patience {
    pub(super) const fn limit(&self) -> Duration {
        self.limit
    }

    /// A call with this limit did not end in time. Calls that began together say so only once.
    pub(super) fn ran_out(&mut self, limit: Duration) {
        if limit == self.limit {
            self.limit = (limit * 2).min(MOST);
        }
    }

    pub(super) fn ended_after(&mut self, elapsed: Duration) {
        if self.limit > LEAST {
            self.limit = (elapsed * TIMES).clamp(LEAST, self.limit);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_database_gets_more_time_and_a_fast_one_less() {
        let mut patience = Patience::default();
        for _ in 0..8 {
            patience.ran_out(LEAST);
        }
        assert_eq!(patience.limit(), LEAST * 2, "all of them began together");
        patience.ended_after(LEAST);
        assert_eq!(patience.limit(), LEAST * 2, "it is slow");
        for _ in 0..20 {
            patience.ran_out(patience.limit());
        }
        assert_eq!(patience.limit(), MOST);
        patience.ended_after(Duration::from_secs(10));
        assert_eq!(patience.limit(), Duration::from_secs(40));
        patience.ended_after(Duration::from_millis(5));
        assert_eq!(patience.limit(), LEAST);
    }
}
