//! The task that prepares a load test, and what the scheduler tells it meanwhile.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::divide::DivisionOrder;
use super::failure::AssignmentFailure;
use super::live::LiveTest;
use super::prepare::prepare;
use super::reporter::Reporter;
use crate::orders::Assignment;
use crate::shared::AgentShared;

/// What the preparation has not yet taken; the scheduler tells it once or twice.
const QUEUE: usize = 32;

/// One preparation. Dropping it ends what it has spawned.
#[derive(Debug)]
pub(super) struct Preparation {
    task: JoinSet<Result<LiveTest, AssignmentFailure>>,
    divisions: mpsc::Sender<DivisionOrder>,
}

impl Preparation {
    /// Begins to prepare an assignment in the directory `dir`.
    pub(super) fn begin(
        shared: Arc<AgentShared>,
        assignment: Arc<Assignment>,
        dir: PathBuf,
        reporter: Reporter,
    ) -> Self {
        let (divisions, undivided) = mpsc::channel(QUEUE);
        let mut task = JoinSet::new();
        task.spawn(async move { prepare(&shared, &assignment, &dir, &reporter, undivided).await });
        Self { task, divisions }
    }

    /// Tells it; one that does not wait for it does not need it.
    pub(super) fn tell(&self, division: DivisionOrder) {
        let _ = self.divisions.try_send(division);
    }

    /// Its result; `None` if it was cut off or its result was taken before.
    pub(super) async fn ended(&mut self) -> Option<Result<LiveTest, AssignmentFailure>> {
        self.task.join_next().await?.ok()
    }

    /// Ends it, with what it has spawned.
    pub(super) fn cut_off(&mut self) {
        self.task.abort_all();
    }
}
