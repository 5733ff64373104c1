//! Carries out what a job's machine decides: sends agents their orders, writes to the store, informs watchers.
//!
//! One task a job, from submission to its end. Its events come from the job service, from time and from the
//! aggregation; nothing is decided here. It never waits for the results database: what is to be stored is kept by the
//! [state writer](super::state_writer) and the aggregation until the database takes it.

mod answering;
mod beginning;
mod conclusion;

use std::sync::Arc;
use std::time::Duration;

use heavy_process::clock::{monotonic_ns, wall_ns};
use heavy_results::job::{JobInfo, JobState};
use heavy_store::Store;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};
use tokio_util::sync::CancellationToken;

use super::aggregation::Aggregation;
use super::aggregation_order::AggregationOrder;
use super::answers::{Answers, Reply};
use super::collecting::Collected;
use super::machine::JobMachine;
use super::machine::crew::OpenSeats;
use super::machine::event::{JobAction, JobEvent, START_LEAD_NS};
use super::orders::Orders;
use super::progress::{LiveJob, Snapshot};
use super::state_writer::StateWriter;
use crate::artifacts::Artifacts;
use crate::env_files::{Env, EnvFiles};
use crate::fleet::Fleet;

const TICK: Duration = Duration::from_millis(200);
const PROGRESS_PERIOD: Duration = Duration::from_secs(1);
/// Once the scheduler is to end, results of a load that is over may take this long.
const LAST_RESULTS_LIMIT: Duration = Duration::from_secs(3);

/// What every driver needs.
#[derive(Debug, Clone)]
pub(crate) struct Tools {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) fleet: Arc<Fleet>,
    pub(crate) artifacts: Arc<Artifacts>,
    pub(crate) env_files: Arc<EnvFiles>,
    /// Who owns the jobs that this scheduler makes.
    pub(crate) owner: Arc<str>,
    /// As which it writes them.
    pub(crate) epoch: u64,
    pub(crate) shutdown: CancellationToken,
}

/// An event for a job, and who waits for its answer.
#[derive(Debug)]
pub(crate) struct JobMessage {
    pub(crate) event: JobEvent,
    pub(crate) reply: Option<Reply>,
}

/// What others see of a job that has a driver.
#[derive(Debug, Clone)]
pub(crate) struct LiveView {
    /// The job as it is now; final only once that is stored.
    pub(crate) job: watch::Receiver<JobInfo>,
    pub(crate) progress: watch::Receiver<Snapshot>,
    pub(crate) openings: watch::Receiver<OpenSeats>,
}

/// One job's driver.
#[derive(Debug)]
pub(crate) struct JobDriver {
    tools: Tools,
    machine: JobMachine,
    orders: Orders,
    /// The values of the variables that `job` only names.
    env: Env,
    job: watch::Sender<JobInfo>,
    progress: watch::Sender<Snapshot>,
    openings: watch::Sender<OpenSeats>,
    published: Instant,
    start_wall_ns: u64,
    aggregation: Option<Aggregation>,
    collected: Option<Collected>,
    /// How the job ends, as the aggregation was told.
    told_ending: Option<(JobState, String)>,
    /// Until the job comes to its end.
    writer: Option<StateWriter>,
    /// The end of the job is stored.
    is_concluded: bool,
    answers: Answers,
}

impl JobDriver {
    /// Runs the job to its end, or until the scheduler shuts down while the job is queued.
    pub(crate) async fn run(mut self, mut mailbox: mpsc::Receiver<JobMessage>) {
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let shutdown = self.tools.shutdown.clone();
        let mut shutting_down = false;
        let mut gives_up = None;
        while !self.machine.state().is_final() {
            let (event, reply) = tokio::select! {
                Some(message) = mailbox.recv() => (message.event, message.reply),
                collected = collected(&mut self.aggregation) => {
                    let event = match &collected {
                        Some(collected) => JobEvent::Collected { complete: collected.complete },
                        None => JobEvent::AggregationBroke,
                    };
                    self.collected = collected;
                    (event, None)
                }
                () = shutdown.cancelled(), if !shutting_down => {
                    shutting_down = true;
                    if self.machine.state() == JobState::Queued {
                        break;
                    }
                    gives_up = Some(Instant::now() + LAST_RESULTS_LIMIT);
                    (stop_of_scheduler(), None)
                }
                // What is delivered later, the next scheduler adds.
                () = until(gives_up), if self.machine.state() == JobState::Delivering => {
                    gives_up = None;
                    (stop_of_scheduler(), None)
                }
                () = written(&mut self.writer), if !self.answers.is_empty() => {
                    self.give_answers();
                    continue;
                }
                _ = ticks.tick() => (self.broken().unwrap_or(JobEvent::Tick), None),
            };
            self.take(event, reply).await;
        }
        if self.machine.state().is_final() {
            Box::pin(self.conclude(&mut mailbox)).await;
        }
        // What comes too late is refused by the machine, too.
        mailbox.close();
        while let Some(message) = mailbox.recv().await {
            match message.event {
                // A job that is still queued waits for the next scheduler.
                JobEvent::Taken { agents } => {
                    for agent in agents {
                        self.tools.fleet.release(&agent.name, self.id());
                    }
                }
                event => self.take(event, message.reply).await,
            }
        }
    }

    /// A threshold of the running job that is broken and stops the load.
    fn broken(&self) -> Option<JobEvent> {
        let running = self.machine.state() == JobState::Running;
        let aggregation = self.aggregation.as_ref().filter(|_| running)?;
        let reason = aggregation.seen.borrow().broken.clone()?;
        Some(JobEvent::Broken { reason })
    }

    async fn take(&mut self, event: JobEvent, reply: Option<Reply>) {
        let Some(asked) = self.asked(&event, reply) else {
            return;
        };
        let actions = self.machine.on(monotonic_ns(), event);
        let news = !actions.is_empty();
        let mut answer = Ok(());
        for action in actions {
            match action {
                JobAction::Reply(result) => answer = result,
                action => self.carry_out(action).await,
            }
        }
        self.tell_ending();
        let orders = self.aggregation.iter_mut();
        orders.for_each(|aggregation| aggregation.orders.flush());
        self.expect_answer(asked, answer);
        let is_told = self.is_concluded || !self.machine.state().is_final();
        if is_told && (news || self.published.elapsed() >= PROGRESS_PERIOD) {
            self.publish();
        }
        self.openings.send_if_modified(|openings| {
            let now = self.machine.openings(monotonic_ns());
            let changed = *openings != now;
            *openings = now;
            changed
        });
    }

    /// Tells the aggregation how the job ends once its results are in: another scheduler may have to end it.
    fn tell_ending(&mut self) {
        if self.machine.state() == JobState::Delivering {
            let ending = self.machine.ending();
            if self.told_ending.as_ref() != Some(&ending) {
                self.aggregate(AggregationOrder::EndsAs(ending.0, ending.1.clone()));
                self.told_ending = Some(ending);
            }
        }
    }

    async fn carry_out(&mut self, action: JobAction) {
        match action {
            JobAction::Assign { revision, agents } => {
                let job = self.job.borrow().clone();
                // A binary that is gone shows when the agent fetches it.
                let bytes = self.tools.artifacts.find(&job.spec.binary_sha256).await;
                let with = (&self.env, bytes.unwrap_or(0), self.tools.artifacts.dir());
                self.orders.assign(&job, with, &revision, &agents);
            }
            JobAction::Order { agent, order } => self.orders.send(&agent, &order, self.start_wall_ns),
            JobAction::Release { agent } => self.tools.fleet.release(&agent, self.id()),
            JobAction::Begin => self.begin(),
            JobAction::Replan => self.replan(),
            JobAction::Leave { agent, epoch } => self.aggregate(AggregationOrder::Leave(agent, epoch)),
            JobAction::Record(event) => self.aggregate(AggregationOrder::Record(event)),
            JobAction::Save => self.save(),
            JobAction::Collect { shares, end_ns } => {
                self.aggregate(AggregationOrder::Collect { shares, end_ns });
            }
            JobAction::Await { share, is_awaited } => {
                self.aggregate(AggregationOrder::Await { share, is_awaited });
            }
            JobAction::GiveUp => self.aggregate(AggregationOrder::GiveUp),
            // Done when this event is.
            JobAction::Conclude | JobAction::Reply(_) => {}
        }
    }

    fn begin(&mut self) {
        self.start_wall_ns = wall_ns() + START_LEAD_NS;
        let start_wall_ns = self.start_wall_ns;
        self.job
            .send_modify(|job| job.started_at_wall_ns = Some(start_wall_ns));
        if let (Some(team), Some(start_ns)) = (self.machine.team(), self.machine.start_ns()) {
            let (store, job) = (Arc::clone(&self.tools.store), self.job.subscribe());
            self.aggregation = Some(Aggregation::start(store, job, team.clone(), start_ns));
        }
    }

    /// Takes over a new plan or team.
    fn replan(&mut self) {
        let Some(team) = self.machine.team().cloned() else {
            return;
        };
        let load = team.load();
        let (planned, asked_rate) = (load.planned(), load.mean_rate_per_second());
        self.job.send_modify(|job| {
            job.planned = planned;
            job.asked_rate = asked_rate;
        });
        self.aggregate(AggregationOrder::Replan(Box::new(team)));
    }

    /// Tells the aggregation; it is gone when the job has all its results, and nothing that happens then is of interest.
    fn aggregate(&mut self, order: AggregationOrder) {
        if let Some(aggregation) = &mut self.aggregation {
            aggregation.orders.send(order);
        }
    }

    fn save(&mut self) {
        self.copy_state();
        if let Some(writer) = &self.writer {
            writer.write(self.job.borrow().clone());
        }
    }

    /// Copies what the machine knows of the job.
    fn copy_state(&mut self) {
        let machine = &self.machine;
        // How it ended is told once that is stored.
        self.job.send_if_modified(|job| {
            if machine.state().is_final() {
                return false;
            }
            job.state = machine.state();
            job.reason = machine.reason();
            job.degraded = machine.degraded();
            true
        });
    }

    fn publish(&mut self) {
        self.published = Instant::now();
        if self.machine.state() == JobState::Delivering {
            // What is to come changes all the time.
            self.copy_state();
        }
        let aggregation = self.aggregation.as_ref();
        let seen = aggregation.map(|aggregation| aggregation.seen.borrow().clone());
        let start_ns = self.machine.start_ns();
        let elapsed_ns = start_ns.map_or(0, |start_ns| monotonic_ns().saturating_sub(start_ns));
        let (left_ns, is_paused) = self.machine.load_left_ns(elapsed_ns);
        let view = LiveJob {
            job: self.job.borrow().clone(),
            team: self.machine.team(),
            agents: self.machine.agent_standings(),
            backlogs: self.machine.backlogs(),
            elapsed_ns,
            end_ns: self.machine.end_ns(),
            left_ns,
            is_paused,
        };
        let progress = view.progress(seen.unwrap_or_default().figures);
        self.progress.send_modify(|snapshot| snapshot.replace(progress));
    }

    fn id(&self) -> uuid::Uuid {
        self.job.borrow().id
    }
}

fn stop_of_scheduler() -> JobEvent {
    let who = "the end of the scheduler".to_owned();
    JobEvent::Stop { now: true, who }
}

async fn until(instant: Option<Instant>) {
    match instant {
        Some(instant) => sleep_until(instant).await,
        None => std::future::pending().await,
    }
}

/// Waits for the next attempt to write the job's state.
async fn written(writer: &mut Option<StateWriter>) {
    match writer {
        Some(writer) => writer.changed().await,
        None => std::future::pending().await,
    }
}

/// Waits for the end of the aggregation, forever if none runs. `None` if it broke.
async fn collected(aggregation: &mut Option<Aggregation>) -> Option<Collected> {
    match aggregation {
        Some(aggregation) => aggregation.collected().await,
        None => std::future::pending().await,
    }
}
