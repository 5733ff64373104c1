//! What a load test wrote that is not a result: the job's log, the end of both outputs, and lines before the start.

use super::excerpt::Excerpt;
use crate::rollup::log::JobLog;
use heavy_plugin::line::{Line, PrintedLine};
use heavy_results::stats::LogLine;

/// The most bytes of lines before the start that wait for it.
const MAX_EARLY_BYTES: usize = 1 << 20;

/// Bounded, whatever the load test writes.
#[derive(Debug, Default)]
pub(super) struct Transcript {
    log: JobLog,
    stdout: Excerpt,
    stderr: Excerpt,
    early: EarlyLines,
}

/// Lines that came before the job's start; those that are results count from then on.
#[derive(Debug, Default)]
pub(super) struct EarlyLines {
    /// Each with its newline.
    pub(super) lines: Vec<u8>,
    /// Those that did not fit.
    pub(super) dropped: u64,
}

impl Transcript {
    /// Adds a line of stdout that came before the start.
    pub(super) fn early(&mut self, line: &[u8]) {
        match Line::decode(line) {
            Ok(Line::Log(printed)) => self.stdout.push_line(printed.text.as_bytes()),
            _ => self.stdout.push_line(line),
        }
        if self.early.lines.len() + line.len() < MAX_EARLY_BYTES {
            self.early.lines.extend_from_slice(line);
            self.early.lines.push(b'\n');
        } else {
            self.early.dropped += 1;
        }
    }

    pub(super) fn take_early(&mut self) -> EarlyLines {
        std::mem::take(&mut self.early)
    }

    pub(super) fn stdout(&mut self, line: &[u8], at_ns: i64) {
        self.stdout.push_line(line);
        self.log.push("stdout", line, at_ns);
    }

    /// Adds a line that the SDK took from stdout, to send it past the results.
    pub(super) fn printed(&mut self, line: &PrintedLine<'_>, at_ns: i64) {
        self.log.count_dropped(line.dropped);
        if line.has_text() {
            self.stdout(line.text.as_bytes(), at_ns);
        }
    }

    pub(super) fn stderr(&mut self, line: &[u8], at_ns: i64) {
        self.stderr.push_line(line);
        self.log.push("stderr", line, at_ns);
    }

    pub(super) fn take_log(&mut self) -> Vec<LogLine> {
        self.log.take()
    }

    /// Counts lines that an earlier agent did not keep.
    pub(super) const fn restore_dropped(&mut self, lines: u64) {
        self.log.count_dropped(lines);
    }

    pub(super) const fn dropped(&self) -> u64 {
        self.log.dropped()
    }

    /// The end of what the load test wrote, for messages about what went wrong.
    pub(super) fn excerpts(&self) -> String {
        let (stderr, stdout) = (self.stderr.text(), self.stdout.text());
        match (stderr.is_empty(), stdout.is_empty()) {
            (true, true) => "it wrote nothing".to_owned(),
            (false, true) => format!("the end of its stderr: {stderr}"),
            (true, false) => format!("the end of its stdout: {stdout}"),
            (false, false) => format!("the end of its stderr: {stderr}\nthe end of its stdout: {stdout}"),
        }
    }
}
