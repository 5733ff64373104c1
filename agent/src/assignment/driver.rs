//! Carries out what the [`machine`](super::machine) decides, on tasks whose ends are the next events.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use heavy_load::revision::Revision;
use heavy_load::vocabulary::Ended;
use heavy_proto::v1::AssignmentState;
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinSet};

use super::divide::DivisionOrder;
use super::failure::AssignmentFailure;
use super::leash;
use super::live::{LiveTest, end};
use super::machine::{AssignmentAction, AssignmentEvent, AssignmentMachine, StopRequest};
use super::prepare::prepare;
use super::reporter::Reporter;
use super::running::RunningShare;
use crate::link::LoadLease;
use crate::orders::{Assignment, AssignmentCommand, WorkflowParams};
use crate::shared::AgentShared;

/// Events that wait; each comes once or a few times.
const QUEUE: usize = 32;

/// How often results are looked at when no output comes.
const TICK: Duration = Duration::from_millis(100);

pub(crate) async fn run(
    shared: Arc<AgentShared>,
    assignment: Assignment,
    lease: LoadLease,
    mut commands: mpsc::Receiver<AssignmentCommand>,
) {
    let (events, mut happened) = mpsc::channel(QUEUE);
    let reporter = Reporter::new(shared.updates.clone(), assignment.job.clone(), assignment.epoch);
    reporter.report(AssignmentState::Preparing).await;
    let mut driver = AssignmentDriver::begin(shared, assignment, lease, reporter, events);
    let mut ticks = tokio::time::interval(TICK);
    loop {
        let event = tokio::select! {
            Some(event) = happened.recv() => Some(event),
            Some(Ok(prepared)) = driver.preparing.join_next() => Some(driver.prepared(prepared)),
            Some(command) = commands.recv() => driver.command(command).await,
            _ = ticks.tick(), if driver.running.is_some() => {
                if let Some(running) = &mut driver.running {
                    running.look(driver.shared.quota.used_bytes());
                }
                None
            }
        };
        let Some(event) = event else { continue };
        for action in driver.machine.on(event) {
            if action == AssignmentAction::Forget {
                return;
            }
            driver.act(action).await;
        }
    }
}

struct AssignmentDriver {
    shared: Arc<AgentShared>,
    assignment: Arc<Assignment>,
    lease: LoadLease,
    /// The newest revision before releases begin.
    revision: Revision,
    dir: PathBuf,
    machine: AssignmentMachine,
    reporter: Reporter,
    /// Dropping it ends what the preparation has spawned.
    preparing: JoinSet<Result<LiveTest, AssignmentFailure>>,
    /// What the preparation has not yet taken; one that does not wait for it does not need it.
    divisions: mpsc::Sender<DivisionOrder>,
    live: Option<LiveTest>,
    /// Asks the load test whether it answers, until it is to stop.
    asking: Option<AbortHandle>,
    running: Option<RunningShare>,
    events: mpsc::Sender<AssignmentEvent>,
    /// All tasks but the preparation; they end with the driver.
    tasks: JoinSet<()>,
    lease_lost: bool,
}

impl AssignmentDriver {
    fn begin(
        shared: Arc<AgentShared>,
        assignment: Assignment,
        lease: LoadLease,
        reporter: Reporter,
        events: mpsc::Sender<AssignmentEvent>,
    ) -> Self {
        let assignment = Arc::new(assignment);
        let dir = shared.work_dir.join(uuid::Uuid::new_v4().to_string());
        let (divisions, undivided) = mpsc::channel(QUEUE);
        let mut preparing = JoinSet::new();
        {
            let (shared, assignment) = (Arc::clone(&shared), Arc::clone(&assignment));
            let (dir, reporter) = (dir.clone(), reporter.clone());
            preparing.spawn(async move { prepare(&shared, &assignment, &dir, &reporter, undivided).await });
        }
        Self {
            revision: assignment.revision.clone(),
            machine: AssignmentMachine::new(assignment.spec.execution.graceful_stop().ns()),
            shared,
            assignment,
            lease,
            dir,
            reporter,
            preparing,
            divisions,
            live: None,
            asking: None,
            running: None,
            events,
            tasks: JoinSet::new(),
            lease_lost: false,
        }
    }

    /// Runs a task beside the driver; its result is the next event.
    fn spawn(&mut self, work: impl Future<Output = Option<AssignmentEvent>> + Send + 'static) -> AbortHandle {
        let events = self.events.clone();
        self.tasks.spawn(async move {
            if let Some(event) = work.await {
                let _ = events.send(event).await;
            }
        })
    }

    fn prepared(&mut self, prepared: Result<LiveTest, AssignmentFailure>) -> AssignmentEvent {
        match prepared {
            Ok(live) => {
                let (exit, silence) = (live.exit(), live.silence());
                self.spawn(async { Some(exit.await) });
                self.asking = Some(self.spawn(async { Some(silence.await) }));
                self.reporter.sdk.clone_from(&live.sdk);
                self.live = Some(live);
                AssignmentEvent::Prepared
            }
            Err(failure) => AssignmentEvent::NotPrepared(failure),
        }
    }

    async fn command(&mut self, command: AssignmentCommand) -> Option<AssignmentEvent> {
        match command {
            AssignmentCommand::Revise(revision) => {
                self.revise(*revision).await;
                None
            }
            AssignmentCommand::Split { agents } => {
                let _ = self.divisions.try_send(DivisionOrder::Divide { agents });
                None
            }
            AssignmentCommand::Params(params) => {
                self.params(params);
                None
            }
            AssignmentCommand::Start { .. } if self.running.is_some() => None,
            AssignmentCommand::Start { wall_ns } => self.start(wall_ns).await,
            AssignmentCommand::Stop { grace_ns, end_ns } => Some(AssignmentEvent::Stop(StopRequest {
                grace_ns,
                at_ns: self.stop_at(end_ns),
            })),
            // The agent repeats it for as long as the lease is lost.
            AssignmentCommand::LeaseLost if std::mem::replace(&mut self.lease_lost, true) => None,
            AssignmentCommand::LeaseLost => {
                if let Some(running) = self.running.as_ref().filter(|_| self.machine.has_load()) {
                    running.event("lease-lost", &self.shared.config.name);
                }
                Some(AssignmentEvent::LeaseLost)
            }
        }
    }

    /// Continues by a newer revision, and tells the scheduler how far releases had gone.
    async fn revise(&mut self, revision: Revision) {
        let running = self.running.as_ref();
        let Some(released_until_ns) = running.and_then(|running| running.revise(&revision)) else {
            self.revision = revision;
            return;
        };
        if released_until_ns > revision.cut_ns {
            let cut_ns = revision.cut_ns;
            tracing::warn!(released_until_ns, cut_ns, "a revision came too late");
        }
        self.reporter.revised(revision.number, released_until_ns).await;
    }

    fn params(&mut self, params: Result<WorkflowParams, String>) {
        match &self.live {
            Some(live) => {
                self.tasks.spawn(live.new_params(params, self.reporter.clone()));
            }
            None => {
                let _ = self.divisions.try_send(DivisionOrder::Take(params));
            }
        }
    }

    /// When a stop takes effect; `None`: at once.
    fn stop_at(&self, end_ns: u64) -> Option<u64> {
        let now_ns = self.running.as_ref().map_or(0, RunningShare::now_ns);
        // The job may be stopped before its start instant.
        let now_ns = u64::try_from(now_ns).unwrap_or(0);
        if end_ns > now_ns {
            return Some(end_ns);
        }
        if self.machine.has_load() {
            self.end_plan(now_ns);
        }
        None
    }

    async fn start(&mut self, wall_ns: u64) -> Option<AssignmentEvent> {
        let live = self.live.as_ref()?;
        match RunningShare::start(&self.shared, &self.assignment, live, wall_ns) {
            Ok((running, spool)) => {
                self.running = Some(running);
                let delivered = self.shared.delivery.take_over(spool).await;
                self.spawn(async {
                    // When the agent shuts down nobody answers: its next start delivers the rest.
                    Some(match delivered.await.ok()? {
                        Ok(()) => AssignmentEvent::Delivered,
                        Err(error) => AssignmentEvent::Undeliverable(error.to_string()),
                    })
                });
                Some(AssignmentEvent::Start)
            }
            Err(failure) => Some(AssignmentEvent::Broken(failure)),
        }
    }

    async fn act(&mut self, action: AssignmentAction) {
        match action {
            AssignmentAction::Report(state) => self.reporter.report(state).await,
            AssignmentAction::Fail(failure) => self.reporter.fail(failure).await,
            AssignmentAction::Release => self.release(),
            AssignmentAction::EndAt(end_ns) => self.end_plan(end_ns),
            AssignmentAction::Stop { grace_ns } => self.stop(grace_ns),
            AssignmentAction::CleanUp => self.clean_up(),
            AssignmentAction::EndProcess => self.end_process(),
            AssignmentAction::Close(ended) => self.close(ended).await,
            AssignmentAction::Forget => {}
        }
    }

    fn release(&mut self) {
        let (Some(running), Some(live)) = (&mut self.running, &self.live) else {
            return;
        };
        let (load, agent) = (self.assignment.spec.load(), &self.shared.config.name);
        let releaser = running.releaser((load, &self.revision), agent, &self.lease, live);
        let workflow = live.workflows.first().cloned().unwrap_or_default();
        let leash = leash::keep(live.client.clone(), workflow, self.lease.clone());
        self.tasks.spawn(leash);
        let releasing = self.spawn(async {
            Some(if releaser.run().await {
                AssignmentEvent::OutOfData
            } else {
                AssignmentEvent::AllDue
            })
        });
        if let Some(running) = &mut self.running {
            running.releases_run(releasing);
        }
    }

    /// Ends releases, and has the load test stop.
    fn stop(&mut self, grace_ns: u64) {
        self.ask_no_more();
        if let (Some(running), Some(live)) = (&mut self.running, &self.live) {
            running.end_releases();
            let stopped = live.stop(grace_ns);
            self.spawn(stopped);
        }
    }

    fn clean_up(&mut self) {
        if let Some(live) = &self.live {
            let cleaned_up = live.clean_up(self.shared.config.name.clone());
            self.spawn(async { Some(cleaned_up.await) });
        }
    }

    /// A load test that stops may do nothing else.
    fn ask_no_more(&mut self) {
        if let Some(asking) = self.asking.take() {
            asking.abort();
        }
    }

    fn end_process(&mut self) {
        self.ask_no_more();
        if let Some(running) = &mut self.running {
            running.end_releases();
        }
        self.preparing.abort_all();
        let ended = end(self.live.take(), self.dir.clone());
        self.spawn(async { Some(ended.await) });
    }

    async fn close(&mut self, ended: Ended) {
        let Some(running) = &self.running else { return };
        if ended == Ended::Died {
            running.event("process-died", &self.shared.config.name);
        }
        if let Err(error) = running.close(ended).await {
            tracing::error!(job = self.assignment.job, %error, "an assignment cannot be closed");
            let _ = self
                .events
                .send(AssignmentEvent::Undeliverable(error.to_string()))
                .await;
        }
    }

    fn end_plan(&self, end_ns: u64) {
        if let Some(running) = &self.running {
            running.end_plan(end_ns);
        }
    }
}
