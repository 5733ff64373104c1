//! Writing output lines by hand: a load test writes two for every iteration, so they cost no allocation.

use super::{DroppedLine, IterationLine, MetricLine, Phases, RequestLine};
use crate::timestamp;

impl RequestLine<'_> {
    /// Appends the line, newline included. Empty optional fields are left out.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"sequenceID\":");
        string(&self.sequence_id, out);
        text_field(b",\"url\":", &self.url, out);
        text_field(b",\"method\":", &self.method, out);
        number_field(b",\"status\":", u64::from(self.status), out);
        number_field(b",\"size\":", self.size, out);
        time_field(b",\"timestamp\":", self.started_ns, out);
        number_field(b",\"duration\":", self.duration_ns, out);
        error_field(self.error.as_deref(), out);
        optional_text(b",\"errorKind\":", &self.error_kind, out);
        if let Some(failed) = self.failed {
            flag_field(b",\"failed\":", failed, out);
        }
        optional_text(b",\"workflow\":", &self.workflow, out);
        optional_text(b",\"step\":", &self.step, out);
        optional_text(b",\"name\":", &self.name, out);
        if let Some(iteration) = self.iteration {
            number_field(b",\"iteration\":", iteration, out);
        }
        optional_text(b",\"userID\":", &self.user_id, out);
        optional_text(b",\"requestID\":", &self.request_id, out);
        optional_text(b",\"proto\":", &self.proto, out);
        if let Some(reused) = self.reused {
            flag_field(b",\"reused\":", reused, out);
        }
        if let Some(phases) = &self.phases {
            phases_field(phases, out);
        }
        raw_field(b",\"tags\":", &self.tags, out);
        out.extend_from_slice(b"}\n");
    }
}

impl IterationLine<'_> {
    /// Appends the line, newline included.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"type\":\"iteration\",\"workflow\":");
        string(&self.workflow, out);
        number_field(b",\"iteration\":", self.iteration, out);
        optional_text(b",\"userID\":", &self.user_id, out);
        text_field(b",\"sequenceID\":", &self.sequence_id, out);
        time_field(b",\"scheduled\":", self.scheduled_ns, out);
        number_field(b",\"lag\":", self.lag_ns, out);
        if self.slot_wait_ns > 0 {
            number_field(b",\"slotWait\":", self.slot_wait_ns, out);
        }
        number_field(b",\"duration\":", self.duration_ns, out);
        flag_field(b",\"ok\":", self.ok, out);
        flag_field(b",\"interrupted\":", self.interrupted, out);
        error_field(self.error.as_deref(), out);
        if !self.steps.is_empty() {
            out.extend_from_slice(b",\"steps\":");
            list(b'[', b']', &self.steps, out, |step, out| {
                out.extend_from_slice(b"{\"name\":");
                string(&step.name, out);
                number_field(b",\"duration\":", step.duration_ns, out);
                flag_field(b",\"ok\":", step.ok, out);
                out.push(b'}');
            });
        }
        if !self.checks.is_empty() {
            out.extend_from_slice(b",\"checks\":");
            list(b'{', b'}', &self.checks, out, |check, out| {
                string(&check.name, out);
                number_field(b":[", check.passes, out);
                number_field(b",", check.fails, out);
                out.push(b']');
            });
        }
        out.extend_from_slice(b"}\n");
    }
}

impl DroppedLine<'_> {
    /// Appends the line, newline included.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"type\":\"dropped\",\"workflow\":");
        string(&self.workflow, out);
        text_field(b",\"reason\":", &self.reason, out);
        number_field(b",\"count\":", self.count, out);
        number_field(b",\"first\":", self.first, out);
        number_field(b",\"last\":", self.last, out);
        out.extend_from_slice(b"}\n");
    }
}

impl MetricLine<'_> {
    /// Appends the line, newline included; a value that is not finite is written as 0, JSON having no word for it.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"type\":\"metric\",\"name\":");
        string(&self.name, out);
        text_field(b",\"kind\":", self.kind.as_str(), out);
        out.extend_from_slice(b",\"value\":");
        let value = if self.value.is_finite() { self.value } else { 0.0 };
        serde_json::to_writer(&mut *out, &value).expect("a finite number is JSON");
        optional_text(b",\"step\":", &self.step, out);
        raw_field(b",\"tags\":", &self.tags, out);
        out.extend_from_slice(b"}\n");
    }
}

fn list<T>(open: u8, close: u8, items: &[T], out: &mut Vec<u8>, write: impl Fn(&T, &mut Vec<u8>)) {
    out.push(open);
    for (place, item) in items.iter().enumerate() {
        if place > 0 {
            out.push(b',');
        }
        write(item, out);
    }
    out.push(close);
}

fn phases_field(phases: &Phases, out: &mut Vec<u8>) {
    number_field(b",\"phases\":{\"blocked\":", phases.blocked_ns, out);
    number_field(b",\"dns\":", phases.dns_ns, out);
    number_field(b",\"connect\":", phases.connect_ns, out);
    number_field(b",\"tls\":", phases.tls_ns, out);
    number_field(b",\"send\":", phases.send_ns, out);
    number_field(b",\"wait\":", phases.wait_ns, out);
    number_field(b",\"receive\":", phases.receive_ns, out);
    out.push(b'}');
}

fn error_field(error: Option<&str>, out: &mut Vec<u8>) {
    match error {
        Some(error) => text_field(b",\"error\":", error, out),
        None => out.extend_from_slice(b",\"error\":null"),
    }
}

fn optional_text(key: &[u8], text: &str, out: &mut Vec<u8>) {
    if !text.is_empty() {
        text_field(key, text, out);
    }
}

fn text_field(key: &[u8], text: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(key);
    string(text, out);
}

fn raw_field(key: &[u8], json: &str, out: &mut Vec<u8>) {
    if !json.is_empty() {
        out.extend_from_slice(key);
        out.extend_from_slice(json.as_bytes());
    }
}

fn number_field(key: &[u8], number: u64, out: &mut Vec<u8>) {
    out.extend_from_slice(key);
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

fn flag_field(key: &[u8], flag: bool, out: &mut Vec<u8>) {
    out.extend_from_slice(key);
    out.extend_from_slice(if flag { b"true" } else { b"false" });
}

fn time_field(key: &[u8], wall_ns: u64, out: &mut Vec<u8>) {
    out.extend_from_slice(key);
    out.push(b'"');
    timestamp::write(wall_ns, out);
    out.push(b'"');
}

/// Appends `text` as a JSON string. The common case, nothing to escape, is one copy.
fn string(text: &str, out: &mut Vec<u8>) {
    if needs_escapes(text.as_bytes()) {
        serde_json::to_writer(out, text).expect("any text is a JSON string");
    } else {
        out.push(b'"');
        out.extend_from_slice(text.as_bytes());
        out.push(b'"');
    }
}

/// Whether some byte cannot stand in a JSON string as it is. Nearly always none, so nothing is gained by stopping at the
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
    // The lowest byte that is below `limit` sets its high bit; higher ones may too, which is no harm.
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
