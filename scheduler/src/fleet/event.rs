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
    Report(AssignmentReport),
    /// To an order.
    Answer(AgentAnswer),
    /// It is gone: why.
    Lost(String),
    /// It has opened another stream; `holds` says whether it still has the assignment.
    Back {
        holds: bool,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AssignmentReport {
    Preparing,
    /// Its load test waits for its part of divided params.
    Splitting,
    Prepared,
    Running,
    Draining,
    Finished,
    Failed {
        kind: String,
        message: String,
    },
}

impl AssignmentReport {
    /// Whether it is the last report of an assignment.
    pub(crate) const fn is_last(&self) -> bool {
        matches!(self, Self::Finished | Self::Failed { .. })
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
