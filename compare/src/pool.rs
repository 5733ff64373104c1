//! Several earlier jobs as one baseline.
//!
//! Two runs of the same system differ by more than the noise within either: caches, neighbours, the luck of where
//! memory lies. With several earlier jobs that can be measured. Their variance beyond the noise within them is R.
//! DerSimonian's and N. Laird's ("Meta-analysis in clinical trials", Controlled Clinical Trials 7, 1986), and a new job
//! is expected to vary by it too. How sure all that is, in degrees of freedom, is worked out as by F. E. Satterthwaite ("An
//! approximate distribution of estimates of variance components", Biometrics Bulletin 2, 1946).

/// A value with the variance of its noise, and with how many degrees of freedom that is known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct PooledSample {
    pub(super) value: f64,
    pub(super) variance: f64,
    pub(super) freedom: f64,
}

/// The difference of a new value from earlier ones.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Difference {
    /// What the earlier ones say is usual.
    pub(super) usual: f64,
    /// The new one less that.
    pub(super) value: f64,
    /// The standard error of the difference.
    pub(super) error: f64,
    /// Its degrees of freedom.
    pub(super) freedom: f64,
}

/// Sets a new value against earlier ones, of which there is at least one; all variances are above 0.
pub(super) fn difference(earlier: &[PooledSample], new: PooledSample) -> Difference {
    let between = between(earlier);
    let weights: Vec<f64> = earlier.iter().map(|one| 1.0 / (one.variance + between)).collect();
    let weight: f64 = weights.iter().sum();
    let usual = earlier
        .iter()
        .zip(&weights)
        .map(|(one, weight)| weight * one.value)
        .sum::<f64>()
        / weight;
    let jobs = earlier.len() as f64;
    // The parts of the variance: the new job's noise, that of the usual value from noise within, and what jobs
    // differ by beyond it, once for the new one and once more for the mean of the earlier ones.
    let within = earlier
        .iter()
        .zip(&weights)
        .map(|(one, own)| (own / weight).powi(2) * one.variance);
    let apart = between * (1.0 + weights.iter().map(|own| (own / weight).powi(2)).sum::<f64>());
    let mut parts: Vec<(f64, f64)> = within
        .zip(earlier)
        .map(|(variance, one)| (variance, one.freedom))
        .collect();
    parts.push((new.variance, new.freedom));
    if between > 0.0 {
        parts.push((apart, jobs - 1.0));
    }
    let variance: f64 = parts.iter().map(|(variance, _)| variance).sum();
    let uncertain: f64 = parts
        .iter()
        .map(|(variance, freedom)| variance.powi(2) / freedom)
        .sum();
    Difference {
        usual,
        value: new.value - usual,
        error: variance.sqrt(),
        freedom: variance.powi(2) / uncertain,
    }
}

/// The variance of jobs beyond the noise within them; 0 of a single one.
fn between(earlier: &[PooledSample]) -> f64 {
    // By the formula a single one has 0 too, but only up to rounding, and then with no degree of freedom.
    if earlier.len() < 2 {
        return 0.0;
    }
    let weights = || earlier.iter().map(|one| 1.0 / one.variance);
    let weight: f64 = weights().sum();
    let mean = earlier.iter().map(|one| one.value / one.variance).sum::<f64>() / weight;
    let excess = earlier
        .iter()
        .map(|one| (one.value - mean).powi(2) / one.variance)
        .sum::<f64>()
        - (earlier.len() as f64 - 1.0);
    let scale = weight - weights().map(|own| own * own).sum::<f64>() / weight;
    if scale > 0.0 {
        (excess / scale).max(0.0)
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sample(value: f64, variance: f64) -> PooledSample {
        PooledSample {
            value,
            variance,
            freedom: 20.0,
        }
    }

    #[test]
    fn one_earlier_job_is_welchs_test() {
        let found = difference(&[sample(1.0, 0.04)], sample(2.0, 0.05));
        assert!((found.value - 1.0).abs() < 1e-12);
        assert!((found.error - 0.3).abs() < 1e-12);
        let expected = 0.09_f64.powi(2) / (0.04_f64.powi(2) / 20.0 + 0.05_f64.powi(2) / 20.0);
        assert!((found.freedom - expected).abs() < 1e-9);
    }

    proptest! {
        #[test]
        fn one_earlier_job_is_never_surer_than_its_noise(value in -10.0f64..10.0, variance in 1e-9f64..10.0) {
            let found = difference(&[sample(value, variance)], sample(0.0, variance));
            prop_assert!((found.error / (2.0 * variance).sqrt() - 1.0).abs() < 1e-9, "{:?}", found);
            prop_assert!((found.freedom - 40.0).abs() < 1e-6, "{:?}", found);
        }
    }

    #[test]
    fn earlier_jobs_that_agree_narrow_and_those_that_differ_widen() {
        let alone = difference(&[sample(1.0, 0.01)], sample(1.3, 0.01));
        let agreeing = [1.0, 1.01, 0.99, 1.0].map(|value| sample(value, 0.01));
        let agreeing = difference(&agreeing, sample(1.3, 0.01));
        assert!(agreeing.error < alone.error, "{agreeing:?} {alone:?}");
        let differing = [0.5, 1.5, 0.7, 1.3].map(|value| sample(value, 0.01));
        let differing = difference(&differing, sample(1.3, 0.01));
        assert!(differing.error > 2.0 * alone.error, "{differing:?} {alone:?}");
        // Nearly all of it is what four jobs say of their differences.
        assert!(differing.freedom < 4.0, "{differing:?}");
        assert!((differing.usual - 1.0).abs() < 1e-9);
    }
}
