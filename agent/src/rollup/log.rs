//! The job's log on this agent: what the load test wrote that is not a result, bounded in rate and length.

use std::sync::Arc;

use heavy_plugin::line::LOG_LINES_PER_SECOND;
use heavy_results::stats::LogLine;

use super::redact;

/// Lines that wait for the next batch of the stats stream, if batches cannot be taken just now.
const MAX_WAITING: usize = 1000;

const SECOND_NS: i64 = 1_000_000_000;

#[derive(Debug, Default)]
pub(crate) struct JobLog {
    /// The second of the last line; none before the first.
    second: Option<i64>,
    kept_in_second: u32,
    waiting: Vec<LogLine>,
    dropped: u64,
}

impl JobLog {
    /// Takes a line of `stream` (stdout or stderr) that was read at `at_ns` from the job's start.
    pub(crate) fn push(&mut self, stream: &str, line: &[u8], at_ns: i64) {
        let second = Some(at_ns.div_euclid(SECOND_NS));
        if second != self.second {
            self.second = second;
            self.kept_in_second = 0;
        }
        if self.kept_in_second >= LOG_LINES_PER_SECOND || self.waiting.len() >= MAX_WAITING {
            self.dropped += 1;
            return;
        }
        self.kept_in_second += 1;
        // Four times as much as is kept, as a byte that is no UTF-8 becomes three.
        let line = &line[..line.len().min(4 * redact::MAX_TEXT_BYTES)];
        let text = String::from_utf8_lossy(line);
        self.waiting.push(LogLine {
            at_ns,
            stream: Arc::from(stream),
            text: Arc::from(redact::text(text.trim_end_matches('\r'), false).as_ref()),
        });
    }

    /// Counts lines that never came here.
    pub(crate) const fn count_dropped(&mut self, lines: u64) {
        self.dropped = self.dropped.saturating_add(lines);
    }

    pub(crate) fn take(&mut self) -> Vec<LogLine> {
        std::mem::take(&mut self.waiting)
    }

    /// How many lines were not kept so far.
    pub(crate) const fn dropped(&self) -> u64 {
        self.dropped
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_bounded_and_the_rest_counted() {
        let mut log = JobLog::default();
        for _ in 0..250 {
            log.push("stdout", b"hello\r", 5);
        }
        log.push("stderr", &[0xff; 20_000], SECOND_NS);
        assert_eq!(log.dropped(), 150);
        let lines = log.take();
        assert_eq!(lines.len(), 101);
        assert_eq!(lines[0].text.as_ref(), "hello");
        assert_eq!(lines[100].stream.as_ref(), "stderr");
        assert!(lines[100].text.len() <= redact::MAX_TEXT_BYTES);
        assert!(log.take().is_empty());
    }
}
