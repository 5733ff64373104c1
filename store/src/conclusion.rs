//! The end of a job as it is written, and what is kept to aggregate it again when results come late.

use heavy_results::aggregate::{SeriesUpdate, Settlement, Written};
use heavy_results::job::JobInfo;
use heavy_results::summary::Summary;
use serde::{Deserialize, Serialize};

/// A job that has ended, with all that is written of it.
#[derive(Debug)]
pub struct Conclusion<'a> {
    /// In its final state.
    pub job: &'a JobInfo,
    /// The rows that changed.
    pub update: &'a SeriesUpdate,
    /// With its revisions.
    pub summary: &'a Summary,
    /// To aggregate it again.
    pub settled: &'a Settled,
    /// Whether nothing more can come.
    pub complete: bool,
    /// The sum of the sequences of all producers that the summary includes.
    pub seen: u64,
}

/// What the conclusion of a job keeps.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Settled {
    /// What was due to each assignment.
    pub settlement: Settlement,
    /// Events and log lines that are written.
    pub written: Written,
    /// Up to which sequence each stream of statistics was aggregated, its events and log lines included.
    pub read: Vec<ReadUpTo>,
}

/// How far the statistics of an assignment were aggregated.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadUpTo {
    /// The agent.
    pub agent: String,
    /// Of its assignment.
    pub epoch: u32,
    /// The sequence.
    pub sequence: u64,
}
