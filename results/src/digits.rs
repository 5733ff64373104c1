//! Numbers with their thousands apart, for people; JSON, SQL and thresholds have plain ones.

/// A count: `1,234,567`.
#[must_use]
pub fn count(n: u64) -> String {
    let mut text = String::new();
    push_grouped(&mut text, &n.to_string());
    text
}

/// The text with every whole number of four digits or more in groups: `12,000/s for 10s`. Fractions stay as they are.
#[must_use]
pub fn grouped(text: &str) -> String {
    let mut shown = String::with_capacity(text.len() + text.len() / 3);
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, from) = rest.split_at(start);
        shown.push_str(before);
        let end = from.find(|c: char| !c.is_ascii_digit()).unwrap_or(from.len());
        let (digits, after) = from.split_at(end);
        if shown.ends_with('.') {
            shown.push_str(digits);
        } else {
            push_grouped(&mut shown, digits);
        }
        rest = after;
    }
    shown.push_str(rest);
    shown
}

fn push_grouped(text: &mut String, digits: &str) {
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_apart() {
        assert_eq!(
            [0, 999, 1_000, 1_234_567].map(count),
            ["0", "999", "1,000", "1,234,567"]
        );
        for (text, shown) in [
            ("12000/s for 10s", "12,000/s for 10s"),
            ("1234.56789/s", "1,234.56789/s"),
            ("10s:1000, 1m:25000", "10s:1,000, 1m:25,000"),
            ("", ""),
        ] {
            assert_eq!(grouped(text), shown);
        }
    }
}
