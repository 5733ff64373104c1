//! Student's t distribution, as far as intervals need it.

/// How likely a value at least this far from 0, on either side, is under Student's t with `df` degrees of freedom:
/// `I_x(df / 2, 1 / 2)` at `x = df / (df + t^2)` (M. Abramowitz, I. A. Stegun, "Handbook of Mathematical Functions",
/// 26.5.27 and 26.7.1).
pub(super) fn two_sided(t: f64, df: f64) -> f64 {
    incomplete_beta(df / (df + t * t), df / 2.0, 0.5)
}

/// The value beyond which, on both sides together, the share `alpha` lies.
pub(super) fn critical(alpha: f64, df: f64) -> f64 {
    let mut high = 1.0;
    while two_sided(high, df) > alpha && high < 1e9 {
        high *= 2.0;
    }
    let mut low = 0.0;
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        if two_sided(middle, df) > alpha {
            low = middle;
        } else {
            high = middle;
        }
    }
    high
}

/// The regularised incomplete beta function, by its continued fraction (26.5.8, evaluated as by W. J. Lentz, Applied
/// Optics 15, 1976).
fn incomplete_beta(x: f64, a: f64, b: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if x >= 1.0 {
        return 1.0;
    }
    let front = (ln_gamma(a + b) - ln_gamma(a) - ln_gamma(b) + a * x.ln() + b * (-x).ln_1p()).exp();
    if x < (a + 1.0) / (a + b + 2.0) {
        front * fraction(x, a, b) / a
    } else {
        1.0 - front * fraction(1.0 - x, b, a) / b
    }
}

fn fraction(x: f64, a: f64, b: f64) -> f64 {
    const SMALLEST: f64 = 1e-300;
    let away = |value: f64| if value.abs() < SMALLEST { SMALLEST } else { value };
    let mut c = 1.0;
    let mut d = 1.0 / away(1.0 - (a + b) * x / (a + 1.0));
    let mut h = d;
    for step in 1..500 {
        let m = f64::from(step);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        d = 1.0 / away(1.0 + even * d);
        c = away(1.0 + even / c);
        h *= d * c;
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        d = 1.0 / away(1.0 + odd * d);
        c = away(1.0 + odd / c);
        h *= d * c;
        if (d * c - 1.0).abs() < 1e-13 {
            break;
        }
    }
    h
}

/// The logarithm of the gamma function above 0 (C. Lanczos, SIAM Journal on Numerical Analysis 1, 1964), within 1e-10.
fn ln_gamma(x: f64) -> f64 {
    const COEFFICIENTS: [f64; 6] = [
        76.180_091_729_471_46,
        -86.505_320_329_416_77,
        24.014_098_240_830_91,
        -1.231_739_572_450_155,
        0.120_865_097_386_617_9e-2,
        -0.539_523_938_495_3e-5,
    ];
    let shifted = x + 5.5;
    let mut series = 1.000_000_000_190_015;
    for (place, coefficient) in (1_u32..).zip(COEFFICIENTS) {
        series += coefficient / (x + f64::from(place));
    }
    (x + 0.5) * shifted.ln() - shifted + (2.506_628_274_631_000_5 * series / x).ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn critical_values_are_those_of_the_tables() {
        for (alpha, df, expected) in [
            (0.05, 1.0, 12.706_2),
            (0.05, 10.0, 2.228_1),
            (0.01, 5.0, 4.032_1),
            (0.001, 30.0, 3.646_0),
            (0.05, 1e6, 1.960_0),
            (0.000_1, 1e6, 3.890_6),
        ] {
            let found = critical(alpha, df);
            assert!((found - expected).abs() < 2e-4, "{alpha} {df}: {found}");
        }
    }

    #[test]
    fn the_tails_are_whole_at_0_and_nothing_far_out() {
        assert!((two_sided(0.0, 7.0) - 1.0).abs() < 1e-12);
        assert!(two_sided(1e9, 7.0) < 1e-12);
        assert!((two_sided(1.0, 1.0) - 0.5).abs() < 1e-9);
    }
}
