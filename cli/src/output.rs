//! Where words go: results to stdout, all else to stderr, colours to terminals only.

use std::io::{self, IsTerminal as _, Write as _};
use std::path::Path;

use anyhow::Context as _;
use heavy_report::Style;
use tracing_subscriber::EnvFilter;

use crate::exit::Failure;

const DEFAULT_WIDTH: usize = 80;

/// Sends the log to stderr: warnings and worse, or what `HEAVY_LOG` says.
pub(crate) fn start_log() {
    let filter = EnvFilter::try_from_env("HEAVY_LOG").unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(colour(&io::stderr()))
        .with_target(false)
        .init();
}

/// Writes a result to stdout. A reader that has seen enough (`| head`) is no error.
pub(crate) fn print(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

/// Writes a line to stderr; if that does not work, nobody is there to be told.
pub(crate) fn note(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Writes a result to a file, or to stdout.
pub(crate) fn deliver(text: &str, file: Option<&Path>) -> Result<(), Failure> {
    match file {
        Some(file) => std::fs::write(file, text)
            .with_context(|| format!("cannot write {}", file.display()))
            .map_err(Failure::from),
        None => Ok(print(text)?),
    }
}

/// How reports look on this stdout.
pub(crate) fn style(full: bool) -> Style {
    let stdout = io::stdout();
    Style {
        colour: colour(&stdout),
        width: width(&stdout),
        full,
    }
}

fn colour(stream: &impl io::IsTerminal) -> bool {
    let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
        || std::env::var_os("TERM").is_some_and(|terminal| terminal == "dumb");
    stream.is_terminal() && !unwanted
}

fn width(stdout: &io::Stdout) -> usize {
    if !stdout.is_terminal() {
        return DEFAULT_WIDTH;
    }
    rustix::termios::tcgetwinsize(stdout).map_or(DEFAULT_WIDTH, |size| usize::from(size.ws_col))
}
