//! Logging to stderr: one format for every process.

use std::io;

use tracing_subscriber::EnvFilter;

use super::footer::Above;

/// What libraries may log. tarpc logs as an error that a call took too long, which whoever made the call handles.
const OF_LIBRARIES: &str = "tarpc=off,h2=warn,hyper=warn,tonic=warn,tower=warn,sqlx=warn";

/// Starts logging to stderr at `level`, of libraries only warnings; the filter in `HEAVY_LOG` overrides both. Call it
/// once.
pub fn start(level: &str) {
    let filter = EnvFilter::try_from_env("HEAVY_LOG")
        .unwrap_or_else(|_| EnvFilter::new(format!("{level},{OF_LIBRARIES}")));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(|| Above)
        .with_ansi(has_colour(&io::stderr()))
        .with_target(false)
        .init();
}

/// Whether to write colours to `stream`: it is a terminal, not a dumb one, and `NO_COLOR` is unset or empty.
pub fn has_colour(stream: &impl io::IsTerminal) -> bool {
    let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
        || std::env::var_os("TERM").is_some_and(|terminal| terminal == "dumb");
    stream.is_terminal() && !unwanted
}
