//! The results of an assignment as plain state: the same for an agent that reads output and for one that reads the
//! journal of an agent that is gone.

mod saving;

use std::sync::Arc;

use heavy_load::vocabulary::{Ended, SandboxLevel};
use heavy_plugin::line::{Line, NotAResult};
use heavy_plugin::lines::{LineBuffer, LinePiece};
use heavy_results::stats::{Closing, Delta, Event, GeneratorHealth};

use super::transcript::Transcript;
use crate::batch::{Keep, RowBuffer};
use crate::job_clock::JobClock;
use crate::journal::JournalPosition;
use crate::journal::note::OrderKind;
use crate::journal::output::OutputMark;
use crate::rollup::{Gap, Rollup, Unbalanced};
use crate::spool::queue::SpoolQueue;

/// Gaps of one delta: those of a long job that died early must not make one batch too large.
const MAX_GAPS: usize = 20_000;

const SECOND_NS: i64 = 1_000_000_000;

/// How long after its end a second counts as complete: load tests write within a few ms.
const SETTLE_NS: i64 = 250_000_000;

/// The reason of lines before the start that did not fit.
const BEFORE_START: &str = "before-start";

/// How an account is closed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AccountEnd {
    pub(crate) ended: Ended,
    /// What is planned before this instant and was not due by the end is dropped as a gap.
    pub(crate) until_ns: u64,
    /// The scheduler's clock minus the agent's, and the bound of its error.
    pub(crate) clock_offset_ns: i64,
    pub(crate) clock_error_ns: u64,
    /// What the load test was kept from.
    pub(crate) sandbox: Option<SandboxLevel>,
}

#[derive(Debug)]
pub(crate) struct ResultsState {
    /// The job's time and where results go; none before the start.
    pub(super) running: Option<(JobClock, Arc<SpoolQueue>)>,
    pub(super) rollup: Rollup,
    rows: RowBuffer,
    pub(super) transcript: Transcript,
    pub(super) health: Vec<GeneratorHealth>,
    pub(super) events: Vec<Event>,
    pub(super) cpu_max: f64,
    complete_before: u32,
    /// When releases ended.
    pub(super) end_monotonic_ns: u64,
    /// How much of the journal has taken effect.
    position: JournalPosition,
    skipping: bool,
    ended: Option<Ended>,
    /// Whether results are missing that nobody will find.
    is_incomplete: bool,
    /// Up to when due iterations are counted, in the job's time.
    due_ns: i64,
}

impl ResultsState {
    pub(crate) fn new(workflows: &[String], keep: Keep) -> Self {
        Self {
            running: None,
            rollup: Rollup::new(workflows),
            rows: RowBuffer::new(keep),
            transcript: Transcript::default(),
            health: Vec::new(),
            events: Vec::new(),
            cpu_max: 0.0,
            complete_before: 0,
            end_monotonic_ns: u64::MAX,
            position: JournalPosition::default(),
            skipping: false,
            ended: None,
            is_incomplete: false,
            due_ns: 0,
        }
    }

    pub(crate) fn set_load(&mut self, set: impl FnOnce(&mut Rollup)) {
        set(&mut self.rollup);
    }

    /// Orders are missing.
    pub(crate) const fn lost_orders(&mut self) {
        self.rollup.trust_lines();
    }

    /// How much of the journal has taken effect.
    pub(crate) const fn position(&self) -> JournalPosition {
        self.position
    }

    /// Whether the account was closed, if not its closing written.
    pub(crate) const fn is_closed(&self) -> bool {
        self.ended.is_some()
    }

    /// Whether results are missing, by what was [saved](Self::restore) or [noted](Self::miss).
    pub(crate) const fn is_incomplete(&self) -> bool {
        self.is_incomplete
    }

    /// Notes in what is saved from now on that results are missing.
    pub(crate) const fn miss(&mut self) {
        self.is_incomplete = true;
    }

    /// Goes on after [`Self::restore`].
    pub(crate) fn resume(&mut self, clock: JobClock, queue: Arc<SpoolQueue>) {
        self.running = Some((clock, queue));
    }

    /// The job's clock is known: lines that came early count from now on.
    pub(crate) fn begin(&mut self, clock: JobClock, queue: Arc<SpoolQueue>, at_ns: u64) {
        self.running = Some((clock, queue));
        let early = self.transcript.take_early();
        let now_ns = clock.at(at_ns);
        let lines = early.lines.split(|byte| *byte == b'\n');
        for line in lines.filter(|line| !line.is_empty()) {
            self.line(line, &clock, now_ns);
        }
        for _ in 0..early.dropped {
            self.rollup.not_result(BEFORE_START);
        }
        self.pass_on_full_rows();
    }

    /// What an order means for the account.
    pub(crate) fn order(&mut self, order: &OrderKind, orders: u64) {
        self.position.orders = orders;
        match order {
            OrderKind::Release(released) => {
                let (workflow, due) = released.read();
                self.rollup.release(workflow, &due);
            }
            OrderKind::Users(released) => {
                let (workflow, users) = released.read();
                self.rollup.release_users(workflow, &users);
            }
            OrderKind::Refused(refused) => {
                let (workflow, span) = refused.read();
                self.rollup.not_taken(workflow, span);
            }
            OrderKind::Freeze(end_monotonic_ns) => {
                self.end_monotonic_ns = self.end_monotonic_ns.min(*end_monotonic_ns);
            }
            // Whoever starts has the clock and the queue: see `begin`.
            OrderKind::Start(_) | OrderKind::Revision(_) => {}
        }
    }

    /// An order took effect, which is the `orders`-th.
    pub(super) const fn ordered(&mut self, orders: u64) {
        self.position.orders = orders;
    }

    /// Takes all the output of stdout that `next` gets out of `lines`, which was read up to a mark.
    pub(crate) fn output(
        &mut self,
        lines: &mut LineBuffer,
        next: fn(&mut LineBuffer) -> Option<LinePiece<'_>>,
        mark: OutputMark,
    ) {
        let running = self.running.clone();
        let now_ns = running.as_ref().map_or(0, |(clock, _)| clock.at(mark.at_ns));
        while let Some(piece) = next(lines) {
            match &running {
                Some((clock, _)) => self.piece(&piece, clock, now_ns),
                None => self.transcript.early(piece.bytes()),
            }
        }
        self.position.output = mark.end - lines.pending() as u64;
        self.skipping = lines.is_skipping();
        self.pass_on_full_rows();
    }

    /// Takes one piece of output that came before the job's start.
    pub(crate) fn early(&mut self, piece: &LinePiece<'_>) {
        self.transcript.early(piece.bytes());
    }

    pub(crate) fn event(&mut self, kind: &str, who: &str, new_value: &str, at_ns: i64) {
        self.events.push(Event {
            at_ns,
            kind: kind.to_owned(),
            who: who.to_owned(),
            old_value: String::new(),
            new_value: new_value.to_owned(),
        });
    }

    /// Counts what is due and passes on what is ready.
    pub(crate) fn hand_on(&mut self, now_monotonic_ns: u64, read_monotonic_ns: u64) {
        let Some((clock, queue)) = self.running.clone() else {
            return;
        };
        let now_ns = clock.at(now_monotonic_ns);
        self.count_due(clock.at(now_monotonic_ns.min(self.end_monotonic_ns)));
        self.pass_on_rows(now_ns, false);
        let complete_before = second(clock.at(read_monotonic_ns) - SETTLE_NS);
        if complete_before > self.complete_before && queue.takes_stats() {
            self.complete_before = complete_before;
            self.pass_on_stats(complete_before);
        }
    }

    pub(super) fn count_due(&mut self, due_ns: i64) {
        self.due_ns = self.due_ns.max(due_ns);
        self.rollup.count_due(due_ns);
    }

    /// Passes on everything, so that what is saved then is all there is.
    pub(crate) fn flush(&mut self) {
        self.pass_on_stats(self.complete_before);
    }

    /// Closes the account and passes on everything. What was due when releases ended and has no outcome is lost.
    pub(crate) fn close(&mut self, at_ns: u64, gaps: &[Gap], end: AccountEnd) -> Result<(), Unbalanced> {
        // Nothing follows a closing.
        let Some((clock, _)) = &self.running else {
            return Ok(());
        };
        let now_ns = clock.at(at_ns);
        let end_ns = clock.at(self.end_monotonic_ns.min(at_ns));
        // It may have been closed before, and its closing was lost.
        let ended = *self.ended.get_or_insert(end.ended);
        self.rollup.close(end_ns, end.until_ns, ended == Ended::Died);
        let last = second(now_ns).saturating_add(1);
        self.pass_on_stats(last);
        for gaps in gaps.chunks(MAX_GAPS) {
            self.rollup.gaps(gaps);
            self.pass_on_stats(last);
        }
        let Some((_, queue)) = self.running.take() else {
            return Ok(());
        };
        match self.rollup.closing() {
            Ok(closing) => {
                let closing = Closing {
                    cpu_max: self.cpu_max,
                    log_lines_dropped: self.transcript.dropped(),
                    clock_offset_ns: end.clock_offset_ns,
                    clock_error_ns: end.clock_error_ns,
                    ended: Some(ended),
                    sandbox: end.sandbox,
                    ..closing
                };
                queue.end(Some(closing));
                Ok(())
            }
            Err(error) => {
                queue.end(None);
                Err(error)
            }
        }
    }

    fn piece(&mut self, piece: &LinePiece<'_>, clock: &JobClock, now_ns: i64) {
        match piece {
            // The SDK begins each of its writes with a newline.
            LinePiece::Line([]) => {}
            LinePiece::Line(line) => self.line(line, clock, now_ns),
            LinePiece::TooLong(start) => self.not_a_result(NotAResult::TooLong, start, now_ns),
            // A line that lacks nothing but its newline is a line.
            LinePiece::Rest(rest) => match Line::decode(rest) {
                Ok(_) => self.line(rest, clock, now_ns),
                Err(_) => self.not_a_result(NotAResult::CutOff, rest, now_ns),
            },
        }
    }

    fn line(&mut self, line: &[u8], clock: &JobClock, now_ns: i64) {
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
            Ok(Line::Log(line)) => self.transcript.printed(&line, now_ns),
            Err(reason) => self.not_a_result(reason, line, now_ns),
        }
    }

    fn not_a_result(&mut self, reason: NotAResult, line: &[u8], now_ns: i64) {
        self.rollup.not_result(reason.as_str());
        self.transcript.stdout(line, now_ns);
    }

    fn pass_on_full_rows(&mut self) {
        if let Some((_, queue)) = &self.running
            && let Some(batch) = self.rows.take_full()
        {
            queue.push_rows(batch, self.position.output);
        }
    }

    fn pass_on_rows(&mut self, now_ns: i64, all: bool) {
        if let Some((_, queue)) = &self.running
            && let Some(batch) = self.rows.take_due(now_ns, all)
        {
            queue.push_rows(batch, self.position.output);
        }
    }

    /// Passes on roll-ups, and rows before them: whoever goes on from there needs no rows from before.
    fn pass_on_stats(&mut self, complete_before: u32) {
        self.pass_on_rows(0, true);
        let delta = self.delta(complete_before);
        let saved = self.save();
        if let Some((_, queue)) = &self.running {
            queue.push_stats(delta, saved);
        }
    }

    fn delta(&mut self, complete_before: u32) -> Delta {
        let mut delta = self.rollup.take(complete_before);
        delta.health = std::mem::take(&mut self.health);
        delta.events = std::mem::take(&mut self.events);
        delta.log = self.transcript.take_log();
        delta
    }
}

fn second(at_ns: i64) -> u32 {
    u32::try_from(at_ns.max(0) / SECOND_NS).unwrap_or(u32::MAX)
}
