//! Deleting jobs: what goes, and which tables hold it.
//!
//! Both databases do it in two steps. A transaction notes the deletion of a job and removes what is small, so that the
//! job is gone for every reader, and batches that come late are discarded. Its rows, which may be millions, go after that;
//! if that is interrupted, the next deletion finishes it.

/// How much of a job is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deletion {
    /// Everything that the job left.
    Everything,
    /// The rows of its requests and iterations. The job, its statistics, summary, events and log stay.
    RowsOnly,
}

impl Deletion {
    /// The rows only if that is so, else everything.
    #[must_use]
    pub const fn rows_only_if(rows_only: bool) -> Self {
        if rows_only {
            Self::RowsOnly
        } else {
            Self::Everything
        }
    }
}

/// Tables with a column `job_id` that hold what is known of a job, besides its rows. `producers` is referred to by
/// `stats_batches`, and refers to `job_rows`.
pub(crate) const TABLES: [&str; 19] = [
    "producers",
    "assignments",
    "request_stats",
    "step_stats",
    "workflow_stats",
    "seconds",
    "agent_seconds",
    "status_counts",
    "error_rows",
    "checks",
    "metrics",
    "thresholds",
    "event_rows",
    "latency_buckets",
    "log_rows",
    "summaries",
    "revision_rows",
    "settlements",
    "handovers",
];
