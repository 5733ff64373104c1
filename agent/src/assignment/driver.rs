//! Carries out what the [`machine`](super::machine) decides.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use heavy_model::job::JobSpec;
use heavy_model::split::Revision;
use heavy_plugin::rpc::deadline_in;
use heavy_proto::v1;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use super::clock::JobClock;
use super::health::Health;
use super::machine::{Action, Event, Failure, Machine, Report, Stop};
use super::plan::Plan;
use super::prepare::{Live, prepare};
use super::release::Releaser;
use crate::clock;
use crate::process::Life;
use crate::results::Results;
use crate::shared::Shared;
use crate::spool::{Identity, Spool};

/// Events that wait; each comes once or a few times.
const QUEUE: usize = 32;

/// What a load test may take beyond the grace to interrupt what still runs and to flush.
const STOP_SLACK: Duration = Duration::from_secs(5);
const CLEANUP_LIMIT: Duration = Duration::from_secs(30);
const LAST_OUTPUT_LIMIT: Duration = Duration::from_secs(2);

/// How often results are looked at when no output comes.
const TICK: Duration = Duration::from_millis(100);

/// What an assignment is told from outside.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Command {
    /// Start at this instant of the scheduler's clock.
    Start {
        /// In ns since the Unix epoch.
        wall_ns: u64,
    },
    /// End.
    Stop {
        /// How long running iterations may go on.
        grace_ns: u64,
        /// The first due instant that does not count, from the start; 0: now.
        end_ns: u64,
    },
    /// The scheduler has not been heard of for too long.
    LeaseLost,
}

/// Carries an assignment from its beginning to its end.
pub(crate) async fn run(shared: Arc<Shared>, assign: v1::Assign, mut commands: mpsc::Receiver<Command>) {
    let (events, mut happened) = mpsc::channel(QUEUE);
    let mut driver = Driver::new(shared, assign, events);
    driver.report(Report::Preparing).await;
    driver.begin();
    let mut ticks = tokio::time::interval(TICK);
    loop {
        let event = tokio::select! {
            Some(event) = happened.recv() => Some(event),
            Some(prepared) = driver.preparing.join_next() => driver.prepared(prepared.ok()),
            Some(command) = commands.recv() => driver.command(command),
            _ = ticks.tick(), if driver.running.is_some() => {
                driver.look();
                None
            }
        };
        let Some(event) = event else { continue };
        for action in driver.machine.on(event) {
            if action == Action::Forget {
                return;
            }
            driver.act(action).await;
        }
    }
}

struct Driver {
    shared: Arc<Shared>,
    assign: v1::Assign,
    spec: Result<JobSpec, Failure>,
    dir: PathBuf,
    machine: Machine,
    events: mpsc::Sender<Event>,
    /// The one task that prepares; dropping it ends what it has spawned.
    preparing: JoinSet<Result<Live, Failure>>,
    /// All other tasks; they end with the driver.
    tasks: JoinSet<()>,
    live: Option<Live>,
    running: Option<Running>,
    sdk: String,
}

/// What there is from the start on.
struct Running {
    clock: JobClock,
    results: Arc<Results>,
    spool: Arc<Spool>,
    end: watch::Sender<u64>,
    releasing: Option<tokio::task::AbortHandle>,
    health: Health,
    offset_ns: i64,
    error_ns: u64,
}

impl Driver {
    fn new(shared: Arc<Shared>, assign: v1::Assign, events: mpsc::Sender<Event>) -> Self {
        let spec = JobSpec::parse(&assign.spec).map_err(|error| internal(error.to_string()));
        let grace_ns = spec.as_ref().map_or(0, |spec| spec.graceful_stop.ns());
        let dir = shared.work_dir.join(uuid::Uuid::new_v4().to_string());
        Self {
            shared,
            assign,
            spec,
            dir,
            machine: Machine::new(grace_ns),
            events,
            preparing: JoinSet::new(),
            tasks: JoinSet::new(),
            live: None,
            running: None,
            sdk: String::new(),
        }
    }

    fn begin(&mut self) {
        let (shared, assign) = (Arc::clone(&self.shared), self.assign.clone());
        let (spec, dir) = (self.spec.clone(), self.dir.clone());
        self.preparing
            .spawn(async move { prepare(shared, assign, spec?, dir).await });
    }

    /// Takes what the preparation came to; `None` when it was cut off.
    fn prepared(&mut self, prepared: Option<Result<Live, Failure>>) -> Option<Event> {
        match prepared? {
            Ok(live) => {
                self.watch(&live);
                self.sdk.clone_from(&live.sdk);
                self.live = Some(live);
                Some(Event::Prepared)
            }
            Err(failure) => Some(Event::NotPrepared(failure)),
        }
    }

    /// Turns the exit of the load test into an event, once its last output was read.
    fn watch(&mut self, live: &Live) {
        let (mut life, events) = (live.process.life(), self.events.clone());
        let (results, output) = (Arc::clone(&live.results), live.output_ended.clone());
        self.tasks.spawn(async move {
            let how = match life.wait_for(|life| matches!(life, Life::Gone(_))).await {
                Ok(life) => life.exit().unwrap_or("ended").to_owned(),
                Err(_) => "ended".to_owned(),
            };
            results.freeze(clock::monotonic_ns());
            let _ = tokio::time::timeout(LAST_OUTPUT_LIMIT, output.cancelled()).await;
            let message = format!("the load test {how}; {}", results.excerpts());
            let _ = events.send(Event::Broken(died(message))).await;
        });
    }

    fn command(&mut self, command: Command) -> Option<Event> {
        match command {
            Command::Start { .. } if self.running.is_some() || self.live.is_none() => None,
            Command::Start { wall_ns } => Some(match self.start(wall_ns) {
                Ok(()) => Event::Start,
                Err(failure) => Event::Broken(failure),
            }),
            Command::Stop { grace_ns, end_ns } => {
                let now_ns = self
                    .running
                    .as_ref()
                    .map_or(0, |running| running.clock.at(clock::monotonic_ns()));
                let in_future = i64::try_from(end_ns).unwrap_or(i64::MAX) > now_ns;
                Some(Event::Stop(Stop {
                    grace_ns,
                    at_ns: (end_ns > 0 && in_future).then_some(end_ns),
                }))
            }
            Command::LeaseLost => {
                if let Some(running) = self.running.as_ref().filter(|_| self.machine.has_load()) {
                    running.results.event("lease-lost", &self.shared.config.name, "");
                }
                Some(Event::LeaseLost)
            }
        }
    }

    /// Makes all that a running job needs.
    fn start(&mut self, wall_ns: u64) -> Result<(), Failure> {
        let live = self.live.as_ref().ok_or_else(|| internal("not prepared"))?;
        let estimate = self.shared.estimate();
        let (monotonic_ns, own_wall_ns) = (clock::monotonic_ns(), clock::wall_ns());
        let job_clock = JobClock::new(live.anchor, estimate.monotonic_of(wall_ns));
        let identity = Identity {
            job: self.assign.job.clone(),
            agent: self.shared.config.name.clone(),
            epoch: self.assign.epoch,
        };
        let (spool, queue) = Spool::create(&self.shared.spool_dir, identity, &self.shared.quota)
            .map_err(|error| internal(format!("cannot spool results: {error}")))?;
        live.results.begin(job_clock, queue);
        let delivered = self.shared.delivery.take_over(Arc::clone(&spool));
        let events = self.events.clone();
        self.tasks.spawn(async move {
            let event = match delivered.await {
                Ok(Ok(())) => Event::Delivered,
                Ok(Err(error)) => Event::Undeliverable(error.to_string()),
                // The agent is shutting down: its next start goes on with it.
                Err(_) => return,
            };
            let _ = events.send(event).await;
        });
        self.running = Some(Running {
            clock: job_clock,
            results: Arc::clone(&live.results),
            spool,
            end: watch::channel(u64::MAX).0,
            releasing: None,
            health: Health::new(live.process.id()),
            offset_ns: estimate.offset_ns(monotonic_ns, own_wall_ns),
            error_ns: estimate.error_ns,
        });
        Ok(())
    }

    /// Looks after results and health.
    fn look(&mut self) {
        let Some(running) = &mut self.running else { return };
        let spooled = self.shared.quota.used_bytes();
        let now_ns = running.clock.at(clock::monotonic_ns());
        if let Some(health) = running
            .health
            .reading(now_ns, || running.results.in_flight(), spooled)
        {
            running.results.health(health);
        }
        running.results.tick();
    }

    async fn act(&mut self, action: Action) {
        match action {
            Action::Report(report) => self.report(report).await,
            Action::Release => {
                if let Err(failure) = self.release() {
                    let _ = self.events.send(Event::Broken(failure)).await;
                }
            }
            Action::EndAt(end_ns) => {
                if let Some(running) = &self.running {
                    running.end.send_replace(end_ns);
                }
            }
            Action::Stop { grace_ns } => self.stop(grace_ns),
            Action::CleanUp => self.clean_up(),
            Action::EndProcess => self.end_process(),
            Action::Close(ended) => self.close(ended).await,
            Action::Forget => {}
        }
    }

    fn release(&mut self) -> Result<(), Failure> {
        let (Some(running), Some(live), Ok(spec)) = (&mut self.running, &self.live, &self.spec) else {
            return Err(internal("not prepared"));
        };
        let revision = self.assign.revision.as_ref();
        let weights: Vec<u32> = revision.map_or_else(
            || vec![1],
            |revision| revision.members.iter().map(|member| member.weight).collect(),
        );
        let share = Revision::new(revision.map_or(0, |revision| revision.n0), &weights)
            .map_err(|error| internal(error.to_string()))?
            .share(self.assign.agent_index);
        let releaser = Releaser {
            plan: Plan::new(spec.profile(), share, live.workflows.len()),
            clock: running.clock,
            client: live.client.clone(),
            workflows: live.workflows.clone(),
            results: Arc::clone(&live.results),
            in_flight: Arc::clone(&running.health.in_flight),
        };
        let (end, events) = (running.end.subscribe(), self.events.clone());
        running.releasing = Some(self.tasks.spawn(async move {
            releaser.run(end).await;
            let _ = events.send(Event::AllDue).await;
        }));
        Ok(())
    }

    /// Ends releases, and has the load test stop.
    fn stop(&mut self, grace_ns: u64) {
        let (Some(running), Some(live)) = (&mut self.running, &self.live) else {
            return;
        };
        if let Some(releasing) = running.releasing.take() {
            releasing.abort();
        }
        running.health.releases_ended();
        running.results.freeze(clock::monotonic_ns());
        let (client, events) = (live.client.clone(), self.events.clone());
        let (results, life) = (Arc::clone(&live.results), live.process.life());
        self.tasks.spawn(async move {
            let limit = Duration::from_nanos(grace_ns) + STOP_SLACK;
            match client.stop(deadline_in(limit), grace_ns).await {
                Ok(stopped) => {
                    tracing::debug!(?stopped, "the load test has stopped");
                    let _ = events.send(Event::Stopped).await;
                }
                // An exit is told by who watches for it.
                Err(_) if life.borrow().exit().is_some() => {}
                Err(error) => {
                    let message = format!(
                        "the load test did not stop within its grace ({error}) and was killed; {}",
                        results.excerpts()
                    );
                    let _ = events.send(Event::Broken(died(message))).await;
                }
            }
        });
    }

    fn clean_up(&mut self) {
        let Some(live) = &self.live else { return };
        let (client, events) = (live.client.clone(), self.events.clone());
        let results = Arc::clone(&live.results);
        let agent = self.shared.config.name.clone();
        self.tasks.spawn(async move {
            let problem = match client.cleanup(deadline_in(CLEANUP_LIMIT)).await {
                Ok(Ok(())) => None,
                Ok(Err(failure)) => Some(failure.message),
                Err(error) => Some(error.to_string()),
            };
            if let Some(problem) = problem {
                tracing::warn!(problem, "the load test could not clean up");
                results.event("cleanup-failed", &agent, &problem);
            }
            let _ = events.send(Event::CleanedUp).await;
        });
    }

    fn end_process(&mut self) {
        // A preparation under way takes what it has spawned with it.
        self.preparing.abort_all();
        let (live, events, dir) = (self.live.take(), self.events.clone(), self.dir.clone());
        self.tasks.spawn(async move {
            if let Some(live) = live {
                live.connection.abort();
                drop(live.client);
                live.process.end().await;
                if tokio::time::timeout(LAST_OUTPUT_LIMIT, live.output_ended.cancelled())
                    .await
                    .is_err()
                {
                    tracing::warn!("somebody who outlived the load test keeps its output open");
                }
            }
            // Nobody needs the folder; a next start clears what cannot be removed now.
            let _ = std::fs::remove_dir_all(dir);
            let _ = events.send(Event::Exited).await;
        });
    }

    async fn close(&mut self, ended: &'static str) {
        let Some(running) = &self.running else { return };
        let name = &self.shared.config.name;
        if ended == "died" {
            running.results.event("process-died", name, "");
        }
        let finished = running.results.finish(|closing| {
            closing.ended = ended.to_owned();
            closing.clock_offset_ns = running.offset_ns;
            closing.clock_error_ns = running.error_ns;
        });
        if let Err(error) = finished {
            tracing::error!(job = running.spool.identity.job, %error, "an assignment cannot be closed");
            let _ = self.events.send(Event::Undeliverable(error.to_string())).await;
        }
    }

    async fn report(&self, report: Report) {
        let (state, failure) = match report {
            Report::Preparing => (v1::AssignmentState::Preparing, None),
            Report::Prepared => (v1::AssignmentState::Prepared, None),
            Report::Running => (v1::AssignmentState::Running, None),
            Report::Draining => (v1::AssignmentState::Draining, None),
            Report::Finished => (v1::AssignmentState::Finished, None),
            Report::Failed(failure) => (v1::AssignmentState::Failed, Some(failure)),
        };
        tracing::info!(
            job = self.assign.job,
            state = state.as_str_name(),
            ?failure,
            "assignment"
        );
        let mut update = v1::AssignmentUpdate {
            job: self.assign.job.clone(),
            epoch: self.assign.epoch,
            state: state.into(),
            sdk: self.sdk.clone(),
            ..v1::AssignmentUpdate::default()
        };
        if let Some(failure) = failure {
            update.failure_kind = failure.kind.to_owned();
            update.message = failure.message;
        }
        // The link is gone only when the agent is shutting down.
        let _ = self.shared.updates.send(update).await;
    }
}

fn internal(message: impl Into<String>) -> Failure {
    Failure {
        kind: "internal",
        message: message.into(),
    }
}

fn died(message: String) -> Failure {
    Failure {
        kind: "died",
        message,
    }
}
