//! Progress on stderr: a few lines that are kept up to date on a terminal, plain lines elsewhere.

use std::time::Duration;

use heavy_api::document::ControlledJob;
use heavy_process::footer::{self, FooterLine};
use heavy_process::log::has_colour;
use heavy_results::job::JobState;
use heavy_results::progress::Progress;
use tokio::time::Instant;

use super::control::reached;
use super::error::LEASE;
use super::follow::News;
use super::live::{Canvas, EventLog, lines, plain, standing};

const PLAIN_PERIOD: Duration = Duration::from_secs(5);
/// Where the terminal does not tell its size.
const DEFAULT_SIZE: (usize, usize) = (80, 24);

/// Shows news of one job. Whatever stays on the screen is removed on drop.
#[derive(Debug)]
pub struct ProgressDisplay {
    on_terminal: bool,
    colour: bool,
    events: EventLog,
    /// Of the last plain line.
    shown: Option<String>,
    plain_at: Instant,
}

impl Default for ProgressDisplay {
    /// On stderr: in place if that is a terminal that can do so, else plain lines.
    fn default() -> Self {
        let stderr = std::io::stderr();
        let dumb = std::env::var_os("TERM").is_none_or(|terminal| terminal == "dumb" || terminal.is_empty());
        Self {
            on_terminal: footer::terminal_size().is_some() && !dumb,
            colour: has_colour(&stderr),
            events: EventLog::default(),
            shown: None,
            plain_at: Instant::now(),
        }
    }
}

impl ProgressDisplay {
    /// Shows what has happened.
    pub fn show(&mut self, news: &News<'_>) {
        match news {
            News::Progress(progress) => {
                for line in self.events.new_lines(progress) {
                    say(&line);
                }
                self.show_progress(progress);
            }
            News::Stopping { now: false } => {
                say("stopping: running iterations get their grace; Ctrl-C again stops now");
            }
            News::Stopping { now: true } => say("stopping now; Ctrl-C again leaves the job"),
            News::Stopped(stopped) => say(&stop_reached(stopped)),
            News::NotStopped { error, again: true } => say(&format!(
                "the stop has not arrived ({error}): trying again; {LEASE}"
            )),
            News::NotStopped { error, again: false } => {
                say(&format!("the scheduler cannot stop the job: {error}"));
            }
            News::Leaving { is_stopped: true } => {
                say("leaving: the scheduler has stopped the job; results may still arrive");
            }
            News::Leaving { is_stopped: false } => {
                say(&format!("leaving: nobody has confirmed the stop; {LEASE}"));
            }
            News::Away => say("the scheduler does not answer: trying again"),
        }
    }

    /// Removes what stays on the screen.
    pub fn clear(&self) {
        if self.on_terminal {
            footer::clear();
        }
    }

    fn show_progress(&mut self, progress: &Progress) {
        if self.on_terminal {
            let (columns, rows) = footer::terminal_size().unwrap_or(DEFAULT_SIZE);
            // In the last column a terminal may wrap; the lines above have to stay in reach.
            let canvas = Canvas {
                columns: columns.saturating_sub(1).max(1),
                rows: rows.saturating_sub(1).max(1),
                colour: self.colour,
            };
            footer::draw(lines(progress, &canvas).into_iter().map(footer_line).collect());
            return;
        }
        let standing = Some(standing(progress));
        if self.shown != standing || self.plain_at.elapsed() >= PLAIN_PERIOD {
            self.shown = standing;
            self.plain_at = Instant::now();
            say(&plain(progress));
        }
    }
}

impl Drop for ProgressDisplay {
    fn drop(&mut self) {
        self.clear();
    }
}

/// Whether the load has ended, as far as the scheduler knows.
fn stop_reached(stopped: &ControlledJob) -> String {
    let what = match stopped.job.state {
        JobState::Delivering | JobState::Finished | JobState::Failed | JobState::Stopped => {
            "the load was already over"
        }
        JobState::Draining => "the load was already ending",
        JobState::Queued => "the job was queued, and is stopped",
        _ => "the scheduler stops the load",
    };
    format!("{what}{}", reached(stopped))
}

fn footer_line((text, columns): (String, usize)) -> FooterLine {
    FooterLine { text, columns }
}

fn say(line: &str) {
    footer::write_above(format!("{line}\n").as_bytes());
}
