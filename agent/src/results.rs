//! The results of an assignment between the output that is read and the spool: shared by the threads that read output,
//! the task that releases iterations, and the one that passes on what is due.

mod excerpt;
mod reader;
mod transcript;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use heavy_load::load::Load;
use heavy_load::revision::Seated;
use heavy_plugin::line::{Line, NotAResult};
use heavy_plugin::lines::{LineBuffer, LinePiece};
use heavy_results::stats::{Closing, Delta, Event, GeneratorHealth};

use crate::batch::{Keep, RowBuffer};
use crate::job_clock::JobClock;
use crate::rollup::{Gap, Rollup, Unbalanced, WorkflowIndex};
use crate::spool::queue::SpoolQueue;
use heavy_process::clock::monotonic_ns;
use reader::ReaderProgress;
use transcript::Transcript;

/// How often due iterations are counted and batches looked at.
const TICK_NS: u64 = 50_000_000;

/// Gaps of one delta: those of a long job that died early must not make one batch too large.
const MAX_GAPS: usize = 20_000;

const SECOND_NS: i64 = 1_000_000_000;

/// How long after its end a second counts as complete: load tests write within a few ms.
const SETTLE_NS: i64 = 250_000_000;

/// The reason of lines before the start that did not fit.
const BEFORE_START: &str = "before-start";

#[derive(Debug)]
pub(crate) struct AssignmentResults {
    state: Mutex<ResultsState>,
    /// Kept by the thread that reads stdout.
    pub(crate) reader: ReaderProgress,
    ticked_ns: AtomicU64,
}

impl AssignmentResults {
    pub(crate) fn new(workflows: &[String], keep: Keep) -> Self {
        let state = ResultsState {
            running: None,
            rollup: Rollup::new(workflows),
            rows: RowBuffer::new(keep),
            transcript: Transcript::default(),
            health: Vec::new(),
            events: Vec::new(),
            cpu_max: 0.0,
            complete_before: 0,
            end_monotonic_ns: u64::MAX,
        };
        Self {
            state: Mutex::new(state),
            reader: ReaderProgress::new(),
            ticked_ns: AtomicU64::new(0),
        }
    }

    /// Sets the workflows, their load, and what of that belongs to this agent's seat, before any is released.
    pub(crate) fn set_load(&self, workflows: &[String], load: &Load, seated: &Seated) {
        let mut state = self.lock();
        state.rollup = Rollup::new(workflows);
        state.rollup.set_load(load, seated);
    }

    pub(crate) fn release_users(&self, workflow: WorkflowIndex, users: &[(u64, u64, u64)]) {
        self.lock().rollup.release_users(workflow, users);
    }

    pub(crate) fn users_are_done(&self) -> bool {
        self.lock().rollup.users_are_done()
    }

    /// The job has a start; what was written before it counts now.
    pub(crate) fn begin(&self, clock: JobClock, queue: Arc<SpoolQueue>) {
        let mut state = self.lock();
        state.running = Some((clock, queue));
        let early = state.transcript.take_early();
        let now_ns = clock.at(monotonic_ns());
        let lines = early.lines.split(|byte| *byte == b'\n');
        for line in lines.filter(|line| !line.is_empty()) {
            state.line(line, &clock, now_ns);
        }
        for _ in 0..early.dropped {
            state.rollup.not_result(BEFORE_START);
        }
    }

    pub(crate) fn release(&self, workflow: WorkflowIndex, due: &[(u64, u64)]) {
        self.lock().rollup.release(workflow, due);
    }

    /// Records released iterations that the load test refused: their count from the first to the last number.
    pub(crate) fn refused(&self, workflow: WorkflowIndex, span: (u64, u64, u64)) {
        self.lock().rollup.not_taken(workflow, span);
    }

    /// Takes all the output of stdout that `next` gets out of `lines`.
    pub(crate) fn stdout(&self, lines: &mut LineBuffer, next: fn(&mut LineBuffer) -> Option<LinePiece<'_>>) {
        let mut state = self.lock();
        let running = state.running.clone();
        let now_ns = running.as_ref().map_or(0, |(clock, _)| clock.at(monotonic_ns()));
        while let Some(piece) = next(lines) {
            match &running {
                Some((clock, _)) => state.piece(&piece, clock, now_ns),
                None => state.transcript.early(piece.bytes()),
            }
        }
        drop(state);
        self.tick();
    }

    /// Takes one piece of output that came before the job's start.
    pub(crate) fn early(&self, piece: &LinePiece<'_>) {
        self.lock().transcript.early(piece.bytes());
    }

    pub(crate) fn stderr(&self, line: &[u8]) {
        let mut state = self.lock();
        let at_ns = state.now_ns();
        state.transcript.stderr(line, at_ns);
    }

    /// Counts what is due and passes on what is ready, unless that was done just now.
    pub(crate) fn tick(&self) {
        let now_ns = monotonic_ns();
        let ticked_ns = self.ticked_ns.load(Ordering::Relaxed);
        if now_ns.saturating_sub(ticked_ns) < TICK_NS
            || self
                .ticked_ns
                .compare_exchange(ticked_ns, now_ns, Ordering::Relaxed, Ordering::Relaxed)
                .is_err()
        {
            return;
        }
        let read_ns = self.reader.read_ns(now_ns);
        self.lock().hand_on(now_ns, read_ns);
    }

    /// Adds a reading of how agent and load test fare; not before the start.
    pub(crate) fn health(&self, health: GeneratorHealth) {
        let mut state = self.lock();
        state.cpu_max = state.cpu_max.max(health.load_test_cpu + health.agent_cpu);
        state.health.push(health);
    }

    pub(crate) fn event(&self, kind: &str, who: &str, new_value: &str) {
        let mut state = self.lock();
        let at_ns = state.now_ns();
        state.events.push(Event {
            at_ns,
            kind: kind.to_owned(),
            who: who.to_owned(),
            old_value: String::new(),
            new_value: new_value.to_owned(),
        });
    }

    /// Nothing that becomes due after an instant counts any more, unless a line says that it was started.
    pub(crate) fn freeze(&self, end_monotonic_ns: u64) {
        let mut state = self.lock();
        state.end_monotonic_ns = state.end_monotonic_ns.min(end_monotonic_ns);
    }

    /// How many iterations are due and have no outcome.
    pub(crate) fn in_flight(&self) -> u64 {
        let state = self.lock();
        state.rollup.in_flight(state.now_ns())
    }

    /// The end of what the load test wrote: for messages about what went wrong.
    pub(crate) fn excerpts(&self) -> String {
        self.lock().transcript.excerpts()
    }

    /// Closes the account and passes on everything. What was due when releases ended and has no outcome is lost;
    /// what is planned before `until_ns` and was not due by then is dropped as a gap, as are `gaps`. With `died`
    /// the load test may have started iterations that it did not report.
    pub(crate) fn finish(
        &self,
        until_ns: u64,
        gaps: &[Gap],
        died: bool,
        fill: impl FnOnce(&mut Closing),
    ) -> Result<(), Unbalanced> {
        let mut state = self.lock();
        // Nothing follows a closing.
        let Some((clock, queue)) = state.running.take() else {
            return Ok(());
        };
        let now_monotonic_ns = monotonic_ns();
        let now_ns = clock.at(now_monotonic_ns);
        let end_monotonic_ns = state.end_monotonic_ns.min(now_monotonic_ns);
        state.rollup.close(clock.at(end_monotonic_ns), until_ns, died);
        if let Some(batch) = state.rows.take_due(now_ns, true) {
            queue.push_rows(batch);
        }
        let last = second(now_ns).saturating_add(1);
        queue.push_stats(state.delta(last));
        for gaps in gaps.chunks(MAX_GAPS) {
            state.rollup.gaps(gaps);
            queue.push_stats(state.delta(last));
        }
        let closing = state.rollup.closing().map(|mut closing| {
            closing.cpu_max = state.cpu_max;
            closing.log_lines_dropped = state.transcript.dropped();
            fill(&mut closing);
            closing
        });
        match closing {
            Ok(closing) => {
                queue.end(Some(closing));
                Ok(())
            }
            Err(error) => {
                queue.end(None);
                Err(error)
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, ResultsState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The state behind the lock, which is held for one read of output at most.
#[derive(Debug)]
struct ResultsState {
    /// The job's time and where results go; none before the start.
    running: Option<(JobClock, Arc<SpoolQueue>)>,
    rollup: Rollup,
    rows: RowBuffer,
    transcript: Transcript,
    health: Vec<GeneratorHealth>,
    events: Vec<Event>,
    cpu_max: f64,
    complete_before: u32,
    /// When releases ended.
    end_monotonic_ns: u64,
}

impl ResultsState {
    fn piece(&mut self, piece: &LinePiece<'_>, clock: &JobClock, now_ns: i64) {
        match piece {
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
            Err(reason) => return self.not_a_result(reason, line, now_ns),
        }
        if let Some((_, queue)) = &self.running
            && let Some(batch) = self.rows.take_full()
        {
            queue.push_rows(batch);
        }
    }

    fn not_a_result(&mut self, reason: NotAResult, line: &[u8], now_ns: i64) {
        self.rollup.not_result(reason.as_str());
        self.transcript.stdout(line, now_ns);
    }

    /// The job's time; 0 before it has a start.
    fn now_ns(&self) -> i64 {
        let running = self.running.as_ref();
        running.map_or(0, |(clock, _)| clock.at(monotonic_ns()))
    }

    fn hand_on(&mut self, now_monotonic_ns: u64, read_monotonic_ns: u64) {
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
