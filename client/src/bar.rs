//! Progress on stderr: a few lines that are kept up to date on a terminal, a plain line every few seconds elsewhere.

use std::io::{IsTerminal, Write};
use std::time::Duration;

use heavy_results::job::JobState;
use heavy_results::progress::Progress;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::time::Instant;

use super::follow::News;
use super::live::{block, line};

const PLAIN_PERIOD: Duration = Duration::from_secs(5);
const TEMPLATE: &str = "{bar:24} {msg}";

/// Shows news of one job.
#[derive(Debug)]
pub struct Bar {
    bar: Option<ProgressBar>,
    shown: Option<(JobState, String)>,
    plain_at: Instant,
}

impl Default for Bar {
    /// A bar on stderr if that is a terminal, else plain lines.
    fn default() -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::with_draw_target(Some(1), ProgressDrawTarget::stderr());
            if let Ok(style) = ProgressStyle::with_template(TEMPLATE) {
                bar.set_style(style);
            }
            bar
        });
        Self {
            bar,
            shown: None,
            plain_at: Instant::now(),
        }
    }
}

impl Bar {
    /// Shows what has happened.
    pub fn show(&mut self, news: &News<'_>) {
        match news {
            News::Progress(progress) => self.show_progress(progress),
            News::Stopping { now: false } => {
                self.say("stopping: running iterations get their grace; Ctrl-C again stops now");
            }
            News::Stopping { now: true } => self.say("stopping now"),
            News::Away => self.say("the scheduler does not answer: trying again"),
        }
    }

    /// Takes the line away.
    pub fn clear(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    fn show_progress(&mut self, progress: &Progress) {
        if let Some(bar) = &self.bar {
            bar.set_length((progress.duration_s * 1e3) as u64);
            bar.set_position((progress.elapsed_s.min(progress.duration_s) * 1e3) as u64);
            bar.set_message(block(progress));
            return;
        }
        let state = Some((progress.state, progress.reason.clone()));
        if self.shown != state || self.plain_at.elapsed() >= PLAIN_PERIOD {
            self.shown = state;
            self.plain_at = Instant::now();
            self.say(&line(progress));
        }
    }

    fn say(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.println(text),
            // There is nowhere to report a failure.
            None => drop(writeln!(std::io::stderr().lock(), "{text}")),
        }
    }
}
