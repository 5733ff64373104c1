//! A scheduler for simulations, with the time of a test: the registry of agents, the queue, the job machine, its orders on the
//! wire, and what it settles are those of a scheduler.
//!
//! Modelled is what lives on tasks: the streams, the service that hands agents to jobs, and the driver. There is no database, and
//! nothing is aggregated: the test says which results are in. One job is there at a time.

mod job;

pub use job::EndedJob;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use heavy_proto::v1::{self, from_agent, to_agent};
use heavy_results::job::{JobInfo, JobSpec, JobState};
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::fleet::hear::introduction;
use crate::fleet::{AgentMessage, AgentNews, Fleet, FleetEvent, FleetTime};
use crate::job::machine::event::{JobEvent, StopTerms};
use crate::job::orders;
use crate::job::queue::{JobQueue, QueueDecision, WaitingJob};
use job::SimulatedJob;

/// News that wait are taken after each call.
const NEWS: usize = 4096;

/// A scheduler.
#[derive(Debug)]
pub struct SimulatedScheduler {
    beginning_wall_ns: u64,
    fleet: Arc<Fleet>,
    news: mpsc::Receiver<FleetEvent>,
    streams: BTreeMap<u64, AgentStream>,
    queue: JobQueue,
    job: Option<SimulatedJob>,
    ended: Vec<EndedJob>,
}

#[derive(Debug)]
struct AgentStream {
    agent: String,
    /// The answer to the registration, until it is sent.
    registered: Option<v1::Registered>,
    messages: mpsc::Receiver<AgentMessage>,
}

impl SimulatedScheduler {
    /// A scheduler whose monotonic clock begins at this wall time, and that gives agents leases of this length.
    #[must_use]
    pub fn new(beginning_wall_ns: u64, lease_ns: u64) -> Self {
        let (sender, news) = mpsc::channel(NEWS);
        Self {
            beginning_wall_ns,
            fleet: Arc::new(Fleet::new(sender, Duration::from_nanos(lease_ns))),
            news,
            streams: BTreeMap::new(),
            queue: JobQueue::default(),
            job: None,
            ended: Vec::new(),
        }
    }

    /// Takes a job; the one before has ended.
    pub fn submit(&mut self, now_ns: u64, job: &str, spec: JobSpec) {
        let id: Uuid = job.parse().unwrap_or_default();
        self.queue.push(WaitingJob {
            job: id,
            agents: spec.agents,
            on: spec.on.clone(),
            patience_ns: spec.wait_for_agents.ns(),
            first: false,
        });
        let info = JobInfo::queued(id, spec, self.beginning_wall_ns + now_ns);
        self.job = Some(SimulatedJob::new(info, Arc::clone(&self.fleet)));
    }

    /// The state of the job, until it has ended.
    #[must_use]
    pub fn state(&self) -> Option<JobState> {
        self.job.as_ref().map(SimulatedJob::state)
    }

    /// The jobs that have ended since the last call.
    pub fn take_ended(&mut self) -> Vec<EndedJob> {
        std::mem::take(&mut self.ended)
    }

    /// An agent registers; returns the number of its stream, unless it is refused.
    pub fn connect(&mut self, now_ns: u64, register: v1::Register) -> Option<u64> {
        let introduction = introduction(register).ok()?;
        let agent = introduction.name.clone();
        let registering = self.fleet.register(self.time(now_ns), introduction);
        let (stream, messages) = at_once(registering).ok()?;
        let registered = v1::Registered {
            lease_ns: self.fleet.lease_ns(),
            ..v1::Registered::default()
        };
        let open = AgentStream {
            agent,
            registered: Some(registered),
            messages,
        };
        self.streams.insert(stream, open);
        self.pass_news(now_ns);
        Some(stream)
    }

    /// An agent says something; false if its stream ends.
    pub fn hear(&mut self, now_ns: u64, stream: u64, said: from_agent::Message) -> bool {
        let Some(open) = self.streams.get(&stream) else {
            return false;
        };
        let hearing = self.fleet.hear(&open.agent, stream, said, self.time(now_ns));
        let goes_on = at_once(hearing);
        self.pass_news(now_ns);
        if !goes_on {
            self.disconnect(now_ns, stream);
        }
        goes_on
    }

    /// What goes to an agent now; `None` once its stream has ended.
    pub fn says(&mut self, stream: u64) -> Option<Vec<to_agent::Message>> {
        let open = self.streams.get_mut(&stream)?;
        let mut said: Vec<_> = open
            .registered
            .take()
            .map(to_agent::Message::Registered)
            .into_iter()
            .collect();
        loop {
            match open.messages.try_recv() {
                Ok(AgentMessage::Heartbeat(reply)) => said.push(to_agent::Message::Heartbeat(reply)),
                Ok(AgentMessage::Message(message)) => said.push(message),
                Err(mpsc::error::TryRecvError::Disconnected) if said.is_empty() => return None,
                Err(_) => return Some(said),
            }
        }
    }

    /// A stream broke, or ended.
    pub fn disconnect(&mut self, now_ns: u64, stream: u64) {
        if let Some(gone) = self.streams.remove(&stream) {
            at_once(self.fleet.disconnected(&gone.agent, stream));
            self.pass_news(now_ns);
        }
    }

    /// Time passes: leases end, agents are handed out, and the job looks at its limits.
    pub fn look(&mut self, now_ns: u64) {
        at_once(self.fleet.expire(now_ns));
        self.pass_news(now_ns);
        self.hand_out(now_ns);
        self.take(now_ns, JobEvent::Tick);
    }

    /// A client stops the job; `now` is without grace.
    pub fn stop(&mut self, now_ns: u64, now: bool) {
        let who = "a client".to_owned();
        self.take(now_ns, JobEvent::Stop { now, who });
    }

    /// Looks at the results that a job whose load is over waits for; `has_all` says whether all of an agent and epoch are in.
    pub fn collect(&mut self, now_ns: u64, has_all: impl Fn(&str, u32) -> bool) {
        let standing = self.job.as_ref().and_then(|job| job.standing(has_all));
        if let Some((complete, true)) = standing {
            self.take(now_ns, JobEvent::Collected { complete });
        }
    }

    /// Gives the agents that are free to the job that waits, or to the one that runs.
    fn hand_out(&mut self, now_ns: u64) {
        let connected = self.fleet.connected();
        let decisions = self.queue.decide(now_ns, &connected);
        let nobody_waits = self.queue.is_empty() && decisions.is_empty();
        if let Some(job) = self.job.as_mut().filter(|_| nobody_waits) {
            for event in job.offer(now_ns, &connected) {
                self.take(now_ns, event);
            }
        }
        for decision in decisions {
            let event = match decision {
                QueueDecision::Take { job, agents } => JobEvent::Taken {
                    agents: connected
                        .iter()
                        .filter(|candidate| agents.contains(&candidate.name))
                        .filter(|candidate| self.fleet.take(&candidate.name, job))
                        .cloned()
                        .collect(),
                },
                QueueDecision::GiveUp { reason, .. } => JobEvent::GaveUp { reason },
                QueueDecision::Wait { reason, .. } => JobEvent::Waiting { reason },
            };
            self.take(now_ns, event);
        }
    }

    /// Passes what agents said on to the job.
    fn pass_news(&mut self, now_ns: u64) {
        while let Ok(news) = self.news.try_recv() {
            let FleetEvent::News { agent, job, news } = news else {
                continue;
            };
            if self.job.as_ref().is_some_and(|own| own.id() == job) {
                self.take(now_ns, JobEvent::News { agent, news });
            } else if matches!(&news, AgentNews::Report { report, .. } if !report.ends_load()) {
                orders::stop(&self.fleet, &agent, job, StopTerms::default());
            }
        }
    }

    fn take(&mut self, now_ns: u64, event: JobEvent) {
        let time = self.time(now_ns);
        if let Some(job) = &mut self.job {
            job.take(time, event);
        }
        self.ended.extend(
            self.job
                .take_if(|job| job.state().is_final())
                .map(SimulatedJob::conclude),
        );
    }

    const fn time(&self, now_ns: u64) -> FleetTime {
        FleetTime {
            now_ns,
            wall_ns: self.beginning_wall_ns + now_ns,
        }
    }
}

/// What a fleet does never waits as long as its news are taken.
fn at_once<T>(work: impl Future<Output = T>) -> T {
    work.now_or_never().expect("there is room for news")
}
