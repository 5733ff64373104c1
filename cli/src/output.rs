//! Output: results go to stdout, everything else to stderr, colours to terminals only.

use std::io::{self, IsTerminal as _, Write as _};
use std::path::Path;

use anyhow::Context as _;
use heavy_process::signals::is_unread;

use crate::data_location::DataLocation;
use crate::exit::CommandFailure;

/// Logs to stderr: warnings and errors, or the levels in `HEAVY_LOG`.
pub(crate) fn start_log() {
    heavy_process::log::start("warn");
}

/// Writes a result to stdout. A closed pipe (`| head`) is not an error.
pub(crate) fn print(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if is_unread(&error) => Ok(()),
        written => written,
    }
}

/// Like [`print()`], but escapes control characters if stdout is a terminal.
pub(crate) fn print_raw(text: &str) -> io::Result<()> {
    if io::stdout().is_terminal() {
        print(&harmless(text))
    } else {
        print(text)
    }
}

/// The text with control characters escaped, line ends aside.
pub(crate) fn harmless(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let (line, end) = match line.strip_suffix('\n') {
            Some(line) => (line.strip_suffix('\r').unwrap_or(line), "\n"),
            None => (line, ""),
        };
        shown.push_str(&heavy_report::escape(line));
        shown.push_str(end);
    }
    shown
}

/// Writes a line to stderr, with control characters escaped: messages of a database may quote its content. Errors are
/// ignored.
pub(crate) fn note(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{}", harmless(text));
}

/// Says on stderr what a command reads, and from which database.
pub(crate) fn reading(what: &str, data: &DataLocation) -> Result<(), CommandFailure> {
    note(&format!("{what} from {}", data.shown()?));
    Ok(())
}

/// Writes a result to a file, or to stdout.
pub(crate) fn deliver(text: &str, file: Option<&Path>) -> Result<(), CommandFailure> {
    match file {
        Some(file) => std::fs::write(file, text)
            .with_context(|| format!("cannot write {}", file.display()))
            .map_err(CommandFailure::from),
        None => Ok(print(text)?),
    }
}

#[cfg(test)]
mod tests {
    use super::harmless;

    #[test]
    fn a_terminal_is_not_steered() {
        for (text, shown) in [
            ("a,b\r\nc,\u{1b}[2J\r\n", "a,b\nc,\\u{1b}[2J\n"),
            ("\u{9b}2J", "\\u{9b}2J"),
            ("a\rb\n\nü", "a\\rb\n\nü"),
            ("", ""),
        ] {
            assert_eq!(harmless(text), shown);
        }
    }
}
