//! What happens to a job, and what is to be done about it: the vocabulary of [`super::machine`].

/// All agents start this long after the last one is prepared.
pub(crate) const START_LEAD_NS: u64 = 300_000_000;
/// Preparing (fetch, verify, spawn, init) may take this long: longer than an agent gives init (10 min), so that the
/// agent can say what went wrong.
pub(crate) const PREPARE_LIMIT_NS: u64 = 660_000_000_000;
/// After the end of grace, cleanup and delivery may take this long.
pub(crate) const DRAIN_LIMIT_NS: u64 = 60_000_000_000;

/// What of the job's document the machine needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) duration_ns: u64,
    pub(crate) grace_ns: u64,
}

/// What an agent says of its assignment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Report {
    Preparing,
    /// Waits for its part of params.
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

impl Report {
    /// Whether the agent is done with the job.
    pub(crate) const fn is_last(&self) -> bool {
        matches!(self, Self::Finished | Self::Failed { .. })
    }
}

/// What happens to a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Event {
    /// The queue says what the job waits for.
    Waiting { reason: String },
    /// Its turn has come.
    Taken { agents: Vec<String> },
    /// One more agent has come while the job runs.
    Joined { agent: String },
    /// A splitter has divided the params, or failed to.
    Divided { failure: Option<String> },
    /// What is planned takes so long now, from the job's start.
    Replanned { duration_ns: u64 },
    /// It waited too long.
    GaveUp { reason: String },
    /// An agent reports.
    Update { agent: String, report: Report },
    /// An agent is gone.
    Lost { agent: String, why: String },
    /// An agent has opened another stream; `holds` says whether it still has the assignment.
    Back { agent: String, holds: bool },
    /// Somebody stops the job; `now` is without grace.
    Stop { now: bool, who: String },
    /// A threshold is broken that is to stop the load.
    Broken { reason: String },
    /// Time passes.
    Tick,
    /// All results that can come are folded; `complete` says that none is missing.
    Collected { complete: bool },
}

/// What is to be done for a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Action {
    /// Give these agents their assignments.
    Assign { agents: Vec<String> },
    /// Fix the start instant, [`START_LEAD_NS`] from now, and tell all agents.
    StartAll,
    /// Have this agent's load test divide the params.
    Split { agent: String },
    /// Tell agents their parts of the params.
    GiveParams { agents: Vec<String> },
    /// An agent is ready to take its share from now on.
    Enter { agent: String },
    /// An agent takes no share any more.
    Leave { agent: String },
    /// Free an agent that could not join.
    Release { agent: String },
    /// Tell one agent the start instant again.
    Start { agent: String },
    /// Have an agent stop. `end_ns` is the last due instant that counts, from the job's start; 0: now.
    Stop {
        agent: String,
        grace_ns: u64,
        end_ns: u64,
    },
    /// Write state and reason.
    Save,
    /// Aggregator what is still to come, without waiting for these agents, and report `Collected`.
    Collect { lost: Vec<String> },
    /// Judge, write the last summary and the final state.
    Conclude,
}
