//! Into how many blocks a job's time is cut.
//!
//! Seconds that follow each other are alike: a busy second follows a busy one. Resampling single seconds would take
//! them as independent and be too sure. So blocks of consecutive seconds are resampled (H. R. Künsch, "The jackknife
//! and the bootstrap for general stationary observations", Annals of Statistics 17, 1989), here ones that do not
//! overlap (E. Carlstein, "The use of subseries values for estimating the variance of a general statistic from a
//! stationary sequence", Annals of Statistics 14, 1986), because these can be kept merged.

/// A shorter job has too few blocks to know its own noise.
pub(super) const FEWEST_SECONDS: usize = 10;

/// Fewer blocks say little of how blocks differ.
pub(super) const FEWEST_BLOCKS: usize = 8;

/// An estimate above this would ask for a few endless blocks.
const HIGHEST_CORRELATION: f64 = 0.9;

/// Blocks of equally many slices of time; the last one takes the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Blocks {
    slices: usize,
    /// How many there are.
    pub(super) count: usize,
}

impl Blocks {
    /// All of a job as one block.
    pub(super) const ONE: Self = Self {
        slices: usize::MAX,
        count: 1,
    };

    /// The blocks of a job with the given seconds and equal slices, where the correlation of neighbouring seconds is
    /// known; `None`: there are too few. The length of a block is Carlstein's for an autoregression of first order,
    /// `(2 r / (1 - r^2))^(2/3) n^(1/3)`, and never less than `n^(1/3)`, the order that is best for any weak dependence
    /// (P. Hall, J. L. Horowitz, B.-Y. Jing, "On blocking rules for the bootstrap with dependent data", Biometrika
    /// 82, 1995).
    pub(super) fn of(seconds: usize, slices: usize, correlation: f64) -> Option<Self> {
        if seconds < FEWEST_SECONDS {
            return None;
        }
        let r = correlation.clamp(0.0, HIGHEST_CORRELATION);
        let factor = (2.0 * r / (1.0 - r * r)).powf(2.0 / 3.0).max(1.0);
        let wanted_s = factor * (seconds as f64).cbrt();
        let longest = slices / FEWEST_BLOCKS;
        let wanted = (wanted_s * slices as f64 / seconds as f64).round() as usize;
        let own = wanted.clamp(1, longest.max(1));
        Some(Self {
            slices: own,
            count: slices / own,
        })
    }

    /// The block that a slice of time belongs to.
    pub(super) fn block_of(self, slice: usize) -> usize {
        (slice / self.slices).min(self.count - 1)
    }
}

/// The correlation of neighbours in the logarithm of the mean duration by second; 0 where too little is known.
pub(super) fn correlation(pace: &[(u64, f64)]) -> f64 {
    let known: Vec<Option<f64>> = pace
        .iter()
        .map(|(count, sum_ns)| (*count > 0 && *sum_ns > 0.0).then(|| (sum_ns / *count as f64).ln()))
        .collect();
    let values: Vec<f64> = known.iter().flatten().copied().collect();
    if values.len() < FEWEST_SECONDS {
        return 0.0;
    }
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / values.len() as f64;
    let products: Vec<f64> = known
        .windows(2)
        .filter_map(|pair| Some((pair[0]? - mean) * (pair[1]? - mean)))
        .collect();
    if variance <= f64::EPSILON || products.is_empty() {
        return 0.0;
    }
    products.iter().sum::<f64>() / products.len() as f64 / variance
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_grow_with_the_job_and_with_its_correlation() {
        for (seconds, slices, correlation, expected) in [
            (9, 9, 0.0, None),
            (10, 10, 0.0, Some((1, 10))),
            (15, 15, 0.9, Some((1, 15))),
            (60, 60, 0.0, Some((4, 15))),
            (60, 60, 0.5, Some((5, 12))),
            (60, 60, 0.99, Some((7, 8))),
            (300, 60, -1.0, Some((1, 60))),
            (3600, 64, 0.0, Some((1, 64))),
            (3600, 64, 0.9, Some((1, 64))),
        ] {
            let found = Blocks::of(seconds, slices, correlation);
            let found = found.map(|blocks| (blocks.slices, blocks.count));
            assert_eq!(found, expected, "{seconds} {correlation}");
        }
    }

    #[test]
    fn the_last_block_takes_what_is_left() {
        let blocks = Blocks::of(61, 61, 0.0).unwrap();
        let of: Vec<usize> = (0..61).map(|slice| blocks.block_of(slice)).collect();
        assert_eq!((of[0], of[3], of[4], of[59], of[60]), (0, 0, 1, 14, 14));
        assert_eq!(Blocks::ONE.block_of(5), 0);
    }

    #[test]
    fn correlation_is_that_of_neighbours() {
        let slow_wave: Vec<(u64, f64)> = (0..200)
            .map(|second| (10, 1e7 * (2.0 + (f64::from(second) / 20.0).sin())))
            .collect();
        assert!(correlation(&slow_wave) > 0.9);
        let zigzag: Vec<(u64, f64)> = (0..200)
            .map(|second| (10, if second % 2 == 0 { 1e7 } else { 2e7 }))
            .collect();
        assert!(correlation(&zigzag) < -0.9);
        assert!(correlation(&[(10, 1e7); 200]).abs() < 1e-9, "nothing varies");
        assert!(correlation(&[(0, 0.0); 200]).abs() < 1e-9, "nothing is there");
    }
}
