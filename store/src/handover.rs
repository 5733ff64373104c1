//! What another process needs to conclude a job, should the one that works on it end before the job does.

use std::collections::BTreeMap;

use heavy_load::revision::Revision;
use heavy_results::aggregate::Settlement;
use heavy_results::job::JobState;
use heavy_results::threshold::ThresholdSummary;
use serde::{Deserialize, Serialize};

/// How a started job stands, for whoever takes it over.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Handover {
    /// When this was written, from the job's start.
    pub at_ns: u64,
    /// All revisions of the load, the first one first; empty if there are too many to keep.
    pub revisions: Vec<Revision>,
    /// The first revision of each attempt of an agent, in order; `None` for one that never took part.
    pub attempts: BTreeMap<String, Vec<Option<u32>>>,
    /// The attempts whose agents were lost.
    pub lost: Vec<LostAttempt>,
    /// Once the load is over.
    pub delivering: Option<Delivering>,
}

/// An attempt whose agent was lost.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LostAttempt {
    /// The agent.
    pub agent: String,
    /// The attempt, from 1.
    pub epoch: u32,
    /// Up to when it can have started iterations, from the job's start.
    pub leased_until_ns: u64,
}

/// A job whose load is over, and whose results are awaited.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Delivering {
    /// What was due to each assignment.
    pub settlement: Settlement,
    /// The final state that the job has once its results are in.
    pub ends_as: JobState,
    /// The reason of that; empty if the load was carried out.
    pub reason: String,
    /// The thresholds that stopped the load.
    pub aborted: Vec<ThresholdSummary>,
}
