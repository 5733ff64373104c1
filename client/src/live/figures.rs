//! Figures of progress as people read them.

use heavy_report::HEIGHTS;
use heavy_results::digits::{self, grouped};

/// A length of time in whole seconds, rounded up: `6s`, `2m 5s`, `1h 5m`.
pub(super) fn span(s: f64) -> String {
    match s.ceil().max(0.0) as u64 {
        s @ 0..=119 => format!("{s}s"),
        s @ 120..=7_199 => format!("{}m {}s", s / 60, s % 60),
        s => format!("{}h {}m", s / 3_600, s % 3_600 / 60),
    }
}

/// Starts per second, with the digits that matter: `0.1`, `33.3`, `5,000`.
pub(super) fn rate(per_second: f64) -> String {
    let decimals = match per_second {
        ..10.0 => 2,
        ..100.0 => 1,
        _ => 0,
    };
    grouped(&trimmed(&format!("{per_second:.decimals$}")))
}

/// A time in ms without its unit, with three digits: `0.41`, `5.02`, `48.1`, `1,234`.
pub(super) fn ms(ms: f64) -> String {
    let decimals = match ms {
        ..0.1 => 3,
        ..10.0 => 2,
        ..100.0 => 1,
        _ => 0,
    };
    grouped(&format!("{ms:.decimals$}"))
}

/// A count that takes few columns: `99,999`, `123k`, `1.23M`.
pub(super) fn count(n: u64) -> String {
    let short = |unit: f64, name: &str| {
        let value = n as f64 / unit;
        let decimals = if value < 10.0 {
            2
        } else if value < 100.0 {
            1
        } else {
            0
        };
        format!("{value:.decimals$}{name}")
    };
    match n {
        0..=99_999 => digits::count(n),
        100_000..=999_499 => short(1e3, "k"),
        999_500..=999_499_999 => short(1e6, "M"),
        _ => short(1e9, "G"),
    }
}

/// `part` of `whole` in percent: `<0.1%`, `4.1%`; `None` if there is no part.
pub(super) fn percent(part: u64, whole: u64) -> Option<String> {
    if part == 0 || whole == 0 {
        return None;
    }
    let percent = part as f64 / whole as f64 * 100.0;
    Some(if percent < 0.1 {
        "<0.1%".to_owned()
    } else if part < whole && percent > 99.9 {
        ">99.9%".to_owned()
    } else {
        format!("{percent:.1}%")
    })
}

/// A threshold's value in its unit, with three digits.
pub(super) fn measured(value: f64, unit: &str) -> String {
    match unit {
        "share" => format!("{}%", trimmed(&ms(value * 100.0))),
        "ms" => format!("{}ms", ms(value)),
        "1/s" => format!("{}/s", rate(value)),
        "count" | "" => rate(value),
        unit => format!("{} {unit}", rate(value)),
    }
}

/// Eighths of a line, for values up to `most`.
pub(super) fn sparkline(values: &[u64], most: f64) -> String {
    let height = |value: &u64| {
        let eighths = (*value as f64 / most.max(1.0) * 8.0).ceil() as usize;
        HEIGHTS[eighths.clamp(1, HEIGHTS.len()) - 1]
    };
    values.iter().map(height).collect()
}

fn trimmed(number: &str) -> String {
    if number.contains('.') {
        number.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        number.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_that_matter() {
        assert_eq!(
            [0.0, 59.2, 125.0, 7_260.0].map(span),
            ["0s", "60s", "2m 5s", "2h 1m"]
        );
        assert_eq!(
            [0.1, 15.0, 33.333, 1e4].map(rate),
            ["0.1", "15", "33.3", "10,000"]
        );
        assert_eq!(
            [0.012, 0.41, 48.06, 1234.4].map(ms),
            ["0.012", "0.41", "48.1", "1,234"]
        );
        let counts = [99_999, 123_456, 999_600, 12_345_678, 7_000_000_000].map(count);
        assert_eq!(counts, ["99,999", "123k", "1.00M", "12.3M", "7.00G"]);
        let percents =
            [(0, 9), (1, 3), (1, 9_999), (9_999, 10_000)].map(|(part, whole)| percent(part, whole));
        assert_eq!(
            percents.map(Option::unwrap_or_default),
            ["", "33.3%", "<0.1%", ">99.9%"]
        );
        let measured = [
            (0.0414, "share"),
            (52.0, "ms"),
            (14.9951, "1/s"),
            (3.0, "count"),
            (2.0, "bytes"),
        ]
        .map(|(value, unit)| measured(value, unit));
        assert_eq!(measured, ["4.14%", "52.0ms", "15/s", "3", "2 bytes"]);
        assert_eq!(sparkline(&[0, 50, 100, 250], 100.0), "▁▄██");
    }
}
