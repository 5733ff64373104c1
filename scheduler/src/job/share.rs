//! How far an agent is with its share of a job, and how a job may end other than well.

/// Where an agent is, by its own word, or lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Share {
    Assigned,
    /// Waits for its part of params that a splitter makes.
    Splitting,
    Prepared,
    Running,
    Draining,
    Finished,
    Failed,
    Lost,
}

impl Share {
    /// Whether it has not come so far as to take a share.
    pub(crate) const fn is_preparing(self) -> bool {
        matches!(self, Self::Assigned | Self::Splitting)
    }

    /// Whether nothing more is to be waited for.
    pub(crate) const fn is_done(self) -> bool {
        matches!(self, Self::Finished | Self::Failed | Self::Lost)
    }
}

/// Why a job does not finish as planned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// With the reason.
    Failed(String),
    /// By whom.
    Stopped(String),
    /// By a threshold, with the reason: judged as one that finished.
    Cut(String),
}

/// What agents were told when the job was ended before its profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ending {
    pub(crate) grace_ns: u64,
    pub(crate) end_ns: u64,
}
