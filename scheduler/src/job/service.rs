//! Where jobs are found: takes submissions, hands agents to the job whose turn it is, and news of agents to the jobs
//! they concern.

mod requests;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use heavy_results::job::{JobInfo, JobState};
use tokio::sync::{mpsc, watch};
use tokio::time::interval;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use super::conclude::{conclude, conclude_orphan};
use super::control;
use super::driver::{Driver, Tools};
use super::error::Error;
use super::event::Event;
use super::mail::{Door, Mail};
use super::progress::Snapshot;
use super::queue::{Decision, LONGEST, Queue, Waiting};
use super::submission::Keys;
use crate::env_files::Env;
use crate::fleet::{Candidate, News};

const MAILBOX: usize = 8192;
const ORDERS: usize = 1024;
const DECIDE_PERIOD: Duration = Duration::from_millis(250);

#[derive(Debug)]
struct Live {
    mail: mpsc::Sender<Mail>,
    door: Door,
    /// Labels that its agents must have.
    on: BTreeMap<String, String>,
    progress: watch::Receiver<Snapshot>,
    sha256: String,
}

#[derive(Debug)]
enum Order {
    Queue(Waiting, bool),
    Done(Uuid),
}

/// The jobs of this scheduler.
#[derive(Debug)]
pub(crate) struct JobService {
    tools: Tools,
    live: Mutex<HashMap<Uuid, Live>>,
    /// Idempotency keys of the newest submissions. Held while a job is made, so that a key makes only one.
    keys: tokio::sync::Mutex<Keys>,
    orders: mpsc::Sender<Order>,
    drivers: TaskTracker,
}

/// What the desk's own task works on.
#[derive(Debug)]
pub(crate) struct Inbox {
    orders: mpsc::Receiver<Order>,
    news: mpsc::Receiver<News>,
}

impl JobService {
    pub(crate) fn new(tools: Tools, news: mpsc::Receiver<News>) -> (Arc<Self>, Inbox) {
        let (sender, orders) = mpsc::channel(ORDERS);
        let desk = Self {
            tools,
            live: Mutex::default(),
            keys: tokio::sync::Mutex::default(),
            orders: sender,
            drivers: TaskTracker::new(),
        };
        (Arc::new(desk), Inbox { orders, news })
    }

    /// Takes up what an earlier scheduler has left: queued jobs wait again, others are concluded.
    ///
    /// # Errors
    /// When the database does not answer.
    pub(crate) async fn take_up(self: &Arc<Self>) -> Result<(), heavy_store::Error> {
        for job in self.tools.store.unfinished_jobs().await? {
            if job.state == JobState::Queued {
                tracing::info!(job = %job.id, "queued job taken up again");
                self.take_up_queued(job).await;
            } else {
                tracing::warn!(job = %job.id, state = job.state.as_str(), "closing a job of an earlier scheduler");
                self.tools.env_files.forget(job.id).await;
                conclude_orphan(Arc::clone(&self.tools.store), job).await;
            }
        }
        Ok(())
    }

    async fn take_up_queued(self: &Arc<Self>, mut job: JobInfo) {
        match self.tools.env_files.find(job.id, &job.spec).await {
            Ok(env) => self.look_after(job, env).await,
            Err(error) => {
                job.state = JobState::Failed;
                job.reason = format!(
                    "the scheduler was restarted and cannot read the values of the job's variables any more ({error}): \
                     submit it again"
                );
                conclude(&*self.tools.store, &mut job, None).await;
            }
        }
    }

    /// Hashes of binaries that jobs still need.
    pub(crate) fn needed_artifacts(&self) -> HashSet<String> {
        self.lock().values().map(|live| live.sha256.clone()).collect()
    }

    /// Hands out agents and news until the scheduler shuts down and every driver has ended.
    pub(crate) async fn run(self: Arc<Self>, mut inbox: Inbox) {
        let mut queue = Queue::default();
        let mut ticks = interval(DECIDE_PERIOD);
        loop {
            tokio::select! {
                Some(order) = inbox.orders.recv() => match order {
                    Order::Queue(waiting, first) => self.enqueue(&mut queue, waiting, first),
                    Order::Done(job) => queue.remove(job),
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

    async fn look_after(self: &Arc<Self>, job: JobInfo, env: Env) {
        let (id, sha256) = (job.id, job.spec.binary_sha256.clone());
        let waiting = Waiting {
            job: id,
            agents: job.spec.agents,
            on: job.spec.on.clone(),
            patience_ns: job.spec.wait_for_agents.ns(),
        };
        let (mail, mailbox) = mpsc::channel(MAILBOX);
        let (door, on, first) = (Door::default(), job.spec.on.clone(), job.spec.replace);
        let (driver, progress) = Driver::new(self.tools.clone(), job, env, door.clone());
        let live = Live {
            mail,
            door,
            on,
            progress,
            sha256,
        };
        self.lock().insert(id, live);
        let desk = Arc::clone(self);
        self.drivers.spawn(async move {
            driver.run(mailbox).await;
            desk.lock().remove(&id);
            let _ = desk.orders.send(Order::Done(id)).await;
        });
        // The desk's task takes orders for as long as the scheduler lives.
        let _ = self.orders.send(Order::Queue(waiting, first)).await;
    }

    fn enqueue(&self, queue: &mut Queue, waiting: Waiting, first: bool) {
        let job = waiting.job;
        let taken = if first {
            queue.push_first(waiting)
        } else {
            queue.push(waiting)
        };
        if !taken {
            self.tell(
                job,
                Event::GaveUp {
                    reason: Error::QueueFull(LONGEST).to_string(),
                },
            );
        }
    }

    fn deliver(&self, news: News) {
        match news {
            News::Changed => {}
            News::Update { agent, job, report } if self.is_live(job) => {
                self.tell(job, Event::Update { agent, report });
            }
            // The job has ended without this agent, so that nothing of it may run there.
            News::Update { agent, job, report } if !report.is_last() => {
                control::stop(&self.tools.fleet, &agent, job, 0, 0);
            }
            News::Update { .. } => {}
            News::Answer { agent, job, answer } => self.post(job, Mail::Answer { agent, answer }),
            News::Lost { agent, job, why } => {
                self.tell(job, Event::Lost { agent, why });
            }
            News::Back { agent, job, holds } => {
                self.tell(job, Event::Back { agent, holds });
            }
        }
    }

    fn decide(&self, queue: &mut Queue) {
        let connected = self.tools.fleet.connected();
        let decisions = queue.decide(self.tools.clock.now_ns(), &connected);
        if queue.is_empty() && decisions.is_empty() {
            self.let_join(&connected);
        }
        for decision in decisions {
            match decision {
                Decision::Take { job, agents } => self.hand_over(job, agents),
                Decision::GiveUp { job, reason } => self.tell(job, Event::GaveUp { reason }),
                Decision::Wait { job, reason } => self.tell(job, Event::Waiting { reason }),
            }
        }
    }

    /// Gives free agents that nobody waits for to jobs that run and have room for them.
    fn let_join(&self, connected: &[Candidate]) {
        for candidate in connected.iter().filter(|candidate| candidate.free) {
            let wants = |live: &&Live| candidate.is_on(&live.on) && live.door.pass(&candidate.name);
            let job = {
                let live = self.lock();
                live.iter().find(|(_, live)| wants(live)).map(|(job, _)| *job)
            };
            let Some(job) = job else { continue };
            let agent = candidate.name.clone();
            if self.tools.fleet.take(&agent, job) {
                self.tell(job, Event::Joined { agent });
            }
        }
    }

    fn hand_over(&self, job: Uuid, agents: Vec<String>) {
        let gone: Vec<String> = agents
            .iter()
            .filter(|agent| !self.tools.fleet.take(agent, job))
            .cloned()
            .collect();
        if !self.is_live(job) {
            agents
                .iter()
                .for_each(|agent| self.tools.fleet.release(agent, job));
            return;
        }
        self.tell(job, Event::Taken { agents });
        for agent in gone {
            let why = "it left before it could be given the job".to_owned();
            self.tell(job, Event::Lost { agent, why });
        }
    }

    fn is_live(&self, job: Uuid) -> bool {
        self.lock().contains_key(&job)
    }

    fn tell(&self, job: Uuid, event: Event) {
        self.post(job, Mail::Event(event));
    }

    fn post(&self, job: Uuid, mail: Mail) {
        if let Some(live) = self.lock().get(&job)
            && live.mail.try_send(mail).is_err()
        {
            tracing::error!(%job, "job does not take its events");
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Uuid, Live>> {
        // No critical section can leave the map half changed.
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
