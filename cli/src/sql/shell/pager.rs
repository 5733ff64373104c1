//! Answers that are longer than the screen go through the pager.

use std::io::{self, Write as _};
use std::process::{Command, Stdio};

use crate::output;

/// Options of `less` unless LESS is set: quit if the text fits, keep colours, chop long lines, do not clear the screen.
const LESS: &str = "FRSX";

/// Shows a text: at once if it fits or there is no pager.
pub(super) fn show(text: &str) {
    let rows =
        rustix::termios::tcgetwinsize(io::stdout()).map_or(usize::MAX, |size| usize::from(size.ws_row));
    // One line is left for the prompt.
    if text.lines().count() < rows.max(2) || !paged(text) {
        // Without a terminal the text is lost.
        let _ = output::print(text);
    }
}

/// Whether the pager has shown it.
fn paged(text: &str) -> bool {
    let pager = std::env::var("PAGER").unwrap_or_else(|_| "less".to_owned());
    if pager.trim().is_empty() {
        return false;
    }
    let mut command = Command::new("sh");
    command.args(["-c", &pager]).stdin(Stdio::piped());
    if std::env::var_os("LESS").is_none() {
        command.env("LESS", LESS);
    }
    let Ok(mut child) = command.spawn() else {
        return false;
    };
    if let Some(mut stdin) = child.stdin.take() {
        // A reader that has seen enough closes it.
        let _ = stdin.write_all(text.as_bytes());
    }
    // The shell's code for a program that is not there.
    child.wait().is_ok_and(|status| status.code() != Some(127))
}
