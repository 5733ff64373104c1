//! Spans of time as people write them: `30s`, `1m30s`, `250ms`, `2h`.

use std::fmt;
use std::str::FromStr;

/// A span of time in ns. Its text form is numbers with units (`d`, `h`, `m`, `s`, `ms`, `us`, `ns`), largest first; days are written as hours.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    ns: u64,
}

/// Why a duration cannot be parsed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Not numbers with units.
    #[error("invalid duration `{}`: expected a number with a unit (30s, 1m30s, 250ms, 2h)", .0.escape_debug())]
    Syntax(String),
    /// Beyond what 64 bits of ns hold, or beyond a year.
    #[error("`{0}` exceeds the longest duration, 365 days")]
    TooLong(String),
}

/// A day is read, and written as hours.
const DAY: (&str, u64) = ("d", 24 * 3_600_000_000_000);

const UNITS: [(&str, u64); 6] = [
    ("h", 3_600_000_000_000),
    ("m", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("us", 1_000),
    ("ns", 1),
];

/// No span is longer.
pub(crate) const LONGEST_NS: u64 = 365 * 24 * 3_600_000_000_000;

impl Span {
    /// No time at all.
    pub const ZERO: Self = Self { ns: 0 };

    /// Whether it is zero.
    #[must_use]
    pub const fn is_zero(&self) -> bool {
        self.ns == 0
    }

    /// Both spans, one after the other.
    pub(crate) const fn plus(self, other: Self) -> Self {
        Self {
            ns: self.ns.saturating_add(other.ns),
        }
    }

    /// A span of `ns`.
    #[must_use]
    pub const fn from_ns(ns: u64) -> Self {
        Self { ns }
    }

    /// A span of whole seconds.
    #[must_use]
    pub const fn from_s(seconds: u64) -> Self {
        Self {
            ns: seconds * 1_000_000_000,
        }
    }

    /// The span in ns.
    #[must_use]
    pub const fn ns(self) -> u64 {
        self.ns
    }

    /// The span in seconds.
    #[must_use]
    pub fn as_s(self) -> f64 {
        self.ns as f64 / 1e9
    }

    /// The same as std's duration.
    #[must_use]
    pub const fn to_std(self) -> std::time::Duration {
        std::time::Duration::from_nanos(self.ns)
    }
}

impl FromStr for Span {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let syntax = || Error::Syntax(text.to_owned());
        let mut rest = text.trim();
        let mut total: u128 = 0;
        if rest.is_empty() {
            return Err(syntax());
        }
        while !rest.is_empty() {
            let digits = rest
                .find(|c: char| !c.is_ascii_digit() && c != '.')
                .ok_or_else(syntax)?;
            let (number, after) = rest.split_at(digits);
            let letters = after
                .find(|c: char| !c.is_ascii_alphabetic())
                .unwrap_or(after.len());
            let (unit, after) = after.split_at(letters);
            let mut units = std::iter::once(&DAY).chain(&UNITS);
            let (_, unit_ns) = units.find(|(name, _)| *name == unit).ok_or_else(syntax)?;
            total += decimal_times(number, *unit_ns).ok_or_else(syntax)?;
            if total > u128::from(LONGEST_NS) {
                return Err(Error::TooLong(text.to_owned()));
            }
            rest = after;
        }
        Ok(Self {
            ns: u64::try_from(total).map_err(|_| Error::TooLong(text.to_owned()))?,
        })
    }
}

/// `number` (decimal digits with at most one point) times `unit`, rounded down; `None` if it is not a number.
fn decimal_times(number: &str, unit: u64) -> Option<u128> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.len() + fraction.len() == 0 || whole.len() > 18 || fraction.len() > 18 || fraction.contains('.')
    {
        return None;
    }
    let digits = |text: &str| {
        if text.is_empty() {
            Some(0u128)
        } else {
            text.parse::<u128>().ok()
        }
    };
    let scale = 10u128.pow(u32::try_from(fraction.len()).ok()?);
    Some((digits(whole)? * scale + digits(fraction)?) * u128::from(unit) / scale)
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.ns == 0 {
            return f.write_str("0s");
        }
        let mut rest = self.ns;
        for (unit, unit_ns) in UNITS {
            if rest >= unit_ns {
                write!(f, "{}{unit}", rest / unit_ns)?;
                rest %= unit_ns;
            }
        }
        Ok(())
    }
}

crate::serde_by_text!(Span);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn texts_people_write() {
        for (text, ns) in [
            ("30s", 30_000_000_000),
            ("1m30s", 90_000_000_000),
            ("1.5s", 1_500_000_000),
            ("250ms", 250_000_000),
            ("2h", 7_200_000_000_000),
            ("1d12h", 129_600_000_000_000),
            ("0s", 0),
            ("10us", 10_000),
        ] {
            assert_eq!(text.parse::<Span>().map(Span::ns), Ok(ns), "{text}");
        }
    }

    #[test]
    fn texts_that_are_refused() {
        for text in ["", "30", "s", "30 s", "-1s", "1x", "1.2.3s", "abc", "1e9s"] {
            assert_eq!(
                text.parse::<Span>(),
                Err(Error::Syntax(text.to_owned())),
                "{text}"
            );
        }
        assert!(matches!("9000h".parse::<Span>(), Err(Error::TooLong(_))));
        assert!(matches!(
            "999999999999999999h".parse::<Span>(),
            Err(Error::TooLong(_))
        ));
    }

    proptest! {
        #[test]
        fn every_span_survives_its_text(ns in 0..=LONGEST_NS) {
            prop_assert_eq!(Span::from_ns(ns).to_string().parse(), Ok(Span::from_ns(ns)));
        }
    }
}
