//! Changes of a running job's load that clients ask for. Pure.

use heavy_load::rate::Rate;

/// A change of a running job's load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LoadChange {
    /// Replaces the rest of the profile by a constant rate.
    Rate(Rate),
    /// Multiplies the rest of the profile by this percentage, 1 to 10,000.
    Scale(u64),
    /// Starts no iterations until the job is resumed; the profile's clock stands still.
    Pause,
    /// Ends a pause.
    Resume,
}

impl std::str::FromStr for LoadChange {
    type Err = String;

    /// Reads a rate (`500`, `6000/m`) or a percentage (`+10%`, `-25%`).
    fn from_str(text: &str) -> Result<Self, String> {
        let Some(number) = text.strip_suffix('%') else {
            return text
                .parse()
                .map(Self::Rate)
                .map_err(|error: heavy_load::rate::Error| format!("{error}, or a change (+10% or -25%)"));
        };
        let wrong = || {
            format!(
                "invalid change of rate `{text}`: expected a percentage from -99% to +9900% (+10% or -25%)"
            )
        };
        let percent: i64 = match number.strip_prefix('+') {
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => digits.parse(),
            None if number.starts_with('-') => number.parse(),
            _ => return Err(wrong()),
        }
        .map_err(|_| wrong())?;
        u64::try_from(percent + 100)
            .ok()
            .filter(|percent| (1..=10_000).contains(percent))
            .map(Self::Scale)
            .ok_or_else(wrong)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_people_write() {
        for (text, change) in [
            ("500", LoadChange::Rate("500".parse().unwrap())),
            ("60/m", LoadChange::Rate("1".parse().unwrap())),
            ("+10%", LoadChange::Scale(110)),
            ("-25%", LoadChange::Scale(75)),
        ] {
            assert_eq!(text.parse(), Ok(change), "{text}");
        }
        for text in ["0", "fast", "10%", "+%", "+x%", "-100%", "+99999999%", "--5%"] {
            let problem = text.parse::<LoadChange>().unwrap_err();
            assert!(problem.contains("+10% or -25%"), "{text}: {problem}");
        }
    }
}
