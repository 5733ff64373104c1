//! An assignment in an agent process: journal, results, spool and plan, as the agent's own tasks use them.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use heavy_load::vocabulary::Ended;
use heavy_plugin::hello::Hello;
use heavy_plugin::lines::{LineBuffer, LinePiece};
use heavy_plugin::rpc::Anchor;
use heavy_proto::v1;

use super::{AgentLease, ShareTerms};
use crate::assignment::machine::{AssignmentEvent, AssignmentMachine};
use crate::assignment::plan::{ReleaseBatch, ReleasePlan};
use crate::clock::monotonic_ns;
use crate::data_dir::AgentPaths;
use crate::deliver::simulated::SimulatedDelivery;
use crate::disk_quota::DiskQuota;
use crate::job_clock::JobClock;
use crate::journal::output::OutputMark;
use crate::journal::{Journal, JournalPosition};
use crate::link::LoadLease;
use crate::orders::{AssignmentCommand, Order};
use crate::results::AssignmentResults;
use crate::results::state::AccountEnd;
use crate::spool::queue::{QueueItem, SpoolQueue};
use crate::spool::start::AssignmentStart;
use crate::spool::writer::SpoolWriter;
use crate::spool::{Spool, SpoolProducer};

/// How far ahead of their due instants iterations are released.
const AHEAD_NS: u64 = 50_000_000;

/// So that an instant is behind, and not just reached, when its end is declared.
const PAST_NS: i64 = 1_000_000;

/// An assignment from its preparation on.
#[derive(Debug)]
pub struct AgentShare {
    root: PathBuf,
    terms: ShareTerms,
    quota: DiskQuota,
    lease: LoadLease,
    pub(super) machine: AssignmentMachine,
    results: AssignmentResults,
    lines: LineBuffer,
    greeted: bool,
    mark: OutputMark,
    running: Option<RunningParts>,
    /// Whether its load test was not ended.
    pub(super) is_live: bool,
    /// Whether iterations are released now, and whether there are no more of them.
    pub(super) releases: bool,
    is_all_due: bool,
}

#[derive(Debug)]
struct RunningParts {
    clock: JobClock,
    plan: ReleasePlan,
    spool: Arc<Spool>,
    queue: Arc<SpoolQueue>,
    writer: SpoolWriter,
}

impl AgentShare {
    /// Prepares: makes the journal.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn prepare(root: &Path, terms: ShareTerms, lease: &AgentLease) -> io::Result<Self> {
        let quota = DiskQuota::new(terms.limit_bytes);
        let directory = AgentPaths::new(root.to_owned()).journal();
        let directory = directory.join(format!("{}-{}", terms.job, terms.epoch));
        let journal = Arc::new(Journal::create(&directory, &quota)?);
        let workflows = [terms.workflow.clone()];
        let load = terms.spec.load();
        let results = AssignmentResults::new(&workflows, crate::batch::Keep::of(&terms.spec), journal);
        if let Some(seated) = terms.revision.of_seat(terms.seat) {
            results.set_load(&workflows, &load, &seated);
        }
        let mut machine = AssignmentMachine::new(terms.spec.execution.graceful_stop().ns());
        machine.on(AssignmentEvent::Prepared);
        Ok(Self {
            root: root.to_owned(),
            lease: lease.of_assignment(),
            machine,
            results,
            quota,
            lines: LineBuffer::default(),
            greeted: false,
            mark: OutputMark::default(),
            running: None,
            is_live: true,
            releases: false,
            is_all_due: false,
            terms,
        })
    }

    /// Starts at an instant of the host's monotonic clock: makes the spool.
    pub(super) fn start(&mut self, start_ns: u64, wall_ns: u64) -> io::Result<SimulatedDelivery> {
        let anchor = Anchor {
            monotonic_ns: 0,
            wall_ns,
        };
        let clock = JobClock::new(anchor, start_ns);
        let producer = SpoolProducer {
            job: self.terms.job.clone(),
            agent: self.terms.agent.clone(),
            epoch: self.terms.epoch,
        };
        let workflows = [self.terms.workflow.clone()];
        let seat = (&self.terms.revision, self.terms.seat);
        let start = AssignmentStart::new(&self.terms.spec, &workflows, seat, &clock, (0, 0));
        let spools = AgentPaths::new(self.root.clone()).spool();
        let spool = Spool::create(&spools, producer, &start, &self.quota)?;
        let queue = Arc::new(SpoolQueue::default());
        self.results.begin(clock, Arc::clone(&queue));
        self.running = Some(RunningParts {
            clock,
            plan: ReleasePlan::new(self.terms.spec.load(), &self.terms.agent, &self.terms.revision),
            writer: SpoolWriter::new(Arc::clone(&spool), self.quota.clone()),
            spool: Arc::clone(&spool),
            queue,
        });
        Ok(SimulatedDelivery::new(spool))
    }

    /// Reads output: into the journal, and then into the results. `is_all`: the pipe is empty now.
    pub fn read(&mut self, output: &[u8], is_all: bool) {
        let at_ns = monotonic_ns();
        let end = self.results.journal().append_output(output, at_ns);
        let mut rest = output;
        while !rest.is_empty() && self.lines.read_from(&mut rest).is_ok() {
            self.results.reader.got(is_all);
            while !self.greeted
                && let Some(piece) = self.lines.next_piece()
            {
                match piece {
                    LinePiece::Line(line) if Hello::parse(line).is_some() => self.greeted = true,
                    piece => self.results.early(&piece),
                }
            }
            let end = end - rest.len() as u64;
            self.mark = OutputMark { end, at_ns };
            self.results
                .stdout(&mut self.lines, LineBuffer::next_piece, self.mark);
        }
        self.results.reader.waits();
    }

    /// Releases what is due soon and before the lease ends; `now_ns` is that of the boot's clock. Numbers and due instants,
    /// from the job's start. With `without_lease` it is faulty on purpose: it does not look at the lease.
    pub fn release(&mut self, now_ns: u64, without_lease: bool) -> Vec<(u64, u64)> {
        let Some(running) = self.running.as_mut().filter(|_| self.releases) else {
            return Vec::new();
        };
        let end_ns = if without_lease {
            u64::MAX
        } else {
            self.lease.end_ns()
        };
        let Some(leased_ns) = end_ns.checked_sub(now_ns) else {
            return Vec::new();
        };
        let until_ns = running.clock.at(monotonic_ns() + AHEAD_NS.min(leased_ns));
        let end_ns = i64::try_from(running.plan.end_ns()).unwrap_or(i64::MAX);
        self.is_all_due = running.clock.at(monotonic_ns()) >= end_ns.saturating_add(PAST_NS);
        let mut released = Vec::new();
        for batch in running.plan.take(u64::try_from(until_ns).unwrap_or(0)) {
            if let ReleaseBatch::Due(workflow, due) = batch {
                self.results.release(workflow, &due);
                released.extend(due);
            }
        }
        released
    }

    /// Up to when, by the boot's clock, the load test may go on.
    #[must_use]
    pub fn leased_until_ns(&self) -> u64 {
        self.lease.end_ns()
    }

    /// Whether the lease is over.
    #[must_use]
    pub fn is_lease_lost(&self, now_ns: u64) -> bool {
        self.lease.is_lost(now_ns)
    }

    /// Whether releases have come to the end of the plan.
    #[must_use]
    pub const fn is_all_due(&self) -> bool {
        self.releases && self.is_all_due
    }

    /// The job's time; 0 before the start.
    #[must_use]
    pub fn now_ns(&self) -> u64 {
        let running = self.running.as_ref();
        running.map_or(0, |running| {
            u64::try_from(running.clock.at(monotonic_ns())).unwrap_or(0)
        })
    }

    /// Goes on by a newer revision; returns the answer, once it has started.
    pub fn revise(&mut self, revise: v1::Revise) -> Option<v1::RevisionAck> {
        let job = revise.job.clone();
        let Ok(Order::Command(_, AssignmentCommand::Revise(revision))) = Order::revise(revise) else {
            return None;
        };
        let Some(running) = &mut self.running else {
            self.terms.revision = *revision;
            return None;
        };
        self.results.revised(revision.number, revision.cut_ns);
        Some(v1::RevisionAck {
            job,
            number: revision.number,
            released_until_ns: running.plan.revise(&revision),
        })
    }

    /// Its job and attempt.
    #[must_use]
    pub fn attempt(&self) -> (&str, u32) {
        (&self.terms.job, self.terms.epoch)
    }

    /// Takes what is due later out of the plan.
    pub(super) fn end_at(&mut self, end_ns: u64) {
        if let Some(running) = &mut self.running {
            running.plan.end_at(end_ns);
        }
    }

    /// Nothing counts that becomes due later.
    pub(super) fn freeze(&self) {
        self.results.freeze(monotonic_ns());
    }

    /// The load test is gone and its output read to the end.
    pub(super) fn output_ended(&mut self) {
        self.results.stdout(&mut self.lines, LineBuffer::rest, self.mark);
        self.results.journal().append_ended(monotonic_ns());
    }

    /// Looks at the results, as the agent does from time to time.
    pub fn look(&self) {
        self.results.tick();
    }

    /// Writes the spool. With `offset_first` it is faulty on purpose: the journal is told what is spooled before it is.
    pub fn spool(&mut self, offset_first: bool) {
        let Some(running) = &mut self.running else {
            return;
        };
        let items = running.queue.take_now();
        let journal = self.results.journal();
        if offset_first {
            let newest = items.iter().rev().find_map(|item| match item {
                QueueItem::Stats(of) => Some(JournalPosition {
                    output: of.1.output,
                    orders: of.1.orders,
                }),
                _ => None,
            });
            newest.into_iter().for_each(|newest| journal.covered(newest));
        }
        if items.is_empty() {
            return;
        }
        let closes = items.iter().any(|item| matches!(item, QueueItem::Closing(_)));
        running.writer.turn(items, journal, monotonic_ns());
        if closes {
            running.spool.end();
        }
    }

    /// Closes the account; an error is a defect of the agent.
    pub(super) fn close(&mut self, ended: Ended) -> Result<(), String> {
        let Some(running) = &mut self.running else {
            return Ok(());
        };
        if matches!(ended, Ended::Died | Ended::Lease) {
            running.plan.end_where_taken();
        }
        let end = AccountEnd {
            ended,
            until_ns: running.plan.end_ns(),
            clock_offset_ns: 0,
            clock_error_ns: 0,
            sandbox: None,
        };
        self.results
            .finish(&running.plan.rest(), end)
            .map_err(|error| error.to_string())
    }
}
