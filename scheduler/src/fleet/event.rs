//! What agents say about jobs, as the rest of the scheduler hears it.

use uuid::Uuid;

#[derive(Debug)]
pub(crate) enum FleetEvent {
    /// Agents connected, disconnected or became free.
    Changed,
    /// News of an agent about a job.
    News {
        agent: String,
        job: Uuid,
        news: AgentNews,
    },
}

/// What happens to an agent that has an assignment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AgentNews {
    /// Of its assignment of this attempt.
    Report { epoch: u32, report: AssignmentReport },
    /// To an order.
    Answer(AgentAnswer),
    /// It has results on its disk that are not yet delivered.
    Backlog(Backlog),
    /// It is gone: why.
    Lost(String),
    /// It has opened another stream; `holds` says whether it still has the assignment.
    Back { holds: bool },
}

/// What an agent has of one assignment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Backlog {
    pub(crate) epoch: u32,
    /// Not yet acknowledged.
    pub(crate) batches: u64,
    pub(crate) bytes: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AssignmentReport {
    Preparing,
    /// Its load test waits for its part of divided params.
    Splitting,
    Prepared,
    Running,
    Draining,
    /// Its load is over; its results are on their way.
    Delivering,
    Finished,
    Failed {
        kind: String,
        message: String,
    },
}

impl AssignmentReport {
    /// Whether nothing of the assignment's load is left, so that the agent is free.
    pub(crate) const fn ends_load(&self) -> bool {
        matches!(self, Self::Delivering | Self::Finished | Self::Failed { .. })
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AgentAnswer {
    /// It follows this revision, and had released everything up to an instant of the job when it heard of it.
    Revised { number: u32, released_until_ns: u64 },
    /// Its load test has divided the params, by seat; or why it could not.
    Split(Result<Vec<String>, String>),
    /// Its load test has taken new params; or why it refused them.
    Params(Result<(), String>),
}
