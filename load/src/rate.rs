//! Rates: planned iteration starts per time unit, kept as exact fractions.

use std::fmt;
use std::str::FromStr;

const NS_PER_SECOND: u64 = 1_000_000_000;

/// The highest rate that a job may ask for, in starts per second.
pub const HIGHEST_PER_SECOND: u64 = 10_000_000;

/// `count` starts per `per_ns`. Text form: `100` or `100/s`, `6000/m`, `1000/h`; decimals are allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Rate {
    count: u64,
    per_ns: u64,
}

/// Why a rate cannot be parsed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Not a number with an optional unit.
    #[error("invalid rate `{}`: expected a number with an optional unit (100, 0.5/s, 6000/m)", .0.escape_debug())]
    Syntax(String),
    /// Zero.
    #[error("a rate of 0 starts nothing: write a rate above 0, such as 100/s")]
    Zero,
    /// Above the limit.
    #[error("`{0}` exceeds the highest rate, 10000000/s")]
    TooHigh(String),
}

impl Rate {
    /// No starts at all: the end of a stage may be that, a whole job may not.
    pub const ZERO: Self = Self { count: 0, per_ns: 1 };

    /// A rate of whole starts per second.
    ///
    /// # Errors
    /// When it is 0 or above [`HIGHEST_PER_SECOND`].
    pub fn per_second(count: u64) -> Result<Self, Error> {
        Self::new(count, NS_PER_SECOND, &count.to_string())
    }

    /// A number of starts in a span, to a millionth of a start an hour.
    ///
    /// # Errors
    /// When it is 0 or above [`HIGHEST_PER_SECOND`].
    pub fn per(count: u64, per: crate::span::Span) -> Result<Self, Error> {
        const UNIT_NS: u64 = 3_600_000_000_000_000_000;
        let text = format!("{count} in {per}");
        let too_high = || Error::TooHigh(text.clone());
        let scaled = u128::from(count) * u128::from(UNIT_NS);
        let count = (scaled + u128::from(per.ns() / 2))
            .checked_div(u128::from(per.ns()))
            .ok_or_else(too_high)?;
        Self::new(u64::try_from(count).map_err(|_| too_high())?, UNIT_NS, &text)
    }

    fn new(count: u64, per_ns: u64, text: &str) -> Result<Self, Error> {
        if count == 0 {
            return Err(Error::Zero);
        }
        if u128::from(count) * u128::from(NS_PER_SECOND) > u128::from(HIGHEST_PER_SECOND) * u128::from(per_ns)
        {
            return Err(Error::TooHigh(text.to_owned()));
        }
        let divisor = greatest_common_divisor(count, per_ns);
        Ok(Self {
            count: count / divisor,
            per_ns: per_ns / divisor,
        })
    }

    /// Starts per `per_ns`, in lowest terms.
    #[must_use]
    pub const fn count(self) -> u64 {
        self.count
    }

    /// The time in which [`Self::count`] starts are planned.
    pub(crate) const fn per_ns(self) -> u64 {
        self.per_ns
    }

    /// The rate in starts per second, rounded to the nearest float.
    pub(crate) fn as_per_second(self) -> f64 {
        self.count as f64 * NS_PER_SECOND as f64 / self.per_ns as f64
    }
}

pub(crate) fn greatest_common_divisor(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

impl FromStr for Rate {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let syntax = || Error::Syntax(text.to_owned());
        let (number, unit) = text.trim().split_once('/').unwrap_or((text.trim(), "s"));
        let unit_ns = match unit {
            "s" => NS_PER_SECOND,
            "m" => 60 * NS_PER_SECOND,
            "h" => 3600 * NS_PER_SECOND,
            _ => return Err(syntax()),
        };
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !all_digits(whole) || !all_digits(fraction) || number.ends_with('.') {
            return Err(syntax());
        }
        if whole.len() > 15 {
            return Err(Error::TooHigh(text.to_owned()));
        }
        if fraction.len() > 6 {
            return Err(syntax());
        }
        let scale = 10u64.pow(u32::try_from(fraction.len()).map_err(|_| syntax())?);
        let whole: u64 = whole.parse().map_err(|_| syntax())?;
        let fraction: u64 = if fraction.is_empty() {
            0
        } else {
            fraction.parse().map_err(|_| syntax())?
        };
        let count = whole
            .checked_mul(scale)
            .and_then(|count| count.checked_add(fraction))
            .ok_or_else(|| Error::TooHigh(text.to_owned()))?;
        Self::new(count, unit_ns * scale, text)
    }
}

impl TryFrom<&str> for Rate {
    type Error = Error;

    fn try_from(text: &str) -> Result<Self, Error> {
        text.parse()
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (unit, unit_ns) in [("s", 1), ("m", 60), ("h", 3600)] {
            let scaled = u128::from(self.count) * u128::from(unit_ns * NS_PER_SECOND);
            if scaled % u128::from(self.per_ns) == 0 {
                return write!(f, "{}/{unit}", scaled / u128::from(self.per_ns));
            }
        }
        // Every rate was parsed with at most six decimals, so that in its own unit it needs no more.
        for (unit, unit_ns) in [("s", 1), ("m", 60), ("h", 3600)] {
            let micro = u128::from(self.count) * u128::from(unit_ns * NS_PER_SECOND) * 1_000_000;
            if micro % u128::from(self.per_ns) == 0 {
                let micro = micro / u128::from(self.per_ns);
                let text = format!("{}.{:06}", micro / 1_000_000, micro % 1_000_000);
                return write!(f, "{}/{unit}", text.trim_end_matches('0'));
            }
        }
        write!(f, "{}/s", self.as_per_second())
    }
}

crate::serde_by_text!(Rate, or_number);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn texts_people_write() {
        for (text, count, per_ns, shown) in [
            ("100", 1, 10_000_000, "100/s"),
            ("100/s", 1, 10_000_000, "100/s"),
            ("6000/m", 1, 10_000_000, "100/s"),
            ("1000/h", 1, 3_600_000_000, "1000/h"),
            ("0.5/s", 1, 2_000_000_000, "30/m"),
            ("2.25", 9, 4_000_000_000, "135/m"),
        ] {
            let rate: Rate = text.parse().unwrap();
            assert_eq!(
                (rate.count(), rate.per_ns(), &*rate.to_string()),
                (count, per_ns, shown),
                "{text}"
            );
        }
    }

    #[test]
    fn texts_that_are_refused() {
        for text in [
            "", "abc", "-5", "1e3", "5/d", "5/", ".5", "5.", "1/s/s", "NaN", "inf",
        ] {
            assert_eq!(
                text.parse::<Rate>(),
                Err(Error::Syntax(text.to_owned())),
                "{text}"
            );
        }
        for text in ["0", "0/s", "0.000"] {
            assert_eq!(text.parse::<Rate>(), Err(Error::Zero), "{text}");
        }
        for text in ["1000000000000", "10000001", "99999999999999999999999999"] {
            assert_eq!(
                text.parse::<Rate>(),
                Err(Error::TooHigh(text.to_owned())),
                "{text}"
            );
        }
    }

    proptest! {
        #[test]
        fn every_rate_survives_its_text(count in 1u64..=10_000_000, unit in 0..3usize, decimals in 0..4usize) {
            let text = format!("{count}.{:0decimals$}/{}", 0, ["s", "m", "h"][unit]).replace(".0/", "/");
            if let Ok(rate) = text.parse::<Rate>() {
                prop_assert_eq!(rate.to_string().parse(), Ok(rate));
            }
        }

        #[test]
        fn no_text_panics(text in "\\PC*") {
            let _ = text.parse::<Rate>();
        }
    }
}
