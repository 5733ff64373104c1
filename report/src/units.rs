//! Numbers as people read them: three significant digits and a unit that fits.

pub(crate) use heavy_results::digits::count;
use jiff::Timestamp;

/// A time given in ms, with three significant digits: `850ns`, `12.3µs`, `1.23ms`, `45.6s`; at most six columns up
/// to an hour.
pub(crate) fn time(ms: f64) -> String {
    if !ms.is_finite() {
        return "-".to_owned();
    }
    if ms <= 0.0 {
        return "0s".to_owned();
    }
    let ns = ms * 1e6;
    if ns.round() < 1_000.0 {
        return format!("{}ns", ns.round());
    }
    for (scale, unit) in [(1e3, "µs"), (1e6, "ms"), (1e9, "s"), (6e10, "m")] {
        let value = ns / scale;
        if value < 999.5 && !(unit == "s" && value >= 599.5) {
            return format!("{}{unit}", three_digits(value));
        }
    }
    format!("{}h", three_digits(ns / 3.6e12))
}

/// As [`time`], without trailing zeros: for round numbers.
pub(crate) fn round_time(ms: f64) -> String {
    let text = time(ms);
    let digits = text.trim_end_matches(|c: char| c.is_alphabetic());
    let unit = &text[digits.len()..];
    format!("{}{unit}", trim_zeros(digits))
}

/// A signed time given in ms: `+120µs`, `-1.20ms`.
pub(crate) fn signed_time(ms: f64) -> String {
    let sign = if ms < 0.0 { '-' } else { '+' };
    format!("{sign}{}", time(ms.abs()))
}

fn three_digits(value: f64) -> String {
    if value < 9.995 {
        format!("{value:.2}")
    } else if value < 99.95 {
        format!("{value:.1}")
    } else {
        format!("{value:.0}")
    }
}

fn trim_zeros(digits: &str) -> &str {
    if digits.contains('.') {
        digits.trim_end_matches('0').trim_end_matches('.')
    } else {
        digits
    }
}

/// A count and its noun: `1 request`, `2 requests`.
pub(crate) fn counted(n: u64, noun: &str) -> String {
    format!("{} {noun}{}", count(n), if n == 1 { "" } else { "s" })
}

/// Events per second: `0.25/s`, `99.98/s`, `2,000/s`, `1,999.9/s`.
pub(crate) fn rate(per_second: f64) -> String {
    format!("{}/s", number(per_second))
}

/// A number of unknown size and unit, with what digits matter.
pub(crate) fn number(value: f64) -> String {
    if !value.is_finite() {
        return "-".to_owned();
    }
    let size = value.abs();
    let decimals = if size < 1.0 {
        4
    } else if size < 100.0 {
        2
    } else if size < 10_000.0 {
        1
    } else {
        0
    };
    let fixed = format!("{size:.decimals$}");
    let (whole, fraction) = trim_zeros(&fixed)
        .split_once('.')
        .unwrap_or((trim_zeros(&fixed), ""));
    let whole = whole.parse().map_or_else(|_| whole.to_owned(), count);
    let sign = if value < 0.0 && (whole != "0" || !fraction.is_empty()) {
        "-"
    } else {
        ""
    };
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{sign}{whole}{point}{fraction}")
}

/// `part` of `whole` in percent. Neither 100% nor 0% is ever the result of rounding.
pub(crate) fn percent(part: f64, whole: f64) -> String {
    if whole <= 0.0 || !part.is_finite() {
        return "-".to_owned();
    }
    let percent = 100.0 * part / whole;
    if (99.95..100.0).contains(&percent) {
        ">99.9%".to_owned()
    } else if percent > 0.0 && percent < 0.05 {
        "<0.1%".to_owned()
    } else {
        format!("{percent:.1}%")
    }
}

/// Bytes in powers of 1,000: `999B`, `1.20kB`, `34.5MB`.
#[must_use]
pub fn bytes(n: u64) -> String {
    if n < 1_000 {
        return format!("{n}B");
    }
    let mut value = n as f64 / 1e3;
    for unit in ["kB", "MB", "GB", "TB"] {
        if value < 999.5 {
            return format!("{}{unit}", three_digits(value));
        }
        value /= 1e3;
    }
    format!("{}PB", three_digits(value))
}

/// An instant in ns since the Unix epoch, to the second: `2026-11-21 21:50:09 UTC`.
pub(crate) fn instant(wall_ns: u64) -> String {
    formatted(wall_ns, "%Y-%m-%d %H:%M:%S UTC")
}

/// The same as ISO 8601, without its zone, as JUnit expects it: `2026-11-21T21:50:09`.
pub(crate) fn instant_iso(wall_ns: u64) -> String {
    formatted(wall_ns, "%Y-%m-%dT%H:%M:%S")
}

fn formatted(wall_ns: u64, format: &str) -> String {
    let instant = Timestamp::from_nanosecond(wall_ns.into());
    let instant = instant.expect("2^64 ns after 1970 is the year 2554");
    instant.strftime(format).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_three_digits_and_a_unit_that_fits() {
        for (ms, expected) in [
            (0.0, "0s"),
            (0.000_001, "1ns"),
            (0.000_850, "850ns"),
            (0.000_999_6, "1.00µs"),
            (0.012_34, "12.3µs"),
            (0.999_4, "999µs"),
            (0.999_6, "1.00ms"),
            (1.234, "1.23ms"),
            (9.996, "10.0ms"),
            (123.4, "123ms"),
            (999.6, "1.00s"),
            (30_010.0, "30.0s"),
            (599_000.0, "599s"),
            (600_000.0, "10.0m"),
            (7_200_000.0, "120m"),
            (360_000_000.0, "100h"),
            (f64::NAN, "-"),
        ] {
            assert_eq!(time(ms), expected, "{ms}");
        }
        assert_eq!(round_time(1.0), "1ms");
        assert_eq!(round_time(1.5), "1.5ms");
        assert_eq!(round_time(100.0), "100ms");
        assert_eq!(signed_time(-0.12), "-120µs");
        assert_eq!(signed_time(0.0), "+0s");
    }

    #[test]
    fn counts_rates_and_shares() {
        assert_eq!(counted(1, "request"), "1 request");
        assert_eq!(counted(0, "request"), "0 requests");
        for (per_second, expected) in [
            (0.25, "0.25/s"),
            (99.98, "99.98/s"),
            (100.0, "100/s"),
            (1999.94, "1,999.9/s"),
            (40_000.4, "40,000/s"),
        ] {
            assert_eq!(rate(per_second), expected);
        }
        assert_eq!(number(-0.5), "-0.5");
        assert_eq!(number(-0.000_001), "0");
        assert_eq!(percent(999_999.0, 1_000_000.0), ">99.9%");
        assert_eq!(percent(1.0, 1_000_000.0), "<0.1%");
        assert_eq!(percent(1.0, 1.0), "100.0%");
        assert_eq!(percent(0.0, 0.0), "-");
        assert_eq!(bytes(999), "999B");
        assert_eq!(bytes(34_540_000), "34.5MB");
    }

    #[test]
    fn instants_are_in_utc() {
        for (seconds, expected) in [
            (0, "1970-01-01 00:00:00 UTC"),
            (951_782_400, "2000-02-29 00:00:00 UTC"),
            (1_795_297_809, "2026-11-21 21:50:09 UTC"),
        ] {
            assert_eq!(instant(seconds * 1_000_000_000), expected);
        }
        assert_eq!(instant(u64::MAX), "2554-07-21 23:34:33 UTC");
        assert_eq!(instant_iso(1_795_297_809_999_999_999), "2026-11-21T21:50:09");
    }
}
