//! Pauses between attempts: growing, bounded, and not in step with those of other agents.

use std::time::Duration;

use crate::clock;

const FIRST: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_secs(2);

#[derive(Debug, Clone, Copy)]
pub(crate) struct Backoff {
    pause: Duration,
}

impl Default for Backoff {
    /// Up to two seconds.
    fn default() -> Self {
        Self { pause: FIRST }
    }
}

impl Backoff {
    /// How long to pause now: between half the present pause and all of it.
    pub(crate) fn next_pause(&mut self) -> Duration {
        let pause = self.pause;
        self.pause = (pause * 2).min(LONGEST);
        let random = clock::random();
        pause / 2 + (pause / 2).mul_f64(f64::from(random) / f64::from(u32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_bound_and_differ() {
        let mut backoff = Backoff::default();
        let pauses: Vec<Duration> = (0..12).map(|_| backoff.next_pause()).collect();
        assert!(pauses[0] >= FIRST / 2 && pauses[0] <= FIRST);
        assert!(pauses.iter().all(|pause| *pause <= LONGEST));
        assert!(pauses[8..].iter().all(|pause| *pause >= LONGEST / 2));
        assert_ne!(pauses[10], pauses[11]);
    }
}
