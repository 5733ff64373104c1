//! Processes that work on jobs: each has a row that it raises every second, and writes only while it has it.
//!
//! The row's epoch is the fence. Every write of a job first takes the job's row with that epoch, in the same transaction, and
//! holds the scheduler's row meanwhile. Whoever takes the jobs over removes the row first, so that nothing can be half written.

use async_trait::async_trait;
use heavy_results::job::JobInfo;

use crate::Error;

/// What a process tells others about itself when it registers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SchedulerClaim {
    /// What only one process at a time can be.
    pub name: String,
    /// The lock that the process holds. Whoever holds the same one knows that the process is gone.
    pub holder: String,
    /// As its jobs name it.
    pub owner: String,
    /// As a person knows it, such as `heavy up`.
    pub command: String,
    /// The name of its host.
    pub host: String,
    /// Its process on that host.
    pub pid: u32,
    /// Where it listens.
    pub url: String,
    /// When it started, ns since the Unix epoch by its own clock.
    pub since_wall_ns: u64,
}

/// A registered process.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SchedulerRow {
    /// Its place among all that ever registered, from 1.
    pub epoch: u64,
    /// How often it was raised.
    pub beat: u64,
    /// Whether the process ended and left unfinished jobs.
    pub released: bool,
    /// What it said.
    pub claim: SchedulerClaim,
}

/// The rows of processes that work on jobs.
#[async_trait]
pub trait SchedulerTable: Send + Sync {
    /// All rows, the oldest first.
    async fn scheduler_rows(&self) -> Result<Vec<SchedulerRow>, Error>;

    /// Registers a process and returns its epoch; `None` if another one has the name. With `dead`, that row goes, and its
    /// unfinished jobs pass over, unless it was raised since.
    async fn register(
        &self,
        claim: &SchedulerClaim,
        dead: Option<&SchedulerRow>,
    ) -> Result<Option<u64>, Error>;

    /// Gives the unfinished jobs of `dead` to `epoch` and removes its row. False, and nothing happens, if it was raised since.
    async fn take_over(&self, epoch: u64, dead: &SchedulerRow) -> Result<bool, Error>;

    /// Gives unfinished jobs to `epoch` that no process with a row has worked on, but for those of single commands.
    async fn take_unowned(&self, epoch: u64) -> Result<(), Error>;

    /// Raises a row; false if it is gone.
    async fn beat(&self, epoch: u64) -> Result<bool, Error>;

    /// The process of a row is gone: removes the row, or marks it if it has unfinished jobs, which anyone may take from now on.
    async fn release(&self, epoch: u64) -> Result<(), Error>;

    /// Unfinished jobs that this epoch may write, the oldest first.
    async fn held_jobs(&self, epoch: u64) -> Result<Vec<JobInfo>, Error>;
}

/// The columns of [`SchedulerRow`], in their order.
pub(crate) type SchedulerColumns = (
    i64,
    i64,
    bool,
    String,
    String,
    String,
    String,
    String,
    i64,
    String,
    i64,
);

pub(crate) fn row(
    (epoch, beat, released, name, holder, owner, command, host, pid, url, since_wall_ns): SchedulerColumns,
) -> SchedulerRow {
    SchedulerRow {
        epoch: epoch.unsigned_abs(),
        beat: beat.unsigned_abs(),
        released,
        claim: SchedulerClaim {
            name,
            holder,
            owner,
            command,
            host,
            pid: u32::try_from(pid).unwrap_or_default(),
            url,
            since_wall_ns: since_wall_ns.unsigned_abs(),
        },
    }
}
