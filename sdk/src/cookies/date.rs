//! Dates of cookies, in all the forms that servers write (RFC 6265, 5.1.1). Pure.

use heavy_load::date::days_from_civil;

const MONTHS: [&[u8]; 12] = [
    b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov", b"dec",
];

/// The instant in s since the Unix epoch; none if it is no date.
pub(super) fn parse(text: &str) -> Option<i64> {
    let (mut time, mut day, mut month, mut year) = (None, None, None, None);
    for token in text.as_bytes().split(|byte| is_delimiter(*byte)) {
        if time.is_none()
            && let Some(found) = time_of(token)
        {
            time = Some(found);
        } else if day.is_none()
            && let Some(found) = number(token, 1, 2)
        {
            day = Some(found);
        } else if month.is_none()
            && let Some(found) = month_of(token)
        {
            month = Some(found);
        } else if year.is_none() {
            year = number(token, 2, 4);
        }
    }
    let year = match year? {
        short @ 70..=99 => short + 1_900,
        short @ 0..=69 => short + 2_000,
        year => year,
    };
    let ((hour, minute, second), day) = (time?, day?);
    let is_date = (1..=31).contains(&day) && year >= 1_601 && hour <= 23 && minute <= 59 && second <= 59;
    is_date.then_some(())?;
    Some(days_from_civil(year, month?, day) * 86_400 + hour * 3_600 + minute * 60 + second)
}

const fn is_delimiter(byte: u8) -> bool {
    matches!(byte, 0x09 | 0x20..=0x2f | 0x3b..=0x40 | 0x5b..=0x60 | 0x7b..=0x7e)
}

/// `hh:mm:ss`, whatever follows.
fn time_of(token: &[u8]) -> Option<(i64, i64, i64)> {
    let mut parts = token.splitn(3, |byte| *byte == b':');
    let hour = whole(parts.next()?, 2)?;
    let minute = whole(parts.next()?, 2)?;
    Some((hour, minute, number(parts.next()?, 1, 2)?))
}

fn month_of(token: &[u8]) -> Option<i64> {
    let start = token.get(..3)?.to_ascii_lowercase();
    let place = MONTHS.iter().position(|month| *month == start.as_slice())?;
    Some(place as i64 + 1)
}

/// A number with a length in this range of digits, and whatever follows it.
fn number(token: &[u8], least: usize, most: usize) -> Option<i64> {
    let digits = token.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if (least..=most).contains(&digits) {
        whole(&token[..digits], most)
    } else {
        None
    }
}

fn whole(digits: &[u8], most: usize) -> Option<i64> {
    let is_number = (1..=most).contains(&digits.len()) && digits.iter().all(u8::is_ascii_digit);
    is_number.then(|| {
        digits
            .iter()
            .fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_all_forms_are_read() {
        for text in [
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
            "06-nov-1994 08:49:37",
            "6 November 94 8:49:37pm",
        ] {
            assert_eq!(parse(text), Some(784_111_777), "{text}");
        }
        assert_eq!(parse("Thu, 01 Jan 1970 00:00:00 GMT"), Some(0));
        assert_eq!(parse("Thu, 29 Feb 2024 12:00:00 GMT"), Some(1_709_208_000));
        assert_eq!(parse("Fri, 31 Dec 2038 23:59:59 GMT"), Some(2_177_452_799));
        for text in [
            "",
            "0",
            "soon",
            "Sun, 06 Nov 1994",
            "Sun, 06 Nov 1994 24:00:00",
            "06 Foo 1994 08:49:37",
            "06 Nov 1600 08:49:37",
            "32 Nov 1994 08:49:37",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
