//! An assignment from its start on: its clock, its spool, its plan.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use heavy_load::load::Load;
use heavy_load::revision::Revision;
use heavy_load::vocabulary::{Ended, SandboxLevel};
use heavy_process::clock;
use tokio::task::AbortHandle;

use super::failure::AssignmentFailure;
use super::health::HealthReader;
use super::live::LiveTest;
use super::plan::{ReleasePlan, SharedPlan};
use super::release::Releaser;
use crate::job_clock::JobClock;
use crate::link::LoadLease;
use crate::orders::Assignment;
use crate::results::AssignmentResults;
use crate::results::state::AccountEnd;
use crate::rollup::Unbalanced;
use crate::shared::AgentShared;
use crate::spool::start::AssignmentStart;
use crate::spool::writer::SpoolWriter;
use crate::spool::{Spool, SpoolProducer};

#[derive(Debug)]
pub(super) struct RunningShare {
    clock: JobClock,
    results: Arc<AssignmentResults>,
    /// What is planned; none before releases begin.
    plan: Option<SharedPlan>,
    releasing: Option<AbortHandle>,
    health: HealthReader,
    offset_ns: i64,
    error_ns: u64,
    sandbox: SandboxLevel,
}

impl RunningShare {
    /// Starts at an instant of the scheduler's clock. The spool with its results is to be delivered.
    pub(super) fn start(
        shared: &AgentShared,
        assignment: &Assignment,
        live: &LiveTest,
        wall_ns: u64,
    ) -> Result<(Self, Arc<Spool>), AssignmentFailure> {
        let estimate = shared.estimate();
        let (monotonic_ns, own_wall_ns) = (clock::monotonic_ns(), clock::wall_ns());
        let job_clock = JobClock::new(live.anchor, estimate.monotonic_of(wall_ns));
        let producer = SpoolProducer {
            job: assignment.job.clone(),
            agent: shared.config.name.clone(),
            epoch: assignment.epoch,
        };
        let offset_ns = estimate.offset_ns(monotonic_ns, own_wall_ns);
        let mut start = AssignmentStart::new(
            &assignment.spec,
            &live.workflows,
            (&assignment.revision, assignment.seat),
            &job_clock,
            (offset_ns, estimate.error_ns),
        );
        start.sandbox = Some(shared.sandbox);
        let cannot = |error| AssignmentFailure::internal(format_args!("cannot spool results: {error}"));
        let spool = Spool::create(&shared.spool_dir, producer, &start, &shared.quota).map_err(cannot)?;
        let journal = Arc::clone(live.results.journal());
        let queue = SpoolWriter::start(&spool, &shared.quota, journal).map_err(cannot)?;
        live.results.begin(job_clock, queue);
        let mut health = HealthReader::new(live.process.id());
        if !assignment.spec.load().is_open() {
            // Users are released once: the load test's own count would be as old.
            health.releases_ended();
        }
        let running = Self {
            clock: job_clock,
            results: Arc::clone(&live.results),
            plan: None,
            releasing: None,
            health,
            offset_ns,
            error_ns: estimate.error_ns,
            sandbox: shared.sandbox,
        };
        Ok((running, spool))
    }

    /// Plans the load by a revision, and returns what releases it.
    pub(super) fn releaser(
        &mut self,
        (load, revision): (Load, &Revision),
        agent: &str,
        lease: &LoadLease,
        live: &LiveTest,
    ) -> Releaser {
        let plan = SharedPlan::new(ReleasePlan::new(load, agent, revision));
        self.plan = Some(plan.clone());
        Releaser {
            plan,
            clock: self.clock,
            lease: lease.clone(),
            client: live.client.clone(),
            workflows: live.workflows.clone(),
            results: Arc::clone(&self.results),
            in_flight: Arc::clone(&self.health.in_flight),
            out_of_data: AtomicBool::new(false),
        }
    }

    /// Keeps the handle by which releases end early.
    pub(super) fn releases_run(&mut self, releasing: AbortHandle) {
        self.releasing = Some(releasing);
    }

    pub(super) fn end_releases(&mut self) {
        if let Some(releasing) = self.releasing.take() {
            releasing.abort();
        }
        self.health.releases_ended();
    }

    /// Continues the plan by a newer revision. Returns up to where everything had been released; `None` before
    /// releases begin.
    pub(super) fn revise(&self, revision: &Revision) -> Option<u64> {
        let plan = self.plan.as_ref()?;
        self.results.revised(revision.number, revision.cut_ns);
        Some(plan.lock().revise(revision))
    }

    /// Takes what is due at an instant or later out of the plan.
    pub(super) fn end_plan(&self, end_ns: u64) {
        if let Some(plan) = &self.plan {
            plan.lock().end_at(end_ns);
        }
    }

    pub(super) fn now_ns(&self) -> i64 {
        self.clock.at(clock::monotonic_ns())
    }

    pub(super) fn event(&self, kind: &str, who: &str) {
        self.results.event(kind, who, "");
    }

    /// Reads the health once a second, and passes on the results that are ready.
    pub(super) fn look(&mut self, spooled_bytes: u64) {
        let (now_ns, results) = (self.now_ns(), &self.results);
        if let Some(health) = self.health.reading(now_ns, || results.in_flight(), spooled_bytes) {
            results.health(health);
        }
        results.tick();
    }

    /// Closes the account; an error is a defect of the agent.
    pub(super) async fn close(&self, ended: Ended) -> Result<(), Unbalanced> {
        let plan = self.plan.clone();
        // What is due later, the scheduler accounts for: this agent does not hear from when on others have its share.
        let others_continue = matches!(ended, Ended::Died | Ended::Lease);
        // Counting what is left of a long job takes too long for this thread.
        let counted = tokio::task::spawn_blocking(move || {
            plan.map_or((0, Vec::new()), |plan| {
                let mut plan = plan.lock();
                if others_continue {
                    plan.end_where_taken();
                }
                (plan.end_ns(), plan.rest())
            })
        });
        let (until_ns, gaps) = match counted.await {
            Ok(counted) => counted,
            Err(failed) => std::panic::resume_unwind(failed.into_panic()),
        };
        let end = AccountEnd {
            ended,
            until_ns,
            clock_offset_ns: self.offset_ns,
            clock_error_ns: self.error_ns,
            sandbox: Some(self.sandbox),
        };
        self.results.finish(&gaps, end)
    }
}
