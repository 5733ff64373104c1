//! Texts of others as they may be shown on a terminal: escaped, and no more of them than is read. Pure.

use heavy_load::escape::escape;

/// Longer lines are cut.
const MAX_LINE_CHARS: usize = 200;

/// One line, escaped and cut.
pub(super) fn one_line(text: &str) -> String {
    match text.char_indices().nth(MAX_LINE_CHARS) {
        None => escape(text),
        Some((cut, _)) => {
            let more = text[cut..].chars().count();
            format!(
                "{}\u{2026} ({} more characters)",
                escape(&text[..cut]),
                count(more as u64)
            )
        }
    }
}

/// The first lines of a body, or what it is if it is not text. `size` is its length, of which `body` may be the start.
pub(super) fn body(body: &[u8], size: u64, content_type: &str, max_lines: usize) -> Vec<String> {
    if size == 0 {
        return Vec::new();
    }
    let Some(text) = as_text(body).filter(|_| max_lines > 0) else {
        let kind = if content_type.is_empty() {
            "body"
        } else {
            content_type
        };
        return vec![format!("({}, {})", one_line(kind), bytes(size))];
    };
    let mut lines: Vec<String> = text.lines().take(max_lines).map(one_line).collect();
    let more = text.lines().skip(max_lines).count();
    if more > 0 || body.len() as u64 != size {
        lines.push(format!(
            "\u{2026} ({} more {}, {} in all)",
            count(more as u64),
            if more == 1 { "line" } else { "lines" },
            bytes(size)
        ));
    }
    lines
}

/// The body as text, unless it is not. Its last character may be cut off.
fn as_text(body: &[u8]) -> Option<&str> {
    if body.contains(&0) {
        return None;
    }
    match std::str::from_utf8(body) {
        Ok(text) => Some(text),
        Err(error) if error.error_len().is_none() => std::str::from_utf8(&body[..error.valid_up_to()]).ok(),
        Err(_) => None,
    }
}

pub(super) fn bytes(size: u64) -> String {
    let unit = if size == 1 { "byte" } else { "bytes" };
    format!("{} {unit}", count(size))
}

/// A number with separators: `12,345`.
fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A duration with three digits: `0.12ms`, `12.3ms`, `1.23s`.
pub(super) fn duration(ns: u64) -> String {
    let ms = ns as f64 / 1e6;
    match ms {
        ms if ms < 10.0 => format!("{ms:.2}ms"),
        ms if ms < 100.0 => format!("{ms:.1}ms"),
        ms if ms < 1_000.0 => format!("{ms:.0}ms"),
        ms => format!("{:.2}s", ms / 1e3),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_body_the_first_lines_are_shown() {
        assert_eq!(body(b"a\x1b[2J\tb", 7, "", 9), ["a\\u{1b}[2J\\tb"]);
        let text = "one\ntwo\r\nthree\nfour";
        assert_eq!(
            body(text.as_bytes(), 19, "text/plain", 9),
            ["one", "two", "three", "four"]
        );
        assert_eq!(
            body(text.as_bytes(), 19, "", 2),
            ["one", "two", "\u{2026} (2 more lines, 19 bytes in all)"]
        );
        assert_eq!(body(b"", 0, "text/plain", 9), [""; 0]);
        assert_eq!(
            body(b"kept", 5_000_000, "", 9)[1],
            "\u{2026} (0 more lines, 5,000,000 bytes in all)"
        );
        let long = "x".repeat(1_234);
        let shown = body(long.as_bytes(), 1_234, "", 9);
        assert!(
            shown[0].ends_with("x\u{2026} (1,034 more characters)"),
            "{shown:?}"
        );
    }

    #[test]
    fn a_body_that_is_no_text_says_what_it_is() {
        for bytes in [&b"\x89PNG\0"[..], b"\xff\xfe", b"\xe9a"] {
            assert_eq!(body(bytes, 1_234, "image/png", 9), ["(image/png, 1,234 bytes)"]);
        }
        assert_eq!(body(b"text", 4, "", 0), ["(body, 4 bytes)"]);
        // The kept part ends within a character.
        assert_eq!(body(b"caf\xc3", 5, "", 9)[0], "caf");
    }

    #[test]
    fn durations_have_three_digits() {
        for (ns, text) in [
            (123_456, "0.12ms"),
            (12_345_678, "12.3ms"),
            (123_456_789, "123ms"),
            (1_234_567_890, "1.23s"),
        ] {
            assert_eq!(duration(ns), text);
        }
    }
}
