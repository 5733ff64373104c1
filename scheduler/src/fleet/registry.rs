//! Which agents are there at `now`, and what each works on. Pure: no IO, no clock reads.
//!
//! An agent is *connected* while its stream is open and *leased* until a lease after its last heartbeat. Losing the
//! stream alone loses nothing: an agent with a job may come back within its lease and goes on. One without a job is
//! forgotten at once.

use std::collections::BTreeMap;

use heavy_load::vocabulary::SandboxLevel;
use heavy_results::job::AgentInfo;
use uuid::Uuid;

/// Tells the streams of one scheduler process apart.
pub(crate) type ConnectionId = u64;

/// What an agent reports about itself when it registers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Introduction {
    pub(crate) name: String,
    /// Made anew by each process.
    pub(crate) instance: String,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) version: String,
    pub(crate) cores: u32,
    pub(crate) architecture: String,
    pub(crate) glibc: String,
    /// What its load tests are kept from, if it tells.
    pub(crate) sandbox: Option<SandboxLevel>,
    /// Jobs whose assignments the process still holds, with the newest attempt; 0 if an older agent does not tell.
    pub(crate) jobs: Vec<(Uuid, u32)>,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refused {
    #[error(
        "an agent named `{0}` is already connected: set a unique name with --name, or stop the other agent first"
    )]
    NameTaken(String),
    #[error("invalid agent name: expected 1 to 128 printable characters; set one with --name")]
    Name,
    #[error("this scheduler has reached its limit of {0} agents")]
    Full(usize),
}

/// A connected agent, as the queue sees it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Candidate {
    pub(crate) name: String,
    /// Whether it has no job.
    pub(crate) free: bool,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) cores: u32,
}

impl Candidate {
    /// Whether it has all these labels.
    pub(crate) fn is_on(&self, labels: &BTreeMap<String, String>) -> bool {
        labels
            .iter()
            .all(|(key, value)| self.labels.get(key) == Some(value))
    }
}

/// What a registration changed for jobs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Welcome {
    /// The job that the agent had here, and whether the agent still holds the assignment that it was given last.
    pub(crate) back: Option<(Uuid, bool)>,
    /// The job that a gone process of the same name took with it.
    pub(crate) lost: Option<Uuid>,
    /// Jobs that the agent holds and that are not its own here: it must give them up.
    pub(crate) foreign: Vec<Uuid>,
}

/// More agents are refused.
pub(crate) const MOST_AGENTS: usize = 10_000;
const LONGEST_NAME: usize = 128;

#[derive(Debug)]
struct KnownAgent {
    introduction: Introduction,
    connection: Option<ConnectionId>,
    job: Option<Uuid>,
    /// The attempt that it was given of that; 0 before.
    epoch: u32,
    connected_at_wall_ns: u64,
    seen_ns: u64,
    clock: Option<(i64, u64)>,
}

/// All agents that are connected or leased.
#[derive(Debug)]
pub(crate) struct Registry {
    lease_ns: u64,
    agents: BTreeMap<String, KnownAgent>,
}

impl Registry {
    pub(crate) fn new(lease_ns: u64) -> Self {
        Self {
            lease_ns,
            agents: BTreeMap::new(),
        }
    }

    /// Takes an agent in, or back.
    pub(crate) fn register(
        &mut self,
        now_ns: u64,
        now_wall_ns: u64,
        connection: ConnectionId,
        introduction: Introduction,
    ) -> Result<Welcome, Refused> {
        let name = introduction.name.clone();
        if name.is_empty() || name.len() > LONGEST_NAME || name.chars().any(char::is_control) {
            return Err(Refused::Name);
        }
        let held = &introduction.jobs;
        let mut welcome = Welcome::default();
        let (mut job, mut epoch) = (None, 0);
        match self.agents.get(&name) {
            Some(known) if known.introduction.instance == introduction.instance => {
                (job, epoch) = (known.job, known.epoch);
                let holds = |job| held.contains(&(job, epoch)) || held.contains(&(job, 0));
                welcome.back = job.map(|job| (job, holds(job)));
            }
            Some(known) if known.connection.is_some() && now_ns < known.seen_ns + self.lease_ns => {
                return Err(Refused::NameTaken(name));
            }
            // A new process under the name of one that is gone: what that one worked on is lost.
            Some(known) => welcome.lost = known.job,
            None if self.agents.len() >= MOST_AGENTS => return Err(Refused::Full(MOST_AGENTS)),
            None => {}
        }
        let held = held.iter().map(|(held, _)| *held);
        welcome.foreign = held.filter(|held| Some(*held) != job).collect();
        let agent = KnownAgent {
            introduction,
            connection: Some(connection),
            job,
            epoch,
            connected_at_wall_ns: now_wall_ns,
            seen_ns: now_ns,
            clock: None,
        };
        self.agents.insert(name, agent);
        Ok(welcome)
    }

    /// Renews the lease of an agent; `clock` is its measured offset and error. False for a stream that was replaced.
    pub(crate) fn heartbeat(
        &mut self,
        now_ns: u64,
        name: &str,
        connection: ConnectionId,
        clock: Option<(i64, u64)>,
    ) -> bool {
        let Some(agent) = self.on_connection(name, connection) else {
            return false;
        };
        agent.seen_ns = now_ns;
        agent.clock = clock.or(agent.clock);
        true
    }

    /// An agent's stream is gone.
    pub(crate) fn disconnected(&mut self, name: &str, connection: ConnectionId) {
        let Some(agent) = self.on_connection(name, connection) else {
            return;
        };
        agent.connection = None;
        if agent.job.is_none() {
            self.agents.remove(name);
        }
    }

    /// Forgets agents whose lease is over; returns the jobs that they took with them.
    pub(crate) fn expire(&mut self, now_ns: u64) -> Vec<(String, Option<Uuid>)> {
        let lease_ns = self.lease_ns;
        self.agents
            .extract_if(.., |_, agent| now_ns >= agent.seen_ns + lease_ns)
            .map(|(name, agent)| (name, agent.job))
            .collect()
    }

    /// Assigns a job to an agent; false if it is not there or has one.
    pub(crate) fn take(&mut self, name: &str, job: Uuid) -> bool {
        match self.agents.get_mut(name) {
            Some(agent) if agent.job.is_none() && agent.connection.is_some() => {
                (agent.job, agent.epoch) = (Some(job), 0);
                true
            }
            _ => false,
        }
    }

    /// An agent was given its assignment of the job that it was taken for.
    pub(crate) fn assigned(&mut self, name: &str, job: Uuid, epoch: u32) {
        let agent = self.agents.get_mut(name);
        if let Some(agent) = agent.filter(|agent| agent.job == Some(job)) {
            agent.epoch = epoch;
        }
    }

    /// The load of an assignment is over. An earlier one than the agent has now frees nobody.
    pub(crate) fn ended(&mut self, name: &str, job: Uuid, epoch: u32) {
        if self.agents.get(name).is_some_and(|agent| agent.epoch == epoch) {
            self.release(name, job);
        }
    }

    /// An agent is done with a job.
    pub(crate) fn release(&mut self, name: &str, job: Uuid) {
        if let Some(agent) = self.agents.get_mut(name)
            && agent.job == Some(job)
        {
            agent.job = None;
            if agent.connection.is_none() {
                self.agents.remove(name);
            }
        }
    }

    /// Connected agents, sorted by name.
    pub(crate) fn connected(&self) -> impl Iterator<Item = Candidate> {
        self.agents
            .iter()
            .filter(|(_, agent)| agent.connection.is_some())
            .map(|(name, agent)| Candidate {
                name: name.clone(),
                free: agent.job.is_none(),
                labels: agent.introduction.labels.clone(),
                cores: agent.introduction.cores.max(1),
            })
    }

    /// Whether an agent speaks over this stream.
    pub(crate) fn is_current(&self, name: &str, connection: ConnectionId) -> bool {
        self.agents
            .get(name)
            .is_some_and(|agent| agent.connection == Some(connection))
    }

    /// All agents for people, by name.
    pub(crate) fn infos(&self, now_ns: u64) -> Vec<AgentInfo> {
        self.agents
            .values()
            .map(|agent| AgentInfo {
                name: agent.introduction.name.clone(),
                labels: agent.introduction.labels.clone(),
                version: agent.introduction.version.clone(),
                cores: agent.introduction.cores,
                architecture: agent.introduction.architecture.clone(),
                glibc: agent.introduction.glibc.clone(),
                sandbox: agent.introduction.sandbox,
                job: agent.job,
                connected_at_wall_ns: agent.connected_at_wall_ns,
                last_seen_ns: now_ns.saturating_sub(agent.seen_ns),
                clock_offset_ns: agent.clock.map(|(offset, _)| offset),
                clock_error_ns: agent.clock.map(|(_, error)| error),
            })
            .collect()
    }

    fn on_connection(&mut self, name: &str, connection: ConnectionId) -> Option<&mut KnownAgent> {
        self.agents
            .get_mut(name)
            .filter(|agent| agent.connection == Some(connection))
    }
}

#[cfg(test)]
mod tests;
