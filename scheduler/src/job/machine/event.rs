//! What happens to a job, and what is to be done about it: the vocabulary of [`super::JobMachine`].

use std::sync::Arc;

use heavy_load::revision::Revision;
use heavy_results::stats;

use crate::fleet::{AgentNews, Candidate};
use crate::job::load_change::LoadChange;

/// All agents start this long after the last one is prepared.
pub(crate) const START_LEAD_NS: u64 = 300_000_000;
/// Limit for preparing (fetch, verify, spawn, init). It is longer than an agent's limit for init (10 min), so that the
/// agent can report what went wrong.
pub(crate) const PREPARE_LIMIT_NS: u64 = 660_000_000_000;
/// Limit for cleanup, after the end of grace.
pub(crate) const DRAIN_LIMIT_NS: u64 = 60_000_000_000;

/// How long a lease goes on after a heartbeat.
pub(crate) const LEASE_NS: u64 = 10_000_000_000;
/// Agents release iterations this much ahead: what their lease's end still let them start.
pub(crate) const RELEASE_LEAD_NS: u64 = 50_000_000;

/// The first attempt of an agent at its share.
pub(crate) const FIRST_EPOCH: u32 = 1;

/// What happens to a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum JobEvent {
    /// The queue says what the job waits for.
    Waiting { reason: String },
    /// The queue gives the job its agents.
    Taken { agents: Vec<Candidate> },
    /// The queue gives up waiting for agents.
    GaveUp { reason: String },
    /// One more agent is offered to a running job.
    Joined { agent: Candidate },
    /// Something happens to an agent.
    News { agent: String, news: AgentNews },
    /// Somebody stops the job; `now` is without grace.
    Stop { now: bool, who: String },
    /// A client changes the load. Answered by one [`JobAction::Reply`].
    Change { change: LoadChange, who: String },
    /// A client sends the load tests new params. Answered by one [`JobAction::Reply`].
    Params { params: String, who: String },
    /// A threshold that stops the load is broken.
    Broken { reason: String },
    /// Time passes.
    Tick,
    /// All results that can come are aggregated; `complete` says that none is missing.
    Collected { complete: bool },
    /// The aggregation broke off: there will be no figures.
    AggregationBroke,
}

/// What is to be done for a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum JobAction {
    /// Give agents their assignments, all of the same revision.
    Assign {
        revision: Arc<Revision>,
        agents: Vec<SeatAssignment>,
    },
    /// Give an agent an order.
    Order { agent: String, order: AgentOrder },
    /// Free an agent that the job does not take.
    Release { agent: String },
    /// Fix the start instant, [`START_LEAD_NS`] from now, and begin to aggregate.
    Begin,
    /// The plan or the team is another: tell the aggregation, and update the job's figures.
    Replan,
    /// Do not wait for an agent's seconds any more.
    Leave { agent: String, epoch: u32 },
    /// Add to the job's events.
    Record(stats::Event),
    /// Write the job's state and figures.
    Save,
    /// The load is over: aggregate what is still to come of these assignments, and report `Collected`. Due instants count up
    /// to `end_ns` from the job's start.
    Collect { shares: Vec<EndedShare>, end_ns: u64 },
    /// While collecting: wait for the results of an agent and epoch, again, or not any more.
    Await { share: (String, u32), is_awaited: bool },
    /// While collecting: wait for no more results.
    GiveUp,
    /// Judge, write the last summary and the final state.
    Conclude,
    /// Answer the client whose request this event was.
    Reply(Result<(), ChangeRefused>),
}

/// One agent's assignment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SeatAssignment {
    pub(crate) agent: String,
    /// The attempt of the agent.
    pub(crate) epoch: u32,
    pub(crate) seat: u32,
    /// Its part of divided params; empty if they are not divided.
    pub(crate) params: String,
}

/// An assignment at the end of the job's load.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EndedShare {
    pub(crate) agent: String,
    pub(crate) epoch: u32,
    /// Up to when it can have started iterations, from the job's start.
    pub(crate) leased_until_ns: u64,
    /// Whether its process may still be there.
    pub(crate) is_alive: bool,
}

/// What agents are told when the job ends before its profile does; the default is at once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct StopTerms {
    pub(crate) grace_ns: u64,
    /// Up to where due instants count, from the job's start.
    pub(crate) end_ns: u64,
}

/// What an agent is to do in a job that it has an assignment of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AgentOrder {
    /// Begin at the job's start instant.
    Start,
    Stop(StopTerms),
    /// Follow a revision from its cut on.
    Revise(Arc<Revision>),
    /// Have the load test divide the params among this many seats.
    Split {
        seats: u32,
    },
    /// Give the load test its params, or new ones.
    Params(String),
}

/// Why a client's request is not carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ChangeRefused {
    /// It makes no sense for this load, or now.
    #[error("{0}")]
    Change(&'static str),
    /// The job is in this state.
    #[error("the job is {0}: only a running job can be changed")]
    NotRunning(&'static str),
}
