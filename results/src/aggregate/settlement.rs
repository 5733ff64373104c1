//! What was due to each assignment of a job, for who settles it: when the job ends, and again when results come later.

use serde::{Deserialize, Serialize};

use crate::summary::UserTime;
use heavy_load::load::Load;
use heavy_load::revision::Revision;

/// What has to be known of a job besides its results to settle it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Settlement {
    /// Up to where iterations were due, from the job's start; `None` if nobody knows.
    pub end_ns: Option<u64>,
    /// Whether the job carried out its whole plan, so that every agent has to account for its share: in a job that was
    /// stopped, each agent stopped at its own instant.
    pub to_the_end: bool,
    /// The newest revision of the load; `None`: as submitted.
    pub revision: Option<Revision>,
    /// What was due to each assignment.
    pub shares: Vec<DueShare>,
    /// The presence that was planned for users; `None` without users.
    #[serde(default)]
    pub users: Option<UserTime>,
}

/// What was due to one assignment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DueShare {
    /// Whose it is.
    pub agent: String,
    /// The attempt, from 1.
    pub epoch: u32,
    /// How many iterations were planned for it.
    pub planned: u64,
    /// Whether its process may still be there, so that what it has not reported may yet be.
    pub is_alive: bool,
    /// The iterations of its open workflows.
    pub due: Vec<DueIterations>,
}

/// How many iterations of an open workflow were due to an assignment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DueIterations {
    /// Empty for the only workflow of a load test, which documents need not name.
    pub workflow: String,
    /// Until nobody could start them any more: its lease's end, and a little.
    pub leased: u64,
    /// Until the end of the load; 0 where nobody ended it.
    pub all: u64,
}

impl Settlement {
    /// The load of the job, given that of its document.
    #[must_use]
    pub fn load(&self, of_document: &Load) -> Load {
        match &self.revision {
            Some(revision) => revision.load(of_document),
            None => of_document.clone(),
        }
    }

    /// The share of an assignment, if it has one.
    #[must_use]
    pub fn share(&self, agent: &str, epoch: u32) -> Option<&DueShare> {
        let mut shares = self.shares.iter();
        shares.find(|share| share.agent == agent && share.epoch == epoch)
    }

    /// The planned iterations of each agent, over all its assignments.
    #[must_use]
    pub fn planned(&self) -> Vec<(String, u64)> {
        let mut planned: Vec<(String, u64)> = Vec::new();
        for share in &self.shares {
            match planned.iter_mut().find(|(agent, _)| *agent == share.agent) {
                Some((_, sum)) => *sum += share.planned,
                None => planned.push((share.agent.clone(), share.planned)),
            }
        }
        planned
    }
}
