//! A line of a job's log, as the services answer it.

use serde::{Deserialize, Serialize};

/// A stored line that a load test wrote and that is not a result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct LoggedLine {
    /// Its number in the job's log, from 0, in the order in which lines arrived.
    pub number: u64,
    /// The agent whose load test wrote it.
    pub agent: String,
    /// When the agent read it, in ns from the job's start; before the start, 0.
    pub at_ns: i64,
    /// `stdout` or `stderr`.
    pub stream: String,
    /// The line, without its newline.
    pub line: String,
}
