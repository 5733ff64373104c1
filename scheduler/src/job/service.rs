//! Where jobs are found: takes submissions, hands agents to the job whose turn it is, and news of agents to the jobs
//! they concern.

mod control;
mod inherited;
mod requests;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use heavy_process::clock::monotonic_ns;
use heavy_results::job::JobInfo;
use tokio::sync::mpsc;
use tokio::time::interval;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use super::driver::{JobDriver, JobMessage, LiveView, Tools};
use super::error::Error;
use super::machine::event::{JobEvent, StopTerms};
use super::orders;
use super::queue::{JobQueue, LONGEST, QueueDecision, WaitingJob};
use super::submission::IdempotencyKeys;
use crate::env_files::Env;
use crate::fleet::{AgentNews, Candidate, FleetEvent};

const MAILBOX: usize = 8192;
const ORDERS: usize = 1024;
const DECIDE_PERIOD: Duration = Duration::from_millis(250);

#[derive(Debug)]
struct DrivenJob {
    messages: mpsc::Sender<JobMessage>,
    view: LiveView,
    /// Labels that its agents must have.
    on: BTreeMap<String, String>,
    /// Hashes of its binary and files.
    artifacts: Vec<String>,
}

#[derive(Debug)]
enum QueueOrder {
    Queue(WaitingJob),
    Done(Uuid),
}

#[derive(Debug)]
pub(crate) struct JobService {
    tools: Tools,
    live: Mutex<HashMap<Uuid, DrivenJob>>,
    /// When the newest job was submitted that is known here, and its id.
    newest: Mutex<(u64, u128)>,
    /// Idempotency keys of the newest submissions. Held while a job is made, so that a key makes only one.
    keys: tokio::sync::Mutex<IdempotencyKeys>,
    orders: mpsc::Sender<QueueOrder>,
    drivers: TaskTracker,
}

/// What the service's own task works on.
#[derive(Debug)]
pub(crate) struct Inbox {
    orders: mpsc::Receiver<QueueOrder>,
    news: mpsc::Receiver<FleetEvent>,
}

impl JobService {
    pub(crate) fn new(tools: Tools, news: mpsc::Receiver<FleetEvent>) -> (Arc<Self>, Inbox) {
        let (sender, orders) = mpsc::channel(ORDERS);
        let service = Self {
            tools,
            live: Mutex::default(),
            newest: Mutex::default(),
            keys: tokio::sync::Mutex::default(),
            orders: sender,
            drivers: TaskTracker::new(),
        };
        (Arc::new(service), Inbox { orders, news })
    }

    /// Hashes of binaries and files that jobs still need: also those of other schedulers with the same results database.
    pub(crate) async fn needed_artifacts(&self) -> Result<HashSet<String>, heavy_store::Error> {
        let unfinished = self.tools.store.unfinished_jobs().await?;
        let of_others = unfinished.iter().flat_map(|job| job.spec.artifacts());
        let mut needed: HashSet<String> = of_others.map(str::to_owned).collect();
        // A job that is being concluded is final in the store before its driver has ended.
        let live = self.lock();
        needed.extend(live.values().flat_map(|live| live.artifacts.iter().cloned()));
        Ok(needed)
    }

    /// Hands out agents and news until the scheduler shuts down and every driver has ended.
    pub(crate) async fn run(self: Arc<Self>, mut inbox: Inbox) {
        let mut queue = JobQueue::default();
        let mut ticks = interval(DECIDE_PERIOD);
        loop {
            tokio::select! {
                Some(order) = inbox.orders.recv() => match order {
                    QueueOrder::Queue(waiting) => self.enqueue(&mut queue, waiting),
                    QueueOrder::Done(job) => queue.remove(job),
                },
                Some(news) = inbox.news.recv() => self.deliver(news),
                _ = ticks.tick() => {}
            }
            if !self.tools.shutdown.is_cancelled() {
                self.decide(&mut queue);
            }
        }
    }

    /// Waits until every job that was being worked on has ended.
    pub(crate) async fn drivers_ended(&self) {
        self.drivers.close();
        self.drivers.wait().await;
    }

    async fn start_driver(self: &Arc<Self>, job: JobInfo, env: Env) {
        let waiting = WaitingJob {
            job: job.id,
            agents: job.spec.agents,
            on: job.spec.on.clone(),
            patience_ns: job.spec.wait_for_agents.ns(),
            first: job.spec.replace,
        };
        let driver = JobDriver::new(self.tools.clone(), job.clone(), env);
        self.drive(&job, driver);
        // The service's task takes orders for as long as the scheduler lives.
        let _ = self.orders.send(QueueOrder::Queue(waiting)).await;
    }

    fn drive(self: &Arc<Self>, job: &JobInfo, (driver, view): (JobDriver, LiveView)) {
        let id = job.id;
        self.note_submitted(job);
        let (messages, mailbox) = mpsc::channel(MAILBOX);
        let live = DrivenJob {
            messages,
            view,
            on: job.spec.on.clone(),
            artifacts: job.spec.artifacts().map(str::to_owned).collect(),
        };
        self.lock().insert(id, live);
        let service = Arc::clone(self);
        self.drivers.spawn(async move {
            Box::pin(driver.run(mailbox)).await;
            service.lock().remove(&id);
            let _ = service.orders.send(QueueOrder::Done(id)).await;
        });
    }

    fn enqueue(&self, queue: &mut JobQueue, waiting: WaitingJob) {
        let job = waiting.job;
        if !queue.push(waiting) {
            let reason = Error::QueueFull(LONGEST).to_string();
            self.tell(job, JobEvent::GaveUp { reason });
        }
    }

    fn deliver(&self, news: FleetEvent) {
        match news {
            FleetEvent::Changed => {}
            FleetEvent::News { agent, job, news } if self.is_live(job) => {
                self.tell(job, JobEvent::News { agent, news });
            }
            // The job has ended without this agent, so that nothing of it may run there.
            FleetEvent::News {
                agent,
                job,
                news: AgentNews::Report { report, .. },
            } if !report.ends_load() => {
                orders::stop(&self.tools.fleet, &agent, job, StopTerms::default());
            }
            FleetEvent::News { .. } => {}
        }
    }

    fn decide(&self, queue: &mut JobQueue) {
        let connected = self.tools.fleet.connected();
        let decisions = queue.decide(monotonic_ns(), &connected);
        if queue.is_empty() && decisions.is_empty() {
            self.offer_to_running(&connected);
        }
        for decision in decisions {
            match decision {
                QueueDecision::Take { job, agents } => self.hand_over(job, &agents, &connected),
                QueueDecision::GiveUp { job, reason } => {
                    self.tell(job, JobEvent::GaveUp { reason });
                }
                QueueDecision::Wait { job, reason } => {
                    self.tell(job, JobEvent::Waiting { reason });
                }
            }
        }
    }

    /// Offers free agents that no queued job needs to running jobs that have room for them.
    fn offer_to_running(&self, connected: &[Candidate]) {
        let openings: Vec<_> = {
            let live = self.lock();
            let openings = live
                .iter()
                .map(|(job, live)| (*job, live.on.clone(), live.view.openings.borrow().clone()));
            openings.filter(|(_, _, openings)| openings.room > 0).collect()
        };
        for (job, on, openings) in openings {
            let fits = |candidate: &&Candidate| candidate.free && candidate.is_on(&on);
            let new = connected
                .iter()
                .filter(fits)
                .filter(|candidate| !openings.known.contains(&candidate.name));
            // One that another job took before is not free any more.
            let taken = new.filter(|candidate| self.tools.fleet.take(&candidate.name, job));
            for candidate in taken.take(openings.room) {
                let agent = candidate.clone();
                if !self.tell(job, JobEvent::Joined { agent }) {
                    self.tools.fleet.release(&candidate.name, job);
                }
            }
        }
    }

    fn hand_over(&self, job: Uuid, names: &[String], connected: &[Candidate]) {
        let chosen = connected
            .iter()
            .filter(|candidate| names.contains(&candidate.name));
        let agents: Vec<Candidate> = chosen.cloned().collect();
        let gone: Vec<String> = names
            .iter()
            .filter(|agent| !self.tools.fleet.take(agent, job))
            .cloned()
            .collect();
        if !self.tell(job, JobEvent::Taken { agents }) {
            names
                .iter()
                .for_each(|agent| self.tools.fleet.release(agent, job));
            return;
        }
        for agent in gone {
            let news = AgentNews::Lost("it left before it was assigned the job".to_owned());
            self.tell(job, JobEvent::News { agent, news });
        }
    }

    fn is_live(&self, job: Uuid) -> bool {
        self.lock().contains_key(&job)
    }

    /// Sends an event to a job's driver; false if there is none, or it takes no more.
    fn tell(&self, job: Uuid, event: JobEvent) -> bool {
        let messages = self.lock().get(&job).map(|live| live.messages.clone());
        let Some(messages) = messages else {
            return false;
        };
        let sent = messages.try_send(JobMessage { event, reply: None });
        if let Err(mpsc::error::TrySendError::Full(_)) = &sent {
            tracing::error!(%job, "the mailbox of the job is full: it misses an event");
        }
        sent.is_ok()
    }

    fn lock_newest(&self) -> MutexGuard<'_, (u64, u128)> {
        self.newest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Uuid, DrivenJob>> {
        // No critical section can leave the map half changed.
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
