//! The revisions of a job's summary.

use serde::{Deserialize, Serialize};

/// One version of a job's summary: the first is made when the job ends, each later one when results came late.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SummaryRevision {
    /// From 1.
    pub number: u32,
    /// When it was made, ns since the Unix epoch.
    pub at_wall_ns: u64,
    /// The verdict that it gave; empty if it gave none.
    pub verdict: String,
    /// The job's reason by then.
    pub reason: String,
    /// Whether nothing was missing.
    pub complete: bool,
    /// What is different from the one before; empty in the first.
    pub changes: String,
}
