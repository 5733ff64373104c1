//! The pieces of a line, written by hand: a load test writes two lines for every iteration, so they cost no allocation.

use crate::timestamp;

pub(super) fn list<T>(open: u8, close: u8, items: &[T], out: &mut Vec<u8>, write: impl Fn(&T, &mut Vec<u8>)) {
    out.push(open);
    for (place, item) in items.iter().enumerate() {
        if place > 0 {
            out.push(b',');
        }
        write(item, out);
    }
    out.push(close);
}

pub(super) fn error_field(error: Option<&str>, out: &mut Vec<u8>) {
    match error {
        Some(error) => text_field(b",\"error\":", error, out),
        None => out.extend_from_slice(b",\"error\":null"),
    }
}

pub(super) fn optional_text(key: &[u8], text: &str, out: &mut Vec<u8>) {
    if !text.is_empty() {
        text_field(key, text, out);
    }
}

pub(super) fn text_field(key: &[u8], text: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(key);
    string(text, out);
}

pub(super) fn raw_field(key: &[u8], json: &str, out: &mut Vec<u8>) {
    if !json.is_empty() {
        out.extend_from_slice(key);
        out.extend_from_slice(json.as_bytes());
    }
}

pub(super) fn number_field(key: &[u8], number: u64, out: &mut Vec<u8>) {
    out.extend_from_slice(key);
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

pub(super) fn flag_field(key: &[u8], flag: bool, out: &mut Vec<u8>) {
    out.extend_from_slice(key);
    out.extend_from_slice(if flag { b"true" } else { b"false" });
}

pub(super) fn time_field(key: &[u8], wall_ns: u64, out: &mut Vec<u8>) {
    out.extend_from_slice(key);
    out.push(b'"');
    timestamp::write(wall_ns, out);
    out.push(b'"');
}

/// Appends `text` as a JSON string. The common case, nothing to escape, is one copy.
pub(super) fn string(text: &str, out: &mut Vec<u8>) {
    if needs_escapes(text.as_bytes()) {
        serde_json::to_writer(out, text).expect("any text is a JSON string");
    } else {
        out.push(b'"');
        out.extend_from_slice(text.as_bytes());
        out.push(b'"');
    }
}

/// Whether some byte must be escaped in a JSON string. Nearly always none, so nothing is gained by stopping at the
/// first, and without a stop eight bytes are looked at in one step.
fn needs_escapes(bytes: &[u8]) -> bool {
    let (words, rest) = bytes.as_chunks::<8>();
    let words = words.iter().fold(0, |found, word| {
        found | word_needs_escapes(u64::from_le_bytes(*word))
    });
    let rest = rest.iter().fold(false, |found, byte| {
        found | (*byte < 0x20) | (*byte == b'"') | (*byte == b'\\')
    });
    words != 0 || rest
}

/// Not 0 if one of eight bytes needs to be escaped.
const fn word_needs_escapes(word: u64) -> u64 {
    const ONES: u64 = u64::MAX / 0xff;
    const HIGH: u64 = ONES * 0x80;
    // The lowest byte that is below `limit` sets its high bit; higher ones may too, which does no harm.
    const fn below(word: u64, limit: u64) -> u64 {
        word.wrapping_sub(ONES * limit) & !word & HIGH
    }
    let quote = word ^ (ONES * b'"' as u64);
    let backslash = word ^ (ONES * b'\\' as u64);
    below(word, 0x20) | below(quote, 1) | below(backslash, 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_that_needs_an_escape_is_found_wherever_it_stands() {
        for byte in 0..0x80 {
            let needs = byte < 0x20 || byte == b'"' || byte == b'\\';
            for length in 1..=17 {
                for place in 0..length {
                    for other in [b' ', b'~', 0x7f, 0xc3] {
                        let mut text = vec![other; length];
                        text[place] = byte;
                        assert_eq!(
                            needs_escapes(&text),
                            needs,
                            "{byte} at {place} of {length} among {other}"
                        );
                    }
                }
            }
        }
        assert!(!needs_escapes(b""));
    }
}
