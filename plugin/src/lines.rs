//! Cuts a stream into lines: any bytes, any length, in fixed memory.

use std::io::{self, Read};

use crate::line::MAX_LINE_BYTES;

/// The most that one read brings.
const READ_BYTES: usize = 256 << 10;

/// One piece of a stream.
#[derive(Debug, PartialEq, Eq)]
pub enum LinePiece<'a> {
    /// A line without its newline.
    Line(&'a [u8]),
    /// The start of a line longer than [`MAX_LINE_BYTES`]; the rest of it is skipped.
    TooLong(&'a [u8]),
    /// What stood after the last newline when the stream ended.
    Rest(&'a [u8]),
}

impl<'a> LinePiece<'a> {
    /// Its bytes, whatever it is.
    #[must_use]
    pub const fn bytes(&self) -> &'a [u8] {
        match self {
            Self::Line(line) | Self::TooLong(line) | Self::Rest(line) => line,
        }
    }
}

/// What one read brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filled {
    /// Nothing: the stream has ended.
    End,
    /// Everything that was there.
    All,
    /// As much as there was room for; there may be more.
    Full,
}

/// A buffer that reads fill from one end and lines leave from the other.
#[derive(Debug)]
pub struct LineBuffer {
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// How much after `start` is known to hold no newline.
    searched: usize,
    /// Whether the line at `start` was given as too long, so that all up to its newline is skipped.
    skipping: bool,
}

impl Default for LineBuffer {
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

impl LineBuffer {
    /// Reads once. Interrupted reads are repeated.
    ///
    /// # Errors
    /// When reading fails.
    pub fn read_from(&mut self, input: &mut impl Read) -> io::Result<Filled> {
        let space = self.space();
        let room = space.len();
        loop {
            match input.read(space) {
                Ok(bytes) => {
                    self.end = (self.end + bytes).min(self.buffer.len());
                    return Ok(match bytes {
                        0 => Filled::End,
                        bytes if bytes < room => Filled::All,
                        _ => Filled::Full,
                    });
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// How many bytes were read that no piece has had yet.
    #[must_use]
    pub const fn pending(&self) -> usize {
        self.end - self.start
    }

    /// Whether all up to the next newline is skipped.
    #[must_use]
    pub const fn is_skipping(&self) -> bool {
        self.skipping
    }

    /// Drops what is pending, and skips all up to the next newline.
    pub const fn skip_line(&mut self) {
        (self.start, self.end, self.searched) = (0, 0, 0);
        self.skipping = true;
    }

    /// Where the next read belongs; never empty.
    fn space(&mut self) -> &mut [u8] {
        if self.start > 0 && self.buffer.len() - self.end < READ_BYTES {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        let limit = (self.end + READ_BYTES).min(self.buffer.len());
        &mut self.buffer[self.end..limit]
    }

    /// The next line, or what is known of one that is too long; `None` when more must be read.
    pub fn next_piece(&mut self) -> Option<LinePiece<'_>> {
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
                LinePiece::TooLong(line)
            } else {
                LinePiece::Line(line)
            });
        }
    }

    /// What is left when the output has ended; `None` if it ended with a newline.
    pub fn rest(&mut self) -> Option<LinePiece<'_>> {
        let (start, end) = (self.start, self.end);
        (self.start, self.end, self.searched) = (0, 0, 0);
        let skipping = std::mem::take(&mut self.skipping);
        (start < end && !skipping).then(|| LinePiece::Rest(&self.buffer[start..end]))
    }

    fn without_newline(&mut self) -> Option<LinePiece<'_>> {
        let (start, length) = (self.start, self.end - self.start);
        if self.skipping || length > MAX_LINE_BYTES {
            (self.start, self.end, self.searched) = (0, 0, 0);
            if !std::mem::replace(&mut self.skipping, true) {
                return Some(LinePiece::TooLong(&self.buffer[start..start + length]));
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
        let mut lines = LineBuffer::default();
        let mut pieces = Vec::new();
        let name = |piece: LinePiece<'_>| match piece {
            LinePiece::Line(line) => format!(
                "{} {}",
                line.len(),
                String::from_utf8_lossy(&line[..line.len().min(9)])
            ),
            LinePiece::TooLong(_) => "too long".to_owned(),
            LinePiece::Rest(rest) => format!("rest {}", String::from_utf8_lossy(rest)),
        };
        let mut left = output;
        while lines.read_from(&mut (&mut left).take(reads as u64)).unwrap() != Filled::End {
            while let Some(piece) = lines.next_piece() {
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
