//! Lines that stay at the bottom of the terminal on stderr and are drawn again and again. Everything else that this
//! process writes to stderr meanwhile goes above them with [`write_above`], as its log does.

use std::io::{self, IsTerminal as _, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Moves the cursor up by a number of rows, within its column.
fn up(rows: usize) -> String {
    if rows == 0 {
        String::new()
    } else {
        format!("\u{1b}[{rows}A")
    }
}

/// Erases from the cursor to the end of the line.
const ERASE_LINE: &str = "\u{1b}[K";
/// Erases from the cursor to the end of the screen.
const ERASE_BELOW: &str = "\u{1b}[J";

/// A line that fits the terminal.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FooterLine {
    /// Its text, with colours and without control characters otherwise.
    pub text: String,
    /// How many columns it takes.
    pub columns: usize,
}

/// What is on the screen: the cursor is behind the last line.
#[derive(Debug)]
struct Footer {
    lines: Vec<FooterLine>,
}

static FOOTER: Mutex<Footer> = Mutex::new(Footer { lines: Vec::new() });

/// Columns and rows of the terminal on stderr; `None` if it is none, or has no size.
#[must_use]
pub fn terminal_size() -> Option<(usize, usize)> {
    let stderr = io::stderr();
    let size = rustix::termios::tcgetwinsize(&stderr)
        .ok()
        .filter(|_| stderr.is_terminal())?;
    (size.ws_col > 0 && size.ws_row > 0).then(|| (size.ws_col.into(), size.ws_row.into()))
}

/// Replaces the lines.
pub fn draw(lines: Vec<FooterLine>) {
    let mut footer = lock();
    let columns = columns();
    let text = footer.erased(columns) + &drawn(&lines);
    footer.lines = lines;
    write(text.as_bytes());
}

/// Removes the lines; the cursor is where the first one began.
pub fn clear() {
    let mut footer = lock();
    if !footer.lines.is_empty() {
        write(footer.erased(columns()).as_bytes());
        footer.lines.clear();
    }
}

/// Writes whole lines to stderr, above the lines that stay if there are any.
pub fn write_above(text: &[u8]) {
    let footer = lock();
    if footer.lines.is_empty() {
        write(text);
        return;
    }
    let mut all = footer.erased(columns()).into_bytes();
    all.extend_from_slice(text);
    if !text.ends_with(b"\n") {
        all.push(b'\n');
    }
    all.extend_from_slice(drawn(&footer.lines).as_bytes());
    write(&all);
}

/// A writer for [`write_above`]: every write is to be whole lines.
#[derive(Debug, Clone, Copy)]
pub struct Above;

impl Write for Above {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        write_above(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Footer {
    /// The escape sequences that erase the lines from a screen of `columns` columns. A terminal that has become narrower has wrapped them.
    fn erased(&self, columns: usize) -> String {
        let rows = self
            .lines
            .iter()
            .map(|line| line.columns.div_ceil(columns).max(1));
        let rows: usize = rows.sum();
        match rows.checked_sub(1) {
            Some(above) => format!("\r{}{ERASE_BELOW}", up(above)),
            None => String::new(),
        }
    }
}

fn drawn(lines: &[FooterLine]) -> String {
    let lines: Vec<String> = lines
        .iter()
        .map(|line| format!("{}{ERASE_LINE}", line.text))
        .collect();
    lines.join("\r\n")
}

fn columns() -> usize {
    terminal_size().map_or(usize::MAX, |(columns, _)| columns)
}

/// In one piece, so that nothing flickers. A failure is ignored: there is nowhere to report it.
fn write(bytes: &[u8]) {
    let mut stderr = io::stderr().lock();
    let _ = stderr.write_all(bytes).and_then(|()| stderr.flush());
}

fn lock() -> MutexGuard<'static, Footer> {
    // No critical section can leave it half changed.
    FOOTER.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn footer(columns: &[usize]) -> Footer {
        let line = |columns: &usize| FooterLine {
            text: "x".repeat(*columns),
            columns: *columns,
        };
        Footer {
            lines: columns.iter().map(line).collect(),
        }
    }

    #[test]
    fn lines_are_erased_from_the_first_on() {
        assert_eq!(footer(&[]).erased(80), "");
        assert_eq!(footer(&[20]).erased(80), "\r\u{1b}[J");
        assert_eq!(footer(&[20, 0, 79]).erased(80), "\r\u{1b}[2A\u{1b}[J");
        assert_eq!(
            footer(&[79, 79]).erased(40),
            "\r\u{1b}[3A\u{1b}[J",
            "a narrower terminal shows each in two rows"
        );
    }

    #[test]
    fn lines_follow_each_other_and_the_last_is_not_ended() {
        assert_eq!(drawn(&footer(&[2, 1]).lines), "xx\u{1b}[K\r\nx\u{1b}[K");
    }
}
