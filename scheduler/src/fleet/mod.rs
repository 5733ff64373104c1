//! The agents: who is connected ([`registry`]), the streams over which they are spoken to ([`connect`]), and what they say
//! ([`hear`]).
//!
//! [`Fleet`] joins both under one lock that is never held over an await. What agents say about jobs goes
//! to the job service as [`FleetEvent`].

pub(crate) mod connect;
mod event;
pub(crate) mod hear;
pub(crate) mod registry;

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use heavy_process::clock::monotonic_ns;
use heavy_proto::v1;
use heavy_results::job::AgentInfo;
use tokio::sync::mpsc;
use uuid::Uuid;

pub(crate) use event::{AgentAnswer, AgentNews, AssignmentReport, Backlog, FleetEvent};
pub(crate) use registry::Candidate;
use registry::{ConnectionId, Introduction, Refused, Registry};

/// An agent that has sent nothing for this long is lost, and has stopped its load by itself.
pub(crate) const LEASE: Duration = Duration::from_secs(10);

/// Messages that may wait for one agent; it is disconnected when there are more.
const OUTBOX: usize = 256;

/// An instant of the scheduler, on its two clocks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FleetTime {
    pub(crate) now_ns: u64,
    pub(crate) wall_ns: u64,
}

/// What goes out to an agent.
#[derive(Debug)]
pub(crate) enum AgentMessage {
    /// The answer to a heartbeat; it is stamped when it leaves.
    Heartbeat(v1::HeartbeatReply),
    Message(v1::to_agent::Message),
}

#[derive(Debug)]
struct Inner {
    registry: Registry,
    outboxes: HashMap<String, (ConnectionId, mpsc::Sender<AgentMessage>)>,
    next_connection: ConnectionId,
}

#[derive(Debug)]
pub(crate) struct Fleet {
    lease: Duration,
    inner: Mutex<Inner>,
    news: mpsc::Sender<FleetEvent>,
}

impl Fleet {
    /// A fleet without agents, that sends its events to `news`; agents that have sent nothing for `lease` are lost.
    pub(crate) fn new(news: mpsc::Sender<FleetEvent>, lease: Duration) -> Self {
        let inner = Inner {
            registry: Registry::new(nanoseconds(lease)),
            outboxes: HashMap::new(),
            next_connection: 1,
        };
        Self {
            lease,
            inner: Mutex::new(inner),
            news,
        }
    }

    /// How long an agent's lease lasts.
    pub(crate) fn lease_ns(&self) -> u64 {
        nanoseconds(self.lease)
    }

    /// All agents for people, by name.
    pub(crate) fn agents(&self) -> Vec<AgentInfo> {
        let now_ns = monotonic_ns();
        self.lock().registry.infos(now_ns)
    }

    /// Connected agents, sorted by name.
    pub(crate) fn connected(&self) -> Vec<Candidate> {
        self.lock().registry.connected().collect()
    }

    /// Assigns a job to a free agent; false if it is not there any more.
    pub(crate) fn take(&self, agent: &str, job: Uuid) -> bool {
        self.lock().registry.take(agent, job)
    }

    /// Notes which attempt at a job an agent was given.
    pub(crate) fn assigned(&self, agent: &str, job: Uuid, epoch: u32) {
        self.lock().registry.assigned(agent, job, epoch);
    }

    /// Frees an agent of a job that it never got.
    pub(crate) fn release(&self, agent: &str, job: Uuid) {
        self.lock().registry.release(agent, job);
    }

    /// Sends an agent a message, if it is connected. A message that an agent misses is sent again when it comes back.
    pub(crate) fn send(&self, agent: &str, message: v1::to_agent::Message) {
        let mut inner = self.lock();
        let Some((_, outbox)) = inner.outboxes.get(agent) else {
            return;
        };
        if outbox.try_send(AgentMessage::Message(message)).is_err() {
            tracing::warn!(agent, "agent does not read its messages: disconnected");
            inner.outboxes.remove(agent);
        }
    }

    /// Removes agents whose lease has expired. Call it periodically.
    pub(crate) async fn expire(&self, now_ns: u64) {
        let expired = {
            let mut inner = self.lock();
            let expired = inner.registry.expire(now_ns);
            for (agent, _) in &expired {
                inner.outboxes.remove(agent);
            }
            expired
        };
        for (agent, job) in expired {
            tracing::warn!(agent, "the agent's lease has expired");
            let why = format!("it sent nothing for {} s", self.lease.as_secs());
            match job {
                Some(job) => self.tell_of(agent, job, AgentNews::Lost(why)).await,
                None => self.tell(FleetEvent::Changed).await,
            }
        }
    }

    /// Registers an agent; returns its stream's number and the messages to send to it.
    pub(crate) async fn register(
        &self,
        time: FleetTime,
        introduction: Introduction,
    ) -> Result<(ConnectionId, mpsc::Receiver<AgentMessage>), Refused> {
        let name = introduction.name.clone();
        let (outbox, outgoing) = mpsc::channel(OUTBOX);
        let (connection, welcome) = {
            let mut inner = self.lock();
            let connection = inner.next_connection;
            let welcome = inner
                .registry
                .register(time.now_ns, time.wall_ns, connection, introduction)?;
            inner.next_connection += 1;
            inner.outboxes.insert(name.clone(), (connection, outbox));
            (connection, welcome)
        };
        for job in welcome.foreign {
            let stop = v1::Stop {
                job: job.to_string(),
                grace_ns: 0,
                end_ns: 0,
            };
            self.send(&name, v1::to_agent::Message::Stop(stop));
        }
        if let Some(job) = welcome.lost {
            let lost = AgentNews::Lost("its process ended".to_owned());
            self.tell_of(name.clone(), job, lost).await;
        }
        match welcome.back {
            Some((job, holds)) => self.tell_of(name, job, AgentNews::Back { holds }).await,
            None => self.tell(FleetEvent::Changed).await,
        }
        Ok((connection, outgoing))
    }

    pub(crate) async fn disconnected(&self, agent: &str, connection: ConnectionId) {
        {
            let mut inner = self.lock();
            inner.registry.disconnected(agent, connection);
            if inner
                .outboxes
                .get(agent)
                .is_some_and(|(current, _)| *current == connection)
            {
                inner.outboxes.remove(agent);
            }
        }
        self.tell(FleetEvent::Changed).await;
    }

    /// Renews a lease and puts the answer into the outbox; false for a stream that is no longer the agent's.
    fn heartbeat(
        &self,
        agent: &str,
        connection: ConnectionId,
        beat: &v1::Heartbeat,
        time: FleetTime,
    ) -> bool {
        let clock = (beat.clock_error_ns > 0).then_some((beat.clock_offset_ns, beat.clock_error_ns));
        let reply = AgentMessage::Heartbeat(v1::HeartbeatReply {
            sequence: beat.sequence,
            sent_monotonic_ns: beat.sent_monotonic_ns,
            received_wall_ns: time.wall_ns,
            replied_wall_ns: 0,
        });
        let mut inner = self.lock();
        inner.registry.heartbeat(time.now_ns, agent, connection, clock)
            && inner
                .outboxes
                .get(agent)
                .is_some_and(|(_, outbox)| outbox.try_send(reply).is_ok())
    }

    async fn update(
        &self,
        agent: &str,
        connection: ConnectionId,
        (job, epoch): (Uuid, u32),
        report: AssignmentReport,
    ) {
        let ends_load = report.ends_load();
        {
            let mut inner = self.lock();
            if !inner.registry.is_current(agent, connection) {
                return;
            }
            if ends_load {
                inner.registry.ended(agent, job, epoch);
            }
        }
        self.tell_of(agent.to_owned(), job, AgentNews::Report { epoch, report })
            .await;
    }

    /// Passes on what an agent has not yet delivered.
    async fn backlogs(&self, agent: &str, backlogs: Vec<(Uuid, Backlog)>) {
        for (job, backlog) in backlogs {
            self.tell_of(agent.to_owned(), job, AgentNews::Backlog(backlog))
                .await;
        }
    }

    async fn answer(&self, agent: &str, connection: ConnectionId, job: Uuid, answer: AgentAnswer) {
        if self.lock().registry.is_current(agent, connection) {
            self.tell_of(agent.to_owned(), job, AgentNews::Answer(answer))
                .await;
        }
    }

    async fn tell_of(&self, agent: String, job: Uuid, news: AgentNews) {
        self.tell(FleetEvent::News { agent, job, news }).await;
    }

    async fn tell(&self, news: FleetEvent) {
        // The job service only goes away with the whole scheduler.
        let _ = self.news.send(news).await;
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // No critical section can leave the maps half changed.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
