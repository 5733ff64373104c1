//! RFC 3339 timestamps to and from nanoseconds since the Unix epoch, fast enough for every output line.

use heavy_load::date::{civil_from_days, days_from_civil};

const NS_PER_SECOND: u64 = 1_000_000_000;

/// Appends `wall_ns` as `2026-11-21T09:30:00.123456789Z`: always UTC, always nine digits.
pub(crate) fn write(wall_ns: u64, out: &mut Vec<u8>) {
    let (seconds, fraction) = (wall_ns / NS_PER_SECOND, wall_ns % NS_PER_SECOND);
    let (days, second_of_day) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = civil_from_days(days);
    let mut text = *b"0000-00-00T00:00:00.000000000Z";
    digits(&mut text[0..4], year);
    digits(&mut text[5..7], month);
    digits(&mut text[8..10], day);
    digits(&mut text[11..13], second_of_day / 3600);
    digits(&mut text[14..16], second_of_day / 60 % 60);
    digits(&mut text[17..19], second_of_day % 60);
    digits(&mut text[20..29], fraction);
    out.extend_from_slice(&text);
}

fn digits(out: &mut [u8], mut value: u64) {
    for place in out.iter_mut().rev() {
        *place = b'0' + (value % 10) as u8;
        value /= 10;
    }
}

/// Reads an RFC 3339 timestamp with `Z` or a numeric offset and any number of fraction digits (those beyond the
/// ninth are cut). `None` for anything else and for instants before 1970.
pub(crate) fn parse(text: &str) -> Option<u64> {
    let bytes = text.as_bytes();
    let number = |range: std::ops::Range<usize>| -> Option<u64> {
        bytes.get(range)?.iter().try_fold(0u64, |sum, byte| {
            byte.is_ascii_digit().then(|| sum * 10 + u64::from(byte - b'0'))
        })
    };
    let is = |at: usize, wanted: &[u8]| bytes.get(at).is_some_and(|byte| wanted.contains(byte));
    if !(is(4, b"-") && is(7, b"-") && is(10, b"Tt ") && is(13, b":") && is(16, b":")) {
        return None;
    }
    let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
    let (hour, minute, second) = (number(11..13)?, number(14..16)?, number(17..19)?);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let mut at = 19;
    let mut fraction = 0;
    if is(at, b".") {
        let digits = bytes[at + 1..]
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        let kept = digits.min(9);
        fraction = number(at + 1..at + 1 + kept).filter(|_| digits > 0)? * 10u64.pow(9 - kept as u32);
        at += 1 + digits;
    }
    let offset_seconds = match bytes.get(at)? {
        b'Z' | b'z' if bytes.len() == at + 1 => 0,
        sign @ (b'+' | b'-') if bytes.len() == at + 6 && is(at + 3, b":") => {
            let seconds = (number(at + 1..at + 3)? * 3600 + number(at + 4..at + 6)? * 60) as i64;
            if *sign == b'-' { -seconds } else { seconds }
        }
        _ => return None,
    };
    let local = days_from_civil(year as i64, month as i64, day as i64) * 86_400
        + (hour * 3600 + minute * 60 + second) as i64;
    u64::try_from(local - offset_seconds)
        .ok()?
        .checked_mul(NS_PER_SECOND)?
        .checked_add(fraction)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(wall_ns: u64) -> String {
        let mut out = Vec::new();
        write(wall_ns, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn known_instants() {
        for (text, ns) in [
            ("1970-01-01T00:00:00Z", 0),
            ("1970-01-01T00:00:00.000000001Z", 1),
            ("2000-02-29T12:00:00.5Z", 951_825_600_500_000_000),
            ("2026-11-21T09:30:00+01:30", 1_795_248_000_000_000_000),
            (
                "2019-07-04T10:00:00.123456789123-05:00",
                1_562_252_400_123_456_789,
            ),
        ] {
            assert_eq!(parse(text), Some(ns), "{text}");
        }
        assert_eq!(written(951_825_600_500_000_000), "2000-02-29T12:00:00.500000000Z");
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "",
            "now",
            "2026-11-21",
            "2026-11-21T09:30:00",
            "2026-13-21T09:30:00Z",
            "2026-11-21T09:30:00.Z",
            "2026-11-21T09:30:00Zulu",
            "1969-12-31T23:59:59Z",
            "2026-11-21T09:30:00+0130",
            "२०२६-11-21T09:30:00Z",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_instant_survives(ns in 0u64..7_000_000_000_000_000_000) {
            prop_assert_eq!(parse(&written(ns)), Some(ns));
        }

        #[test]
        fn no_text_panics(text in "\\PC*") {
            let _ = parse(&text);
        }
    }
}
