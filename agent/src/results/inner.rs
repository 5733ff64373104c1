//! The state of results: lines in, deltas and batches out. Its lock is held for one read of output at most.

use std::sync::Arc;

use heavy_plugin::line::{Line, NotAResult};
use heavy_results::stats::{Delta, Event, Health};

use crate::assignment::JobClock;
use crate::batch::{Keep, Rows};
use crate::rollup::Rollup;
use crate::rollup::log::{Log, Source};
use crate::spool::queue::Queue;
use crate::tail::{Excerpt, Piece};

const SECOND_NS: i64 = 1_000_000_000;

/// How long after its end a second is said to be complete: load tests write within a few ms.
const SETTLE_NS: i64 = 250_000_000;

/// Results that a load test writes before the job starts (in its init) wait, up to so many bytes.
const MAX_EARLY_BYTES: usize = 1 << 20;

#[derive(Debug)]
pub(super) struct Inner {
    /// The job's time and where results go; none before the start.
    pub(super) running: Option<(JobClock, Arc<Queue>)>,
    pub(super) rollup: Rollup,
    pub(super) rows: Rows,
    pub(super) log: Log,
    pub(super) early: Vec<u8>,
    pub(super) early_dropped: u64,
    pub(super) stdout: Excerpt,
    pub(super) stderr: Excerpt,
    pub(super) health: Vec<Health>,
    pub(super) events: Vec<Event>,
    pub(super) cpu_max: f64,
    pub(super) complete_before: u32,
    /// When releases ended.
    pub(super) end_monotonic_ns: u64,
}

impl Inner {
    pub(super) fn new(workflows: &[String], keep: Keep) -> Self {
        Self {
            running: None,
            rollup: Rollup::new(workflows),
            rows: Rows::new(keep),
            log: Log::default(),
            early: Vec::new(),
            early_dropped: 0,
            stdout: Excerpt::default(),
            stderr: Excerpt::default(),
            health: Vec::new(),
            events: Vec::new(),
            cpu_max: 0.0,
            complete_before: 0,
            end_monotonic_ns: u64::MAX,
        }
    }

    pub(super) fn piece(&mut self, piece: &Piece<'_>, clock: &JobClock, now_ns: i64) {
        match piece {
            Piece::Line(line) => self.line(line, clock, now_ns),
            Piece::TooLong(start) => self.not_a_result(NotAResult::TooLong, start, now_ns),
            // A line that lacks nothing but its newline is a line.
            Piece::Rest(rest) => match Line::decode(rest) {
                Ok(_) => self.line(rest, clock, now_ns),
                Err(_) => self.not_a_result(NotAResult::CutOff, rest, now_ns),
            },
        }
    }

    pub(super) fn line(&mut self, line: &[u8], clock: &JobClock, now_ns: i64) {
        let (rollup, rows) = (&mut self.rollup, &mut self.rows);
        match Line::decode(line) {
            Ok(Line::Request(line)) => {
                let started_ns = clock.of_wall(line.started_ns);
                let class = rollup.request(&line, started_ns, now_ns);
                rows.request(&line, &class, started_ns, now_ns, &rollup.tables);
            }
            Ok(Line::Iteration(line)) => {
                let scheduled_ns = clock.of_wall(line.scheduled_ns);
                if let Some((workflow, has_response)) = rollup.iteration(&line, scheduled_ns, now_ns) {
                    let timing = (scheduled_ns, has_response);
                    rows.iteration(&line, workflow, timing, now_ns, &rollup.tables);
                }
            }
            Ok(Line::Dropped(line)) => rollup.dropped(&line),
            Ok(Line::Metric(line)) => rollup.metric(&line, now_ns),
            Err(reason) => return self.not_a_result(reason, line, now_ns),
        }
        if let Some((_, queue)) = &self.running
            && let Some(batch) = self.rows.take_full()
        {
            queue.push_rows(batch);
        }
    }

    pub(super) fn not_a_result(&mut self, reason: NotAResult, line: &[u8], now_ns: i64) {
        self.rollup.not_result(reason.as_str());
        self.stdout.push_line(line);
        self.log.push(Source::Stdout, line, now_ns);
    }

    pub(super) fn early(&mut self, piece: &Piece<'_>) {
        let line = match piece {
            Piece::Line(line) | Piece::TooLong(line) | Piece::Rest(line) => *line,
        };
        self.stdout.push_line(line);
        if self.early.len() + line.len() < MAX_EARLY_BYTES {
            self.early.extend_from_slice(line);
            self.early.push(b'\n');
        } else {
            self.early_dropped += 1;
        }
    }

    pub(super) fn hand_on(&mut self, now_monotonic_ns: u64, read_monotonic_ns: u64) {
        let Some((clock, queue)) = self.running.clone() else {
            return;
        };
        let now_ns = clock.at(now_monotonic_ns);
        self.rollup
            .count_due(clock.at(now_monotonic_ns.min(self.end_monotonic_ns)));
        if let Some(batch) = self.rows.take_due(now_ns, false) {
            queue.push_rows(batch);
        }
        let complete_before = second(clock.at(read_monotonic_ns) - SETTLE_NS);
        if complete_before > self.complete_before && queue.takes_stats() {
            self.complete_before = complete_before;
            queue.push_stats(self.delta(complete_before));
        }
    }

    pub(super) fn delta(&mut self, complete_before: u32) -> Delta {
        let mut delta = self.rollup.take(complete_before);
        delta.health = std::mem::take(&mut self.health);
        delta.events = std::mem::take(&mut self.events);
        delta.log = self.log.take();
        delta
    }
}

pub(super) fn second(at_ns: i64) -> u32 {
    u32::try_from(at_ns.max(0) / SECOND_NS).unwrap_or(u32::MAX)
}
