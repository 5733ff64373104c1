//! What is known of an assignment's results between the output that is read and the spool: shared by the threads
//! that read output, the task that releases, and whoever finds that something is due to be written.

mod inner;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use heavy_load::load::Load;
use heavy_load::revision::Seated;
use heavy_results::stats::{Closing, Event, Health};

use crate::assignment::JobClock;
use crate::batch::Keep;
use crate::rollup::log::Source;
use crate::rollup::{Gap, Rollup, Unbalanced, Workflow};
use crate::spool::queue::Queue;
use crate::tail::{Lines, Piece};
use heavy_process::clock::monotonic_ns;
use inner::{Inner, second};

/// How often due iterations are counted and batches looked at.
const TICK_NS: u64 = 50_000_000;

/// Gaps of one delta: those of a long job that died early must not make one batch too large.
const MAX_GAPS: usize = 20_000;

/// The reason of lines before the start that did not fit.
const BEFORE_START: &str = "before-start";

/// The results of one assignment.
#[derive(Debug)]
pub(crate) struct Results {
    inner: Mutex<Inner>,
    /// Whether the reader has read everything and waits for more.
    waiting: AtomicBool,
    /// When the reader had last read everything.
    caught_up_ns: AtomicU64,
    ticked_ns: AtomicU64,
}

impl Results {
    /// No results yet of these workflows.
    pub(crate) fn new(workflows: &[String], keep: Keep) -> Self {
        Self {
            inner: Mutex::new(Inner::new(workflows, keep)),
            waiting: AtomicBool::new(true),
            caught_up_ns: AtomicU64::new(0),
            ticked_ns: AtomicU64::new(0),
        }
    }

    /// Says which workflows there will be, before any is released.
    pub(crate) fn set_workflows(&self, workflows: &[String]) {
        self.lock().rollup = Rollup::new(workflows);
    }

    /// Says how they are loaded, and what of that belongs to this agent's seat.
    pub(crate) fn set_load(&self, load: &Load, seated: &Seated) {
        self.lock().rollup.set_load(load, seated);
    }

    /// Takes note of users that are being released.
    pub(crate) fn release_users(&self, workflow: Workflow, users: &[(u64, u64, u64)]) {
        self.lock().rollup.release_users(workflow, users);
    }

    /// Whether all that users were to do is done.
    pub(crate) fn users_are_done(&self) -> bool {
        self.lock().rollup.users_are_done()
    }

    /// The job has a start; what was written before it counts now.
    pub(crate) fn begin(&self, clock: JobClock, queue: Arc<Queue>) {
        let mut inner = self.lock();
        inner.running = Some((clock, queue));
        let early = std::mem::take(&mut inner.early);
        let now_ns = clock.at(monotonic_ns());
        for line in early.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            inner.line(line, &clock, now_ns);
        }
        for _ in 0..std::mem::take(&mut inner.early_dropped) {
            inner.rollup.not_result(BEFORE_START);
        }
    }

    /// Takes note of iterations that are being released.
    pub(crate) fn release(&self, workflow: Workflow, due: &[(u64, u64)]) {
        self.lock().rollup.release(workflow, due);
    }

    /// Takes note of released iterations that the load test has refused: from the first to the last so many.
    pub(crate) fn refused(&self, workflow: Workflow, span: (u64, u64, u64)) {
        self.lock().rollup.not_taken(workflow, span);
    }

    /// The reader of stdout says that it waits for output.
    pub(crate) fn reader_waits(&self) {
        self.waiting.store(true, Ordering::Release);
    }

    /// The reader of stdout says that output came, and whether that was all there was.
    pub(crate) fn reader_got(&self, everything: bool) {
        if everything {
            self.caught_up_ns.store(monotonic_ns(), Ordering::Release);
        }
        self.waiting.store(false, Ordering::Release);
    }

    /// Takes all the output of stdout that `next` gets out of `lines`.
    pub(crate) fn stdout(&self, lines: &mut Lines, next: fn(&mut Lines) -> Option<Piece<'_>>) {
        let mut inner = self.lock();
        let running = inner.running.clone();
        let now_ns = running.as_ref().map_or(0, |(clock, _)| clock.at(monotonic_ns()));
        while let Some(piece) = next(lines) {
            match &running {
                Some((clock, _)) => inner.piece(&piece, clock, now_ns),
                None => inner.early(&piece),
            }
        }
        drop(inner);
        self.tick();
    }

    /// Takes one piece of output that came before the job's start.
    pub(crate) fn early(&self, piece: &Piece<'_>) {
        self.lock().early(piece);
    }

    /// Takes one line of stderr.
    pub(crate) fn stderr(&self, line: &[u8]) {
        let mut inner = self.lock();
        inner.stderr.push_line(line);
        let at_ns = inner
            .running
            .as_ref()
            .map_or(0, |(clock, _)| clock.at(monotonic_ns()));
        inner.log.push(Source::Stderr, line, at_ns);
    }

    /// Counts what is due and hands on what is ready, if that was not done just now.
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
        let read_ns = if self.waiting.load(Ordering::Acquire) {
            now_ns
        } else {
            self.caught_up_ns.load(Ordering::Acquire)
        };
        self.lock().hand_on(now_ns, read_ns);
    }

    /// Adds a reading of how agent and load test fare; those of a job that has not started are of no use.
    pub(crate) fn health(&self, health: Health) {
        let mut inner = self.lock();
        inner.cpu_max = inner.cpu_max.max(health.load_test_cpu + health.agent_cpu);
        inner.health.push(health);
    }

    /// Adds something that happened.
    pub(crate) fn event(&self, kind: &str, who: &str, new_value: &str) {
        let mut inner = self.lock();
        let at_ns = inner
            .running
            .as_ref()
            .map_or(0, |(clock, _)| clock.at(monotonic_ns()));
        inner.events.push(Event {
            at_ns,
            kind: kind.to_owned(),
            who: who.to_owned(),
            old_value: String::new(),
            new_value: new_value.to_owned(),
        });
    }

    /// Nothing that becomes due after an instant counts any more, unless a line says that it was started.
    pub(crate) fn freeze(&self, end_monotonic_ns: u64) {
        let mut inner = self.lock();
        inner.end_monotonic_ns = inner.end_monotonic_ns.min(end_monotonic_ns);
    }

    /// How many iterations are due and have no outcome.
    pub(crate) fn in_flight(&self) -> u64 {
        let inner = self.lock();
        let clock = inner.running.as_ref().map(|(clock, _)| *clock);
        let now_ns = clock.map_or(0, |clock| clock.at(monotonic_ns()));
        inner.rollup.in_flight(now_ns)
    }

    /// The end of what the load test wrote: for messages about what went wrong.
    pub(crate) fn excerpts(&self) -> String {
        let inner = self.lock();
        let (stderr, stdout) = (inner.stderr.text(), inner.stdout.text());
        match (stderr.is_empty(), stdout.is_empty()) {
            (true, true) => "it wrote nothing".to_owned(),
            (false, true) => format!("the end of its stderr: {stderr}"),
            (true, false) => format!("the end of its stdout: {stdout}"),
            (false, false) => format!("the end of its stderr: {stderr}\nthe end of its stdout: {stdout}"),
        }
    }

    /// Closes the account and hands on all there is. What was due when releases ended and has no outcome is lost;
    /// what is planned before `until_ns` and was not due by then is dropped as a gap, as are `gaps`. `died` says that
    /// the load test may not have told of all that it had started.
    pub(crate) fn finish(
        &self,
        until_ns: u64,
        gaps: &[Gap],
        died: bool,
        fill: impl FnOnce(&mut Closing),
    ) -> Result<(), Unbalanced> {
        let mut inner = self.lock();
        // Nothing follows a closing.
        let Some((clock, queue)) = inner.running.take() else {
            return Ok(());
        };
        let now_monotonic_ns = monotonic_ns();
        let now_ns = clock.at(now_monotonic_ns);
        let end_monotonic_ns = inner.end_monotonic_ns.min(now_monotonic_ns);
        inner.rollup.close(clock.at(end_monotonic_ns), until_ns, died);
        if let Some(batch) = inner.rows.take_due(now_ns, true) {
            queue.push_rows(batch);
        }
        let last = second(now_ns).saturating_add(1);
        queue.push_stats(inner.delta(last));
        for gaps in gaps.chunks(MAX_GAPS) {
            inner.rollup.gaps(gaps);
            queue.push_stats(inner.delta(last));
        }
        let closing = inner.rollup.closing().map(|mut closing| {
            closing.cpu_max = inner.cpu_max;
            closing.log_lines_dropped = inner.log.dropped();
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

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
