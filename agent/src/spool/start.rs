//! What a spool must know of its assignment so that another process can go on with its journal.

use heavy_load::revision::{Revision, Seated};
use heavy_load::vocabulary::SandboxLevel;
use heavy_plugin::rpc::Anchor;
use heavy_results::job::JobSpec;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::batch::Keep;
use crate::job_clock::JobClock;
use crate::rollup::Rollup;

/// The start of an assignment.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct AssignmentStart {
    /// Without what may be secret: variables and params.
    spec: JobSpec,
    workflows: Vec<String>,
    revision: Revision,
    seat: u32,
    anchor: Anchor,
    start_monotonic_ns: u64,
    /// The scheduler's clock minus the agent's, and the bound of its error.
    pub(crate) clock_offset_ns: i64,
    pub(crate) clock_error_ns: u64,
    /// What the load test is kept from; absent from spools of earlier versions.
    #[serde(default)]
    pub(crate) sandbox: Option<SandboxLevel>,
}

impl AssignmentStart {
    pub(crate) fn new(
        spec: &JobSpec,
        workflows: &[String],
        (revision, seat): (&Revision, u32),
        clock: &JobClock,
        (clock_offset_ns, clock_error_ns): (i64, u64),
    ) -> Self {
        let mut spec = spec.clone();
        spec.env.clear();
        spec.params = Value::Null;
        for workflow in &mut spec.workflows {
            workflow.params = None;
        }
        Self {
            spec,
            workflows: workflows.to_vec(),
            revision: revision.clone(),
            seat,
            anchor: clock.anchor(),
            start_monotonic_ns: clock.start_monotonic_ns(),
            clock_offset_ns,
            clock_error_ns,
            sandbox: None,
        }
    }

    pub(crate) fn workflows(&self) -> &[String] {
        &self.workflows
    }

    pub(crate) fn keep(&self) -> Keep {
        Keep::of(&self.spec)
    }

    pub(crate) fn clock(&self) -> JobClock {
        JobClock::new(self.anchor, self.start_monotonic_ns)
    }

    /// Tells a roll-up the load, and what of it belongs to the agent's seat.
    pub(crate) fn set_load(&self, rollup: &mut Rollup) {
        let seated: Option<Seated> = self.revision.of_seat(self.seat);
        if let Some(seated) = seated {
            rollup.set_load(&self.spec.load(), &seated);
        }
    }
}
