//! What every results database does.

use std::fmt::Debug;

use async_trait::async_trait;
use heavy_results::aggregate::SeriesUpdate;
use heavy_results::job::JobInfo;
use heavy_results::summary::Summary;
use uuid::Uuid;

use crate::batch::{Batch, Committed, EncodedStats, Mark, Producer};
use crate::deletion::Deletion;
use crate::error::Error;
use crate::export::{ExportRelation, RowSink};
use crate::relations::Relation;

/// The answer to a query: every value as the database's own text, `None` for NULL.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Table {
    /// Column names.
    pub columns: Vec<String>,
    /// Rows, each as long as `columns`.
    pub rows: Vec<Vec<Option<String>>>,
    /// Whether rows beyond the limit were left out.
    pub truncated: bool,
}

/// The results database. All methods may be called at once from many tasks.
#[async_trait]
pub trait Store: Send + Sync + Debug {
    /// Writes a new job and makes room for its rows (its day's partition).
    async fn create_job(&self, job: &JobInfo) -> Result<(), Error>;

    /// Replaces all that is known of a job; state changes are durable when this returns. Ignores a job that was deleted.
    async fn update_job(&self, job: &JobInfo) -> Result<(), Error>;

    /// Jobs whose id starts with `prefix` (hex digits and dashes), newest first, at most `limit`.
    async fn jobs_with_prefix(&self, prefix: &str, limit: u32) -> Result<Vec<JobInfo>, Error>;

    /// The newest jobs, newest first.
    async fn jobs(&self, limit: u32) -> Result<Vec<JobInfo>, Error>;

    /// Jobs whose state is not final, oldest first.
    async fn unfinished_jobs(&self) -> Result<Vec<JobInfo>, Error>;

    /// Deletes jobs, and returns those that there were. Batches that come later are acknowledged and discarded.
    ///
    /// Fails with [`Error::Running`], and deletes nothing, if the state of any of them is not final.
    async fn delete_jobs(&self, jobs: &[Uuid], what: Deletion) -> Result<Vec<Uuid>, Error>;

    /// Final jobs that ended before this instant and from which `what` has not been deleted yet, oldest first.
    async fn prunable_jobs(&self, ended_before_wall_ns: u64, what: Deletion) -> Result<Vec<Uuid>, Error>;

    /// Deletes all [`Self::prunable_jobs`], and returns them.
    async fn prune(&self, ended_before_wall_ns: u64, what: Deletion) -> Result<Vec<Uuid>, Error> {
        let jobs = self.prunable_jobs(ended_before_wall_ns, what).await?;
        self.delete_jobs(&jobs, what).await
    }

    /// Commits a batch and its producer's mark in one transaction; when this returns they are durable.
    async fn commit(&self, batch: &Batch) -> Result<Committed, Error>;

    /// The marks of all producers of a job.
    async fn marks(&self, job: Uuid) -> Result<Vec<Mark>, Error>;

    /// Encoded contents of a stats producer with a sequence above `after`, ascending, at most `limit`.
    async fn stats_after(
        &self,
        producer: &Producer,
        after: u64,
        limit: u32,
    ) -> Result<Vec<EncodedStats>, Error>;

    /// Writes changed seconds, agent seconds, events and log lines, and (if given) the totals of a summary, in one
    /// transaction: `seconds`, `agent_seconds`, `events`, `logs`; `assignments`, `request_stats`, `step_stats`,
    /// `workflow_stats`, `status_counts`, `errors`, `checks`, `metrics`, `thresholds`, `latency_buckets` and the summary document.
    /// Writing the same again changes nothing. Ignores a job that was deleted.
    async fn save_series(
        &self,
        job: Uuid,
        folded: &SeriesUpdate,
        summary: Option<&Summary>,
    ) -> Result<(), Error>;

    /// The summary as last saved.
    async fn summary(&self, job: Uuid) -> Result<Option<Summary>, Error>;

    /// Runs one read-only statement of a person, with at most `max_rows` rows of answer. The database stops working on
    /// it soon after the future was dropped.
    async fn query(&self, sql: &str, max_rows: usize) -> Result<Table, Error>;

    /// The relations that people query, as [`RELATIONS`] lists them, and their columns.
    async fn relations(&self) -> Result<Vec<Relation>, Error>;

    /// Hands all rows of a job to `sink`, one by one, as they are read: a job of any size takes the same memory. They come
    /// in no order that is promised, and all as of one instant. Gives their number.
    async fn export(&self, job: Uuid, raw: ExportRelation, sink: &mut dyn RowSink) -> Result<u64, Error>;
}
