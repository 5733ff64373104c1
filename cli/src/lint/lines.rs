//! Lines of a stream in bounded memory, whatever its bytes are.

use std::io::{self, BufRead};

/// One line of a stream.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    /// Without its newline.
    Line(&'a [u8]),
    /// The last one, if there is no newline after it.
    CutOff(&'a [u8]),
    /// Beyond the limit; it was skipped up to its newline.
    TooLong,
}

/// Reads line by line.
#[derive(Debug)]
pub(crate) struct Lines<R> {
    input: R,
    longest: usize,
    line: Vec<u8>,
}

impl<R: BufRead> Lines<R> {
    /// Lines of at most `longest` bytes.
    pub(crate) const fn new(input: R, longest: usize) -> Self {
        Self {
            input,
            longest,
            line: Vec::new(),
        }
    }

    /// The next line; `None` at the end.
    ///
    /// # Errors
    /// When reading fails.
    pub(crate) fn next_piece(&mut self) -> io::Result<Option<Piece<'_>>> {
        self.line.clear();
        let mut too_long = false;
        let mut anything = false;
        loop {
            let bytes = match self.input.fill_buf() {
                Ok(bytes) => bytes,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if bytes.is_empty() {
                return Ok(match (anything, too_long) {
                    (false, _) => None,
                    (true, true) => Some(Piece::TooLong),
                    (true, false) => Some(Piece::CutOff(&self.line)),
                });
            }
            anything = true;
            let newline = bytes.iter().position(|byte| *byte == b'\n');
            let part = &bytes[..newline.unwrap_or(bytes.len())];
            too_long |= self.line.len() + part.len() > self.longest;
            if !too_long {
                self.line.extend_from_slice(part);
            }
            let used = part.len() + usize::from(newline.is_some());
            self.input.consume(used);
            if newline.is_some() {
                return Ok(Some(if too_long {
                    Piece::TooLong
                } else {
                    Piece::Line(&self.line)
                }));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_are_skipped_and_a_last_one_is_cut_off() {
        // A buffer of 3 bytes, so that every line spans several reads.
        let input = io::BufReader::with_capacity(3, &b"one\n\n123456789\nlast"[..]);
        let mut lines = Lines::new(input, 8);
        assert_eq!(lines.next_piece().unwrap(), Some(Piece::Line(b"one")));
        assert_eq!(lines.next_piece().unwrap(), Some(Piece::Line(b"")));
        assert_eq!(lines.next_piece().unwrap(), Some(Piece::TooLong));
        assert_eq!(lines.next_piece().unwrap(), Some(Piece::CutOff(b"last")));
        assert_eq!(lines.next_piece().unwrap(), None);
    }
}
