//! Pseudo-random numbers that depend on nothing but a seed: what makes results and schedules reproducible.

/// SplitMix64.
#[derive(Debug, Clone)]
pub struct SeededRandom {
    state: u64,
}

impl SeededRandom {
    /// The numbers of the `index`-th thing of this seed.
    #[must_use]
    pub fn new(seed: u64, index: u64) -> Self {
        Self {
            state: seed ^ mix(index.wrapping_add(0x9e37_79b9_7f4a_7c15)),
        }
    }

    /// The next number.
    pub fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.state)
    }

    /// A number below `limit`, which is not 0.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.next_u64() % limit
    }

    /// A number from `first` to `last`.
    pub fn between(&mut self, first: u64, last: u64) -> u64 {
        first + self.below(last - first + 1)
    }

    /// Whether something happens that happens once in `n` times.
    pub fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    /// One of several.
    ///
    /// # Panics
    /// Without any.
    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        let place = self.below(of.len() as u64);
        &of[usize::try_from(place).expect("a place in a slice fits in usize")]
    }
}

/// The seed that belongs to a text (FNV-1a, mixed).
#[must_use]
pub fn seed_of(text: &str) -> u64 {
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    mix(hash)
}

const fn mix(state: u64) -> u64 {
    let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_follow_from_seed_and_index_alone() {
        let first = |seed, index| SeededRandom::new(seed, index).next_u64();
        assert_eq!(first(1, 2), first(1, 2));
        assert_ne!(first(1, 2), first(2, 1));
        assert_ne!(first(1, 2), first(1, 3));
        assert_ne!(seed_of("job-1/a1.0"), seed_of("job-1/a2.0"));
    }

    #[test]
    fn bounds_are_kept() {
        let mut random = SeededRandom::new(7, 0);
        let all: Vec<u64> = (0..1000).map(|_| random.between(3, 5)).collect();
        assert!(all.iter().all(|n| (3..=5).contains(n)));
        assert!([3, 4, 5].iter().all(|n| all.contains(n)));
    }
}
