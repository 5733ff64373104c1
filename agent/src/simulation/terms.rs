//! What an agent hears about an assignment.

use heavy_load::revision::Revision;
use heavy_proto::v1;
use heavy_results::job::JobSpec;

use crate::orders::Assignment;

/// What an agent hears about an assignment.
#[derive(Debug, Clone)]
pub struct ShareTerms {
    /// The job.
    pub job: String,
    /// The agent's name.
    pub agent: String,
    /// The attempt.
    pub epoch: u32,
    /// The job's document.
    pub spec: JobSpec,
    /// The newest revision.
    pub revision: Revision,
    /// The agent's seat.
    pub seat: u32,
    /// The load test's workflow.
    pub workflow: String,
    /// How much the agent may keep on disk.
    pub limit_bytes: u64,
}

impl ShareTerms {
    /// What an assignment says, as an agent reads it; `None` if it cannot be read.
    #[must_use]
    pub fn read(assign: v1::Assign, agent: &str, workflow: &str, limit_bytes: u64) -> Option<Self> {
        let assignment = Assignment::parse(assign).ok()?;
        Some(Self {
            job: assignment.job,
            agent: agent.to_owned(),
            epoch: assignment.epoch,
            spec: assignment.spec,
            revision: assignment.revision,
            seat: assignment.seat,
            workflow: workflow.to_owned(),
            limit_bytes,
        })
    }
}
