//! Pseudo-random numbers that depend only on a seed and the number of the request, so that a target behaves
//! the same in every run, on any number of threads.

use std::time::Duration;

/// The numbers of one request.
#[derive(Debug, Clone)]
pub(crate) struct Random {
    state: u64,
}

impl Random {
    pub(crate) fn new(seed: u64, request: u64) -> Random {
        Random {
            state: seed.rotate_left(32) ^ request.wrapping_mul(0xd134_2543_de82_ef95),
        }
    }

    /// SplitMix64.
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Uniform in [0, 1).
    pub(crate) fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A log-normal duration with this median; `spread` is the standard deviation of its logarithm.
    pub(crate) fn skewed(&mut self, median: Duration, spread: f64) -> Duration {
        // Box-Muller; 1 - share is never zero.
        let radius = (-2.0 * (1.0 - self.share()).ln()).sqrt();
        let normal = radius * (std::f64::consts::TAU * self.share()).cos();
        median.mul_f64((spread * normal).exp())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_request_gets_the_same_numbers() {
        let numbers = |request| {
            let mut random = Random::new(7, request);
            [random.next(), random.next()]
        };
        assert_eq!(numbers(1), numbers(1));
        assert_ne!(numbers(1), numbers(2));
    }

    #[test]
    fn skewed_durations_lie_around_their_median() {
        let median = Duration::from_millis(4);
        let mut all: Vec<Duration> = (0..10_001)
            .map(|request| Random::new(1, request).skewed(median, 0.5))
            .collect();
        all.sort();
        let near =
            |value: Duration, wanted_ms: f64| (value.as_secs_f64() * 1e3 / wanted_ms - 1.0).abs() < 0.05;
        assert!(near(all[5_000], 4.0), "median {:?}", all[5_000]);
        // The 90th percentile of a log-normal is median * exp(1.2816 * spread).
        assert!(near(all[9_000], 7.59), "p90 {:?}", all[9_000]);
    }
}
