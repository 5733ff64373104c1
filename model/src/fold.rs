//! Folding: roll-ups of all agents become the job's series and totals.

use crate::stats::{Event, LogLine};

/// Seconds, events and log lines that have changed since the last time they were written.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Folded {
    /// Whole rows; one that is there already is replaced.
    pub seconds: Vec<SecondRow>,
    /// Whole rows; one that is there already is replaced.
    pub agent_seconds: Vec<AgentSecondRow>,
    /// New events, each with its number in the job (from 0), by which a repeated write is known.
    pub events: Vec<(u64, Event)>,
    /// New log lines, each with its agent and its number in the job (from 0).
    pub log: Vec<(u64, String, LogLine)>,
}

/// One second of a job; a row of the relation `seconds`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SecondRow {
    /// From the job's start.
    pub second: u32,
    /// By the profile.
    pub planned: u64,
    /// Due.
    pub scheduled: u64,
    /// Started, of those due.
    pub started: u64,
    /// Ended well.
    pub ok: u64,
    /// Ended badly.
    pub failed: u64,
    /// Dropped, of those due.
    pub dropped: u64,
    /// Running at its end.
    pub in_flight: u64,
    /// Requests that ended.
    pub requests: u64,
    /// Of them, failed.
    pub requests_failed: u64,
    /// Of request durations; `None` without requests.
    pub p50_ms: Option<f64>,
    /// As above.
    pub p95_ms: Option<f64>,
    /// As above.
    pub p99_ms: Option<f64>,
    /// Of response times of iterations; `None` without them.
    pub response_p99_ms: Option<f64>,
    /// Encoded histogram of request durations.
    pub duration: Vec<u8>,
    /// Encoded histogram of response times.
    pub response: Vec<u8>,
    /// Whether an agent's report was missing when the second was sealed and still is.
    pub partial: bool,
}

/// One second of one agent; a row of the relation `agent_seconds`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AgentSecondRow {
    /// The agent.
    pub agent: String,
    /// From the job's start.
    pub second: u32,
    /// Started, of those due.
    pub started: u64,
    /// Dropped, of those due.
    pub dropped: u64,
    /// Running at its end.
    pub in_flight: u64,
    /// Generator lag of the iterations that ended; `None` without any.
    pub generator_lag_p99_ms: Option<f64>,
    /// Cores used, load test + agent.
    pub cpu: f64,
    /// Memory, load test + agent, in MB (10^6 bytes).
    pub rss_mb: f64,
    /// Of the load test.
    pub open_files: u64,
}
