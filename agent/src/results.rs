//! The results of an assignment between the output that is read and the spool: shared by the threads that read output,
//! the task that releases iterations, and the one that passes on what is due.
//!
//! What has an effect on the account is in the [`Journal`] before: output where it is read, orders here, under the lock
//! that orders their effects.

mod excerpt;
mod reader;
pub(crate) mod saved;
pub(crate) mod state;
mod transcript;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use heavy_load::load::Load;
use heavy_load::revision::Seated;
use heavy_plugin::lines::{LineBuffer, LinePiece};
use heavy_results::stats::GeneratorHealth;

use crate::batch::Keep;
use crate::clock::monotonic_ns;
use crate::job_clock::JobClock;
use crate::journal::Journal;
use crate::journal::note::{
    OrderKind, RefusedSpan, ReleasedIterations, ReleasedUsers, RevisionNote, StartNote,
};
use crate::journal::output::OutputMark;
use crate::rollup::{Gap, Rollup, Unbalanced, WorkflowIndex};
use crate::spool::queue::SpoolQueue;
use reader::ReaderProgress;
use state::{AccountEnd, ResultsState};

/// How often due iterations are counted and batches looked at.
const TICK_NS: u64 = 50_000_000;

#[derive(Debug)]
pub(crate) struct AssignmentResults {
    /// Locked for one read of output at most.
    state: Mutex<ResultsState>,
    journal: Arc<Journal>,
    /// Kept by the thread that reads stdout.
    pub(crate) reader: ReaderProgress,
    ticked_ns: AtomicU64,
}

impl AssignmentResults {
    pub(crate) fn new(workflows: &[String], keep: Keep, journal: Arc<Journal>) -> Self {
        Self {
            state: Mutex::new(ResultsState::new(workflows, keep)),
            journal,
            reader: ReaderProgress::new(),
            ticked_ns: AtomicU64::new(0),
        }
    }

    pub(crate) const fn journal(&self) -> &Arc<Journal> {
        &self.journal
    }

    /// Sets the workflows, their load, and what of that belongs to this agent's seat, before any is released.
    pub(crate) fn set_load(&self, workflows: &[String], load: &Load, seated: &Seated) {
        let mut state = self.lock();
        state.rollup = Rollup::new(workflows);
        state.rollup.set_load(load, seated);
    }

    pub(crate) fn release_users(&self, workflow: WorkflowIndex, users: &[(u64, u64, u64)]) {
        let mut state = self.lock();
        self.order(&mut state, OrderKind::Users(ReleasedUsers::new(workflow, users)));
        state.rollup.release_users(workflow, users);
    }

    pub(crate) fn users_are_done(&self) -> bool {
        self.lock().rollup.users_are_done()
    }

    /// The job's clock is known: results count from now on, and go to a queue.
    pub(crate) fn begin(&self, clock: JobClock, queue: Arc<SpoolQueue>) {
        let mut state = self.lock();
        let anchor = clock.anchor();
        let start = StartNote {
            start_monotonic_ns: clock.start_monotonic_ns(),
            anchor_monotonic_ns: anchor.monotonic_ns,
            anchor_wall_ns: anchor.wall_ns,
        };
        let at_ns = self.order(&mut state, OrderKind::Start(start));
        state.begin(clock, queue, at_ns);
    }

    pub(crate) fn release(&self, workflow: WorkflowIndex, due: &[(u64, u64)]) {
        let mut state = self.lock();
        let released = ReleasedIterations::new(workflow, due);
        self.order(&mut state, OrderKind::Release(released));
        state.rollup.release(workflow, due);
    }

    /// Records a revision by which the plan goes on.
    pub(crate) fn revised(&self, number: u32, cut_ns: u64) {
        let revision = OrderKind::Revision(RevisionNote { number, cut_ns });
        self.order(&mut self.lock(), revision);
    }

    /// Records released iterations that the load test refused: their count from the first to the last number.
    pub(crate) fn refused(&self, workflow: WorkflowIndex, span: (u64, u64, u64)) {
        let mut state = self.lock();
        self.order(&mut state, OrderKind::Refused(RefusedSpan::new(workflow, span)));
        state.rollup.not_taken(workflow, span);
    }

    /// Takes all the output of stdout that `next` gets out of `lines`, which was read up to a mark.
    pub(crate) fn stdout(
        &self,
        lines: &mut LineBuffer,
        next: fn(&mut LineBuffer) -> Option<LinePiece<'_>>,
        mark: OutputMark,
    ) {
        self.lock().output(lines, next, mark);
        self.tick();
    }

    /// Takes one piece of output that came before the job's start.
    pub(crate) fn early(&self, piece: &LinePiece<'_>) {
        self.lock().early(piece);
    }

    pub(crate) fn stderr(&self, line: &[u8]) {
        let mut state = self.lock();
        let at_ns = now_ns(&state);
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
        let at_ns = now_ns(&state);
        state.event(kind, who, new_value, at_ns);
    }

    /// Nothing that becomes due after an instant counts any more, unless a line says that it was started.
    pub(crate) fn freeze(&self, end_monotonic_ns: u64) {
        let mut state = self.lock();
        self.order(&mut state, OrderKind::Freeze(end_monotonic_ns));
        state.end_monotonic_ns = state.end_monotonic_ns.min(end_monotonic_ns);
    }

    /// How many iterations are due and have no outcome.
    pub(crate) fn in_flight(&self) -> u64 {
        let state = self.lock();
        state.rollup.in_flight(now_ns(&state))
    }

    /// The end of what the load test wrote: for messages about what went wrong.
    pub(crate) fn excerpts(&self) -> String {
        self.lock().transcript.excerpts()
    }

    /// Closes the account and passes on everything. What was due when releases ended and has no outcome is lost, and
    /// `gaps` are dropped.
    pub(crate) fn finish(&self, gaps: &[Gap], end: AccountEnd) -> Result<(), Unbalanced> {
        self.lock().close(monotonic_ns(), gaps, end)
    }

    /// Puts an order into the journal before it takes effect, and returns when that was.
    fn order(&self, state: &mut ResultsState, order: OrderKind) -> u64 {
        let at_ns = monotonic_ns();
        state.ordered(self.journal.append_order(order, at_ns));
        at_ns
    }

    fn lock(&self) -> MutexGuard<'_, ResultsState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The job's time; 0 before it has a start.
fn now_ns(state: &ResultsState) -> i64 {
    let running = state.running.as_ref();
    running.map_or(0, |(clock, _)| clock.at(monotonic_ns()))
}
