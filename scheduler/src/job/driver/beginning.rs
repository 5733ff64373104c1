//! What a driver begins with: a queued job, or one whose load was over under another scheduler.

use std::sync::Arc;

use heavy_process::clock::{monotonic_ns, wall_ns};
use heavy_results::job::JobInfo;
use heavy_store::Delivering;
use tokio::sync::watch;
use tokio::time::Instant;

use super::{JobDriver, LiveView, Tools};
use crate::env_files::Env;
use crate::job::aggregation::Aggregation;
use crate::job::answers::Answers;
use crate::job::machine::JobMachine;
use crate::job::machine::crew::OpenSeats;
use crate::job::orders::Orders;
use crate::job::progress::{self, Snapshot};
use crate::job::state_writer::StateWriter;

impl JobDriver {
    /// A driver of a queued job, and what others see of it.
    pub(crate) fn new(tools: Tools, job: JobInfo, env: Env) -> (Self, LiveView) {
        let machine = JobMachine::new(job.spec.clone());
        Self::with_machine(tools, job, env, machine)
    }

    /// A driver of a job whose load was over under another scheduler, and what others see of it.
    pub(crate) fn resume(tools: Tools, job: JobInfo, delivering: Delivering) -> (Self, LiveView) {
        let now_ns = monotonic_ns();
        let start_wall_ns = job.started_at_wall_ns.unwrap_or_else(wall_ns);
        let start_ns = now_ns.saturating_sub(wall_ns().saturating_sub(start_wall_ns));
        let machine = JobMachine::resume(job.spec.clone(), (now_ns, start_ns), &delivering, job.degraded);
        let aggregation = Aggregation::resume(Arc::clone(&tools.store), job.clone(), delivering);
        let (mut driver, view) = Self::with_machine(tools, job, Env::default(), machine);
        driver.start_wall_ns = start_wall_ns;
        driver.aggregation = Some(aggregation);
        driver.save();
        (driver, view)
    }

    fn with_machine(tools: Tools, job: JobInfo, env: Env, machine: JobMachine) -> (Self, LiveView) {
        let (progress, progress_seen) = watch::channel(Snapshot::new(progress::of_stored(&job, None)));
        let (openings, openings_seen) = watch::channel(OpenSeats::default());
        let writer = StateWriter::start(Arc::clone(&tools.store), job.clone());
        let id = job.id;
        let (job, job_seen) = watch::channel(job);
        let driver = Self {
            machine,
            orders: Orders::new(Arc::clone(&tools.fleet), id),
            tools,
            env,
            job,
            progress,
            openings,
            published: Instant::now(),
            start_wall_ns: 0,
            aggregation: None,
            collected: None,
            told_ending: None,
            writer: Some(writer),
            is_concluded: false,
            answers: Answers::default(),
        };
        let view = LiveView {
            job: job_seen,
            progress: progress_seen,
            openings: openings_seen,
        };
        (driver, view)
    }
}
