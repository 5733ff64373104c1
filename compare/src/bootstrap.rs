//! Standard errors by resampling blocks of seconds.
//!
//! As many blocks as there are are drawn with replacement, the statistic is computed from what they hold together, and
//! the spread of 200 such values is its standard error (B. Efron, R. J. Tibshirani, "An Introduction to the
//! Bootstrap", 1993, chapters 6 and 8.6). No interval is read off the resamples themselves: a family of a thousand
//! statistics asks for tails that would take a million of them. All places share the drawn blocks.
//!
//! Only quotients of sums over blocks are resampled. A mean, a rate and a share are such quotients. A percentile is
//! not, and the spread of resampled percentiles is itself far from certain (P. Hall, M. A. Martin, "Exact convergence
//! rate of bootstrap quantile variance estimator", Probability Theory and Related Fields 80, 1988): what is resampled
//! is the *share of values up to it*, and the distribution itself carries the error of that share over to the value (R.
//! S. Woodruff, "Confidence intervals for medians and other position measures", Journal of the American Statistical
//! Association 47, 1952). So nothing is ever merged or sorted anew for a resample.

/// Enough for a standard error (Efron and Tibshirani, section 6.4).
const REPLICATES: usize = 200;

/// How often each block was drawn, in each resample.
#[derive(Debug)]
pub(super) struct Resamples {
    blocks: usize,
    weights: Vec<f64>,
}

impl Resamples {
    /// Draws; the same seed draws the same.
    pub(super) fn draw(blocks: usize, seed: u64) -> Self {
        let mut weights = vec![0.0; REPLICATES * blocks];
        let mut state = seed;
        for replicate in weights.chunks_exact_mut(blocks) {
            for _ in 0..blocks {
                // A multiplication in place of a division: the bias is below blocks / 2^64.
                let place = (u128::from(next(&mut state)) * blocks as u128) >> 64;
                replicate[place as usize] += 1.0;
            }
        }
        Self { blocks, weights }
    }

    fn replicates(&self) -> impl Iterator<Item = &[f64]> {
        self.weights.chunks_exact(self.blocks)
    }

    /// The standard error of the quotient of two sums over blocks. Resamples spread around the sample's mean, so
    /// their variance is too small by (n - 1) / n, as that of any sample is: with few blocks that matters.
    pub(super) fn error_of_quotient(&self, above: &[f64], below: &[f64]) -> f64 {
        let quotients = self.replicates().filter_map(|weights| {
            let below = weighted(below, weights);
            (below > 0.0).then(|| weighted(above, weights) / below)
        });
        let blocks = self.blocks as f64;
        deviation(quotients) * (blocks / (blocks - 1.0).max(1.0)).sqrt()
    }
}

fn weighted(values: &[f64], weights: &[f64]) -> f64 {
    values
        .iter()
        .zip(weights)
        .map(|(value, weight)| value * weight)
        .sum()
}

/// The standard deviation of a sample.
fn deviation(values: impl Iterator<Item = f64>) -> f64 {
    // Welford's recurrence: one pass, and no cancellation.
    let (mut count, mut mean, mut squares) = (0.0, 0.0, 0.0);
    for value in values {
        count += 1.0;
        let distance = value - mean;
        mean += distance / count;
        squares += distance * (value - mean);
    }
    if count > 1.0 {
        (squares / (count - 1.0_f64)).sqrt()
    } else {
        0.0
    }
}

/// The next of a sequence of even draws (G. L. Steele, D. Lea, C. H. Flood, "Fast splittable pseudorandom number
/// generators", 2014).
pub(super) fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_resample_has_as_many_blocks_as_there_are() {
        let resamples = Resamples::draw(12, 7);
        assert!(
            resamples
                .replicates()
                .all(|weights| (weights.iter().sum::<f64>() - 12.0).abs() < 1e-9)
        );
        assert_eq!(resamples.weights, Resamples::draw(12, 7).weights);
        assert_ne!(resamples.weights, Resamples::draw(12, 8).weights);
    }

    #[test]
    fn the_error_of_a_mean_is_that_of_the_textbook() {
        // The mean of n values with deviation s has the standard error s / sqrt(n).
        let values: Vec<f64> = (0..60).map(|n| f64::from(n % 10)).collect();
        let ones = vec![1.0; 60];
        let expected = 2.872 / 60_f64.sqrt();
        let found = Resamples::draw(60, 1).error_of_quotient(&values, &ones);
        assert!((found / expected - 1.0).abs() < 0.15, "{found} {expected}");
    }
}
