//! Cuts bytes into lines: any bytes, any length, in fixed memory.

use heavy_plugin::line::MAX_LINE_BYTES;

/// What one read may bring at most.
const READ_BYTES: usize = 256 << 10;

/// One piece of output.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    /// A line without its newline.
    Line(&'a [u8]),
    /// The start of a line that was longer than the limit; the rest of it was skipped.
    TooLong(&'a [u8]),
    /// What stood after the last newline when the output ended.
    Rest(&'a [u8]),
}

/// A buffer that is filled from one end and gives lines from the other.
#[derive(Debug)]
pub(crate) struct Lines {
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// How much after `start` is known to hold no newline.
    searched: usize,
    /// Whether the line at `start` was given as too long, so that all up to its newline is skipped.
    skipping: bool,
}

impl Default for Lines {
    fn default() -> Self {
        Self {
            // A line that is a little too long must fit, to be known as such.
            buffer: vec![0; MAX_LINE_BYTES + READ_BYTES],
            start: 0,
            end: 0,
            searched: 0,
            skipping: false,
        }
    }
}

impl Lines {
    /// Where the next read belongs; never empty.
    pub(crate) fn space(&mut self) -> &mut [u8] {
        if self.start > 0 && self.buffer.len() - self.end < READ_BYTES {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        let limit = (self.end + READ_BYTES).min(self.buffer.len());
        &mut self.buffer[self.end..limit]
    }

    /// Takes note of what a read brought.
    pub(crate) fn filled(&mut self, bytes: usize) {
        self.end = (self.end + bytes).min(self.buffer.len());
    }

    /// The next line, or what is known of one that is too long; `None` when more must be read.
    pub(crate) fn next(&mut self) -> Option<Piece<'_>> {
        loop {
            let from = self.start + self.searched;
            let Some(length) = memchr::memchr(b'\n', &self.buffer[from..self.end]) else {
                return self.without_newline();
            };
            let (start, newline) = (self.start, from + length);
            self.start = newline + 1;
            self.searched = 0;
            if self.start == self.end {
                (self.start, self.end) = (0, 0);
            }
            if std::mem::take(&mut self.skipping) {
                continue;
            }
            let line = &self.buffer[start..newline];
            return Some(if line.len() > MAX_LINE_BYTES {
                Piece::TooLong(line)
            } else {
                Piece::Line(line)
            });
        }
    }

    /// What is left when the output has ended; `None` if it ended with a newline.
    pub(crate) fn rest(&mut self) -> Option<Piece<'_>> {
        let (start, end) = (self.start, self.end);
        (self.start, self.end, self.searched) = (0, 0, 0);
        let skipping = std::mem::take(&mut self.skipping);
        (start < end && !skipping).then(|| Piece::Rest(&self.buffer[start..end]))
    }

    fn without_newline(&mut self) -> Option<Piece<'_>> {
        let (start, length) = (self.start, self.end - self.start);
        if self.skipping || length > MAX_LINE_BYTES {
            (self.start, self.end, self.searched) = (0, 0, 0);
            if !std::mem::replace(&mut self.skipping, true) {
                return Some(Piece::TooLong(&self.buffer[start..start + length]));
            }
            return None;
        }
        self.searched = length;
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cut(output: &[u8], reads: usize) -> Vec<String> {
        let mut lines = Lines::default();
        let mut pieces = Vec::new();
        let name = |piece: Piece<'_>| match piece {
            Piece::Line(line) => format!(
                "{} {}",
                line.len(),
                String::from_utf8_lossy(&line[..line.len().min(9)])
            ),
            Piece::TooLong(_) => "too long".to_owned(),
            Piece::Rest(rest) => format!("rest {}", String::from_utf8_lossy(rest)),
        };
        let mut left = output;
        while !left.is_empty() {
            let space = lines.space();
            let n = reads.min(space.len()).min(left.len());
            space[..n].copy_from_slice(&left[..n]);
            lines.filled(n);
            left = &left[n..];
            while let Some(piece) = lines.next() {
                pieces.push(name(piece));
            }
        }
        pieces.extend(lines.rest().map(name));
        pieces
    }

    #[test]
    fn a_long_line_is_skipped_to_its_newline() {
        for length in [MAX_LINE_BYTES + 1, MAX_LINE_BYTES + READ_BYTES, 10 << 20] {
            let mut output = b"one\n".to_vec();
            output.resize(output.len() + length, b'x');
            output.extend_from_slice(b"\ntwo\n\nha");
            for reads in [4096, 100_000, usize::MAX] {
                assert_eq!(
                    cut(&output, reads),
                    ["3 one", "too long", "3 two", "0 ", "rest ha"],
                    "{length} {reads}"
                );
            }
        }
    }

    #[test]
    fn the_longest_line_is_a_line() {
        let mut output = vec![b'x'; MAX_LINE_BYTES];
        output.push(b'\n');
        assert_eq!(cut(&output, 65_536), [format!("{MAX_LINE_BYTES} xxxxxxxxx")]);
    }

    #[test]
    fn a_long_line_at_the_end_is_given_once() {
        assert_eq!(cut(&vec![b'x'; 3 << 20], 65_536), ["too long"]);
    }

    proptest! {
        #[test]
        fn reads_do_not_matter(output in prop::collection::vec(prop::sample::select(&b"ab\n\0\xff"[..]), 0..200), reads in 1usize..20) {
            prop_assert_eq!(cut(&output, reads), cut(&output, usize::MAX));
        }
    }
}
