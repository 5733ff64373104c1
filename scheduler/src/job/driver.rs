//! Carries out what a job's machine decides: speaks to agents, writes to the store, tells watchers.
//!
//! One task a job, from submission to its end. Its mailbox takes events from the desk and clients; time and the
//! folder give the others.

use std::sync::Arc;
use std::time::Duration;

use heavy_results::job::{JobInfo, JobState};
use heavy_store::Store;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::conclude::{Ran, conclude};
use super::control;
use super::event::{Action, Event, Plan, START_LEAD_NS};
use super::folder::{Collect, Collected, Folder, Order, Seen};
use super::machine::Machine;
use super::mail::{Door, Mail};
use super::progress::{self, Snapshot};
use super::steer::Steering;
use super::team::Team;
use crate::artifacts::Artifacts;
use crate::clock::Clock;
use crate::env_files::{Env, EnvFiles};
use crate::fleet::Fleet;

const TICK: Duration = Duration::from_millis(200);
const PROGRESS_PERIOD: Duration = Duration::from_secs(1);
const ORDERS: usize = 1024;

/// What every driver needs.
#[derive(Debug, Clone)]
pub(crate) struct Tools {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) fleet: Arc<Fleet>,
    pub(crate) artifacts: Arc<Artifacts>,
    pub(crate) env_files: Arc<EnvFiles>,
    pub(crate) clock: Clock,
    pub(crate) shutdown: CancellationToken,
}

/// One job's driver.
#[derive(Debug)]
pub(crate) struct Driver {
    pub(super) tools: Tools,
    pub(super) machine: Machine,
    /// Who takes part, once there is somebody.
    pub(super) team: Option<Team>,
    pub(super) steering: Steering,
    /// Params that a splitter has made, by seat.
    pub(super) params: Vec<String>,
    /// Params that a client has given since the start.
    pub(super) live_params: Option<String>,
    /// How many more agents may join.
    pub(super) door: Door,
    /// The values of the variables that `job` only names.
    pub(super) env: Env,
    pub(super) job: watch::Sender<JobInfo>,
    pub(super) progress: watch::Sender<Snapshot>,
    pub(super) published: Instant,
    start_wall_ns: u64,
    pub(super) folding: Option<Folding>,
    collected: Option<Collected>,
}

#[derive(Debug)]
pub(super) struct Folding {
    pub(super) orders: mpsc::Sender<Order>,
    pub(super) seen: watch::Receiver<Seen>,
    /// Until its last word was heard.
    task: Option<JoinHandle<Collected>>,
}

impl Driver {
    /// A driver of a queued job, and where its progress is seen.
    pub(crate) fn new(tools: Tools, job: JobInfo, env: Env, door: Door) -> (Self, watch::Receiver<Snapshot>) {
        let machine = Machine::new(Plan {
            duration_ns: job.spec.load().duration_ns(),
            grace_ns: job.spec.graceful_stop.ns(),
        });
        let (progress, seen) = watch::channel(Snapshot::new(progress::of_stored(&job, None)));
        let driver = Self {
            tools,
            machine,
            team: None,
            steering: Steering::default(),
            params: Vec::new(),
            live_params: None,
            door,
            env,
            job: watch::Sender::new(job),
            progress,
            published: Instant::now(),
            start_wall_ns: 0,
            folding: None,
            collected: None,
        };
        (driver, seen)
    }

    /// Lives the job to its end, or until the scheduler shuts down while the job is queued.
    pub(crate) async fn run(mut self, mut mailbox: mpsc::Receiver<Mail>) {
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let shutdown = self.tools.shutdown.clone();
        let mut told_to_shut_down = false;
        while !self.machine.state().is_final() {
            let event = tokio::select! {
                Some(mail) = mailbox.recv() => match self.open(mail).await {
                    Some(event) => event,
                    None => continue,
                },
                collected = collected(&mut self.folding) => {
                    let complete = collected.as_ref().is_some_and(|collected| collected.complete);
                    self.collected = collected;
                    Event::Collected { complete }
                }
                () = shutdown.cancelled(), if !told_to_shut_down => {
                    told_to_shut_down = true;
                    if self.machine.state() == JobState::Queued {
                        break;
                    }
                    Event::Stop { now: true, who: "the end of the scheduler".to_owned() }
                }
                _ = ticks.tick() => self.watched().unwrap_or(Event::Tick),
            };
            self.take(event).await;
        }
        self.door.close();
        mailbox.close();
        while let Some(mail) = mailbox.recv().await {
            self.refuse_mail(mail);
        }
    }

    /// A threshold of the running job that is broken and is to stop the load.
    fn watched(&self) -> Option<Event> {
        let folding = self
            .folding
            .as_ref()
            .filter(|_| self.machine.state() == JobState::Running)?;
        let reason = folding.seen.borrow().broken.clone()?;
        Some(Event::Broken { reason })
    }

    pub(super) async fn take(&mut self, event: Event) {
        self.note(&event).await;
        let actions = self.machine.on(self.tools.clock.now_ns(), event.clone());
        if !actions
            .iter()
            .any(|action| matches!(action, Action::Assign { .. }))
        {
            self.refuse(&event);
        }
        for action in &actions {
            self.carry_out(action).await;
        }
        if !actions.is_empty() || self.published.elapsed() >= PROGRESS_PERIOD {
            self.publish();
        }
    }

    /// Frees agents that were given to a job that does not want them any more.
    pub(super) fn refuse(&self, event: &Event) {
        let agents = match event {
            Event::Taken { agents } => agents.as_slice(),
            Event::Joined { agent } => std::slice::from_ref(agent),
            _ => return,
        };
        for agent in agents {
            self.tools.fleet.release(agent, self.id());
        }
    }

    async fn carry_out(&mut self, action: &Action) {
        match action {
            Action::Assign { agents } => self.assign(agents).await,
            Action::Split { agent } => self.split(agent),
            Action::GiveParams { agents } => self.give_params(agents),
            Action::Enter { agent } => self.enter(agent).await,
            Action::Leave { agent } => self.leave(agent).await,
            Action::Release { agent } => self.tools.fleet.release(agent, self.id()),
            Action::StartAll => {
                self.start_wall_ns = self.tools.clock.wall_ns() + START_LEAD_NS;
                self.job
                    .send_modify(|job| job.started_at_wall_ns = Some(self.start_wall_ns));
                self.known().iter().for_each(|agent| self.start(agent));
                self.start_folding();
                self.open_door();
            }
            Action::Start { agent } => self.start(agent),
            Action::Stop {
                agent,
                grace_ns,
                end_ns,
            } => {
                control::stop(&self.tools.fleet, agent, self.id(), *grace_ns, *end_ns);
            }
            Action::Save => self.save().await,
            Action::Collect { lost } => self.collect(lost).await,
            Action::Conclude => self.conclude().await,
        }
    }

    fn start(&self, agent: &str) {
        control::start(&self.tools.fleet, agent, self.id(), self.start_wall_ns);
    }

    fn start_folding(&mut self) {
        let (orders, taken) = mpsc::channel(ORDERS);
        let (seen_sender, seen) = watch::channel(Seen::default());
        let Some(team) = self.team.clone() else { return };
        let folder = Folder {
            store: Arc::clone(&self.tools.store),
            clock: self.tools.clock,
            job: self.job.subscribe(),
            shares: team.shares(),
            team,
            start_ns: self.machine.start_ns().unwrap_or(0),
        };
        let task = Some(tokio::spawn(folder.run(taken, seen_sender)));
        self.folding = Some(Folding { orders, seen, task });
    }

    fn planned_shares(&self) -> Vec<(String, u64)> {
        self.team.as_ref().map(Team::shares).unwrap_or_default()
    }

    /// All who ever took part, by name.
    pub(super) fn known(&self) -> Vec<String> {
        let known = self.team.iter().flat_map(|team| team.known());
        known.map(str::to_owned).collect()
    }

    async fn collect(&mut self, lost: &[String]) {
        let (lost, end_ns) = (lost.to_vec(), self.machine.end_ns());
        match &self.folding {
            // The folder takes orders until it has collected.
            Some(folding) => drop(
                folding
                    .orders
                    .send(Order::Collect(Collect { lost, end_ns }))
                    .await,
            ),
            // Nothing ran, so nothing is missing; the machine waits for the word all the same.
            None => {
                let actions = self
                    .machine
                    .on(self.tools.clock.now_ns(), Event::Collected { complete: true });
                if actions.contains(&Action::Conclude) {
                    self.conclude().await;
                }
            }
        }
    }

    pub(super) async fn save(&mut self) {
        self.take_over();
        let job = self.job.borrow().clone();
        if let Err(error) = self.tools.store.update_job(&job).await {
            tracing::warn!(job = %job.id, %error, "cannot write the job's state");
        }
    }

    async fn conclude(&mut self) {
        self.take_over();
        let mut job = self.job.borrow().clone();
        let ran = self.collected.take().map(|collected| Ran {
            collected,
            shares: self.planned_shares(),
            end_ns: self.machine.end_ns(),
        });
        self.tools.env_files.forget(job.id).await;
        conclude(&*self.tools.store, &mut job, ran).await;
        // One that could not finish (its collector does not answer, say) must not keep later jobs waiting.
        for agent in self.known() {
            self.tools.fleet.release(&agent, job.id);
        }
        tracing::info!(job = %job.id, state = job.state.as_str(), reason = job.reason, "job ended");
        self.job.send_replace(job);
    }

    /// Takes over what the machine says of the job.
    fn take_over(&mut self) {
        let machine = &self.machine;
        self.job.send_modify(|job| {
            job.state = machine.state();
            machine.reason().clone_into(&mut job.reason);
            job.degraded = machine.degraded();
        });
    }

    pub(super) fn id(&self) -> uuid::Uuid {
        self.job.borrow().id
    }
}

/// Waits for the folder's last word; for ever while nothing is folded. `None` if the folder broke.
async fn collected(folding: &mut Option<Folding>) -> Option<Collected> {
    let Some(task) = folding.as_mut().map(|folding| &mut folding.task) else {
        return std::future::pending().await;
    };
    let Some(running) = task else {
        return std::future::pending().await;
    };
    let ended = running.await;
    *task = None;
    ended
        .inspect_err(|error| tracing::error!(%error, "folding broke"))
        .ok()
}
