//! The end of an output, kept for messages about a load test that did not work.

use std::collections::VecDeque;

const KEPT_BYTES: usize = 2 << 10;

#[derive(Debug, Default)]
pub(crate) struct Excerpt {
    bytes: VecDeque<u8>,
}

impl Excerpt {
    pub(crate) fn push_line(&mut self, line: &[u8]) {
        let line = &line[line.len().saturating_sub(KEPT_BYTES)..];
        self.bytes.extend(line);
        self.bytes.push_back(b'\n');
        let excess = self.bytes.len().saturating_sub(KEPT_BYTES);
        self.bytes.drain(..excess);
    }

    /// What is kept, as text that is safe to show: control characters are escaped.
    pub(crate) fn text(&self) -> String {
        let bytes: Vec<u8> = self.bytes.iter().copied().collect();
        let text = String::from_utf8_lossy(&bytes);
        let mut safe = String::with_capacity(text.len());
        for c in text.trim_end().chars() {
            if c.is_control() && c != '\n' && c != '\t' {
                safe.extend(c.escape_default());
            } else {
                safe.push(c);
            }
        }
        safe
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_is_kept_and_made_harmless() {
        let mut excerpt = Excerpt::default();
        excerpt.push_line(&[b'a'; 5000]);
        excerpt.push_line(b"\x1b[31mred\xff");
        let text = excerpt.text();
        assert!(text.ends_with("aaa\n\\u{1b}[31mred\u{fffd}"), "{text}");
        assert!(text.len() < KEPT_BYTES + 20);
    }
}
