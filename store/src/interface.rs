//! The interface of a results database.

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use futures::{Stream, TryStreamExt};
use heavy_results::aggregate::SeriesUpdate;
use heavy_results::job::JobInfo;
use heavy_results::summary::Summary;
use sqlx::Column;
use uuid::Uuid;

use crate::batch::{Batch, Committed, EncodedStats, Mark, Producer};
use crate::cluster::ClusterTable;
use crate::conclusion::{Conclusion, Settled};
use crate::deletion::Deletion;
use crate::error::Error;
use crate::export::{ExportRelation, RowSink};
use crate::handover::Handover;
use crate::relations::Relation;
use crate::schedulers::SchedulerTable;

/// The result of a query: every value as the database's own text, `None` for NULL.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QueryResult {
    /// Column names.
    pub columns: Vec<String>,
    /// Rows, each as long as `columns`.
    pub rows: Vec<Vec<Option<String>>>,
    /// Whether rows beyond the limit were left out.
    pub truncated: bool,
}

impl QueryResult {
    /// Reads at most `max_rows` rows; `text` reads a column of one.
    pub(crate) async fn read<R: sqlx::Row>(
        columns: &[impl Column],
        mut rows: impl Stream<Item = Result<R, sqlx::Error>> + Unpin,
        max_rows: usize,
        text: impl Fn(&R, usize) -> Result<Option<String>, sqlx::Error>,
        wrong: impl Fn(&sqlx::Error) -> Error,
    ) -> Result<Self, Error> {
        let columns = columns.iter().map(|column| column.name().to_owned());
        let mut table = Self {
            columns: columns.collect(),
            ..Self::default()
        };
        while let Some(row) = rows.try_next().await.map_err(|error| wrong(&error))? {
            if table.rows.len() == max_rows {
                table.truncated = true;
                break;
            }
            let cells = (0..row.len()).map(|column| text(&row, column));
            table.rows.push(cells.collect::<Result<_, _>>()?);
        }
        Ok(table)
    }
}

/// Where a results database is, and how much space it takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseSize {
    /// Its URL without its password.
    pub url: String,
    /// Its size on the disk.
    pub bytes: u64,
}

/// The results database. All methods may be called at once from many tasks.
#[async_trait]
pub trait Store: Send + Sync + Debug {
    /// The processes that work on jobs.
    fn schedulers(&self) -> &dyn SchedulerTable;

    /// Who belongs to the cluster, and the audit.
    fn cluster(&self) -> &dyn ClusterTable;

    /// This database as the process with this epoch, on the same connections. It writes only jobs that are its own, and only as
    /// long as its row is there: after that, what writes a job fails with [`Error::Superseded`] or [`Error::OwnedByOther`].
    fn fenced(&self, epoch: u64) -> Arc<dyn Store>;

    /// [`Self::create_owned_job`] of the database's scheduler.
    async fn create_job(&self, job: &JobInfo) -> Result<(), Error> {
        self.create_owned_job("", job).await
    }

    /// Inserts a job that the process of this name works on; on Postgres also creates the partitions of its day.
    async fn create_owned_job(&self, owner: &str, job: &JobInfo) -> Result<(), Error>;

    /// The process that works on a job, or did until its end; empty for a job of an unnamed scheduler, and for none.
    async fn owner(&self, job: Uuid) -> Result<String, Error>;

    /// Gives a job to another process. A fenced one takes it for itself, unless another process with a row works on it.
    async fn adopt_job(&self, owner: &str, job: Uuid) -> Result<(), Error>;

    /// Replaces a job; the change is durable when this returns. Ignores a deleted job.
    async fn update_job(&self, job: &JobInfo) -> Result<(), Error>;

    /// Jobs whose id starts with `prefix` (hex digits and dashes), newest first, at most `limit`.
    async fn jobs_with_prefix(&self, prefix: &str, limit: u32) -> Result<Vec<JobInfo>, Error>;

    /// The newest jobs, newest first.
    async fn jobs(&self, limit: u32) -> Result<Vec<JobInfo>, Error>;

    /// Jobs whose state is not final, oldest first.
    async fn unfinished_jobs(&self) -> Result<Vec<JobInfo>, Error>;

    /// Deletes jobs and returns those that existed. Batches of them that arrive later are [`Committed::Discarded`].
    ///
    /// Fails with [`Error::Running`] and deletes nothing if one of them has not ended.
    async fn delete_jobs(&self, jobs: &[Uuid], what: Deletion) -> Result<Vec<Uuid>, Error>;

    /// Jobs that ended before this instant (ns since the Unix epoch) and still have what is to be deleted, oldest first.
    async fn prunable_jobs(&self, ended_before_wall_ns: u64, what: Deletion) -> Result<Vec<Uuid>, Error>;

    /// Deletes all [`Self::prunable_jobs`] and returns them.
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

    /// Writes changed seconds, agent seconds, events and log lines, and the totals of a summary if given, in one
    /// transaction: `seconds`, `agent_seconds`, `events`, `logs`; `assignments`, `request_stats`, `step_stats`,
    /// `workflow_stats`, `status_counts`, `errors`, `checks`, `metrics`, `thresholds`, `latency_buckets` and the summary document.
    /// Idempotent. Ignores a deleted job.
    async fn save_series(
        &self,
        job: Uuid,
        update: &SeriesUpdate,
        summary: Option<&Summary>,
    ) -> Result<(), Error>;

    /// The rows of these seconds in `seconds` and `agent_seconds`, as far as they are written, without what follows from their
    /// histograms.
    async fn series(&self, job: Uuid, seconds: &[u32]) -> Result<SeriesUpdate, Error>;

    /// Writes what another process needs to conclude a job that has started. Ignores a deleted job.
    async fn hand_over(&self, job: Uuid, handover: &Handover) -> Result<(), Error>;

    /// What was written last by [`Self::hand_over`]; `None` before that, and once the job was concluded.
    async fn handover(&self, job: Uuid) -> Result<Option<Handover>, Error>;

    /// Writes the end of a job, or a later revision of it, in one transaction: the job, what [`Self::save_series`] writes, the
    /// newest revision of the summary, and what is needed to aggregate the job again. Ignores a deleted job.
    async fn conclude(&self, conclusion: &Conclusion<'_>) -> Result<(), Error>;

    /// What the conclusion of a job kept; `None` of a job that did not run, or of earlier versions.
    async fn settled(&self, job: Uuid) -> Result<Option<Settled>, Error>;

    /// Concluded jobs with results that came later, each with the sum of the sequences of its producers.
    async fn late_jobs(&self) -> Result<Vec<(Uuid, u64)>, Error>;

    /// The summary as last saved; `None` before the first.
    async fn summary(&self, job: Uuid) -> Result<Option<Summary>, Error>;

    /// Runs one read-only statement written by a user and returns at most `max_rows` rows. Dropping the future cancels
    /// the statement in the database.
    async fn query(&self, sql: &str, max_rows: usize) -> Result<QueryResult, Error>;

    /// The relations for users, in the order of [`crate::RELATIONS`], with their columns.
    async fn relations(&self) -> Result<Vec<Relation>, Error>;

    /// Where the database is, and how much space it takes.
    async fn size(&self) -> Result<DatabaseSize, Error>;

    /// Streams all rows of a job to `sink` in constant memory and returns their number. The rows are of one snapshot, in
    /// no particular order.
    async fn export(&self, job: Uuid, raw: ExportRelation, sink: &mut dyn RowSink) -> Result<u64, Error>;
}
