//! How starts are spread around the plan: evenly, or at random as independent customers come.

use crate::vocabulary::vocabulary;

vocabulary! {
    /// How starts are spread around the rate.
    pub enum Arrivals: "arrivals" default Uniform {
        /// Evenly: iteration n is due when the area under the profile reaches n.
        Uniform = "uniform",
        /// At random, as a Poisson process with the profile as its intensity.
        Poisson = "poisson",
    }
}

/// The area of one iteration in [`Draws`].
pub const ONE: u64 = 1 << 32;

/// The areas at which a Poisson process of intensity 1 has its arrivals, in [`ONE`]ths of an iteration. The same seed
/// produces the same areas, on every machine whose logarithm is the same.
#[derive(Debug, Clone)]
pub struct Draws {
    seed: u64,
    drawn: u64,
    area: u128,
}

impl Draws {
    /// The process of one member of one revision of one workflow of a job.
    #[must_use]
    pub fn new(seed: u64, workflow: u64, revision: u64, member: u64) -> Self {
        let seed = [workflow, revision, member]
            .into_iter()
            .fold(mix(seed), |seed, part| mix(seed ^ mix(part.wrapping_add(1))));
        Self {
            seed,
            drawn: 0,
            area: 0,
        }
    }
}

impl Iterator for Draws {
    type Item = u128;

    fn next(&mut self) -> Option<u128> {
        self.drawn += 1;
        // 53 bits, never 0.
        let bits = mix(self.seed.wrapping_add(self.drawn.wrapping_mul(GOLDEN))) >> 11;
        let uniform = (bits as f64 + 0.5) / (1u64 << 53) as f64;
        self.area += (-uniform.ln() * ONE as f64) as u128;
        Some(self.area)
    }
}

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// SplitMix64's output function (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014).
fn mix(state: u64) -> u64 {
    let mut z = state.wrapping_add(GOLDEN);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gaps(draws: Draws, count: usize) -> Vec<f64> {
        let mut last = 0;
        draws
            .take(count)
            .map(|area| {
                let gap = area - std::mem::replace(&mut last, area);
                gap as f64 / ONE as f64
            })
            .collect()
    }

    /// The largest distance of the empirical distribution from the exponential one, times the root of the count: for
    /// the right distribution it is above 1.63 once in a hundred seeds (Kolmogorov, Smirnov).
    fn kolmogorov_smirnov(mut gaps: Vec<f64>) -> f64 {
        gaps.sort_by(f64::total_cmp);
        let count = gaps.len() as f64;
        let distance = (0..).zip(&gaps).map(|(place, gap)| {
            let expected = 1.0 - (-gap).exp();
            let (below, above) = (f64::from(place) / count, f64::from(place + 1) / count);
            (expected - below).abs().max((above - expected).abs())
        });
        distance.fold(0.0, f64::max) * count.sqrt()
    }

    #[test]
    fn gaps_are_exponential() {
        for seed in 0..20 {
            let distance = kolmogorov_smirnov(gaps(Draws::new(seed, 0, 0, 0), 20_000));
            assert!(distance < 1.95, "seed {seed}: {distance}");
        }
        let even = vec![1.0; 20_000];
        assert!(kolmogorov_smirnov(even) > 10.0, "the test can fail");
    }

    #[test]
    fn the_same_seed_gives_the_same_and_members_differ() {
        let first = |seed, member| gaps(Draws::new(seed, 0, 0, member), 5);
        assert_eq!(first(7, 1), first(7, 1));
        assert_ne!(first(7, 1), first(7, 2));
        assert_ne!(first(7, 1), first(8, 1));
    }
}
