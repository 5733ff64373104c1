//! Carries out what the [`machine`](super::machine) decides.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use heavy_load::revision::Revision;
use heavy_proto::v1;
use heavy_proto::v1::from_agent::Message as Said;
use heavy_results::job::JobSpec;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::actions::{died, internal};
use super::clock::JobClock;
use super::divide::Division;
use super::health::Health;
use super::machine::{Action, Event, Failure, Machine, Report, Stop};
use super::plan::SharedPlan;
use super::prepare::{Live, prepare};
use crate::process::Life;
use crate::results::Results;
use crate::shared::Shared;
use crate::spool::{Identity, Spool};
use heavy_process::clock;

/// Events that wait; each comes once or a few times.
const QUEUE: usize = 32;

/// How long the last output of a load test that has exited may take.
pub(super) const LAST_OUTPUT_LIMIT: Duration = Duration::from_secs(2);

/// How often results are looked at when no output comes.
const TICK: Duration = Duration::from_millis(100);

/// What an assignment is told from outside.
#[derive(Debug)]
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
    /// Go on differently, from a cut on.
    Revise(Box<Revision>),
    /// Have the load test divide its params.
    Split {
        /// Among so many.
        agents: u32,
    },
    /// Params by workflow as a JSON object: what a splitter has made, or new ones for a running load test.
    Params(String),
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
            Some(command) = commands.recv() => driver.command(command).await,
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

pub(super) struct Driver {
    pub(super) shared: Arc<Shared>,
    pub(super) assign: v1::Assign,
    pub(super) spec: Result<JobSpec, Failure>,
    pub(super) dir: PathBuf,
    pub(super) machine: Machine,
    pub(super) events: mpsc::Sender<Event>,
    /// The one task that prepares; dropping it ends what it has spawned.
    pub(super) preparing: JoinSet<Result<Live, Failure>>,
    /// What the preparation is told of params.
    divisions: mpsc::Sender<Division>,
    undivided: Option<mpsc::Receiver<Division>>,
    /// All other tasks; they end with the driver.
    pub(super) tasks: JoinSet<()>,
    pub(super) live: Option<Live>,
    pub(super) running: Option<Running>,
    pub(super) sdk: String,
    lease_lost: bool,
}

/// What there is from the start on.
pub(super) struct Running {
    pub(super) clock: JobClock,
    pub(super) results: Arc<Results>,
    pub(super) spool: Arc<Spool>,
    /// What is planned; none before releases begin.
    pub(super) plan: Option<SharedPlan>,
    pub(super) releasing: Option<tokio::task::AbortHandle>,
    pub(super) health: Health,
    pub(super) offset_ns: i64,
    pub(super) error_ns: u64,
}

impl Driver {
    fn new(shared: Arc<Shared>, assign: v1::Assign, events: mpsc::Sender<Event>) -> Self {
        let spec = JobSpec::parse(&assign.spec).map_err(|error| internal(error.to_string()));
        let grace_ns = spec.as_ref().map_or(0, |spec| spec.graceful_stop.ns());
        let dir = shared.work_dir.join(uuid::Uuid::new_v4().to_string());
        let (divisions, undivided) = mpsc::channel(QUEUE);
        Self {
            shared,
            assign,
            spec,
            dir,
            machine: Machine::new(grace_ns),
            events,
            preparing: JoinSet::new(),
            divisions,
            undivided: Some(undivided),
            tasks: JoinSet::new(),
            live: None,
            running: None,
            sdk: String::new(),
            lease_lost: false,
        }
    }

    fn begin(&mut self) {
        let (shared, assign) = (Arc::clone(&self.shared), self.assign.clone());
        let (spec, dir) = (self.spec.clone(), self.dir.clone());
        let Some(undivided) = self.undivided.take() else {
            return;
        };
        self.preparing
            .spawn(async move { prepare(shared, assign, spec?, dir, undivided).await });
    }

    /// Tells the preparation; one that does not wait for it does not need it.
    fn divide(&self, division: Division) {
        let _ = self.divisions.try_send(division);
    }

    /// Goes on as a newer revision says, and tells the scheduler how far things had gone.
    async fn revise(&mut self, revision: &Revision) {
        let Some(plan) = self.running.as_ref().and_then(|running| running.plan.clone()) else {
            // Not yet begun: the newest one is what it will begin with.
            self.assign.revision = serde_json::to_string(revision).unwrap_or_default();
            return;
        };
        let released_until_ns = plan.lock().revise(revision);
        if released_until_ns > revision.cut_ns {
            tracing::warn!(
                released_until_ns,
                cut_ns = revision.cut_ns,
                "a revision came too late"
            );
        }
        self.say(Said::Revised(v1::RevisionAck {
            job: self.assign.job.clone(),
            number: revision.number,
            released_until_ns,
        }))
        .await;
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

    async fn command(&mut self, command: Command) -> Option<Event> {
        match command {
            Command::Revise(revision) => {
                self.revise(&revision).await;
                None
            }
            Command::Split { agents } => {
                self.divide(Division::Divide { agents });
                None
            }
            Command::Params(params) if self.live.is_some() => {
                self.new_params(params);
                None
            }
            Command::Params(params) => {
                self.divide(Division::Take(params));
                None
            }
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
                if !in_future && self.machine.has_load() {
                    self.end_plan(u64::try_from(now_ns).unwrap_or(0));
                }
                Some(Event::Stop(Stop {
                    grace_ns,
                    at_ns: (end_ns > 0 && in_future).then_some(end_ns),
                }))
            }
            // It is said again and again, as long as it is so.
            Command::LeaseLost if std::mem::replace(&mut self.lease_lost, true) => None,
            Command::LeaseLost => {
                if let Some(running) = self.running.as_ref().filter(|_| self.machine.has_load()) {
                    running.results.event("lease-lost", &self.shared.config.name, "");
                }
                Some(Event::LeaseLost)
            }
        }
    }

    /// Takes what is due from an instant on out of the plan.
    pub(super) fn end_plan(&self, end_ns: u64) {
        if let Some(plan) = self.running.as_ref().and_then(|running| running.plan.as_ref()) {
            plan.lock().end_at(end_ns);
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
        let mut health = Health::new(live.process.id());
        if !self.spec.as_ref().is_ok_and(|spec| spec.load().is_open()) {
            // Users are released once: the load test's own count would be as old.
            health.releases_ended();
        }
        self.running = Some(Running {
            clock: job_clock,
            results: Arc::clone(&live.results),
            spool,
            plan: None,
            releasing: None,
            health,
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
}
