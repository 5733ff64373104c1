//! The results database: one owner of schema, migrations and SQL, for Postgres and SQLite behind one trait.
//!
//! [`open`] takes a `postgres://` or `sqlite://` URL, migrates the database if need be and gives a [`Store`];
//! [`open_to_read`] changes nothing.
//! Collectors [`commit`](Store::commit) batches, the scheduler reads roll-ups back, folds them and
//! [`saves`](Store::save_series) series and totals; people read the relations that `docs/relations.md` describes, which
//! are the same on both databases.

mod address;
mod cell;
mod deletion;
mod documents;
mod error;
mod export;
mod histograms;
mod identity;
mod job_rows;
mod migrations;
mod place;
mod postgres;
mod relations;
mod rows;
mod series;
mod sqlite;
mod statement;
mod statistics;
mod text;
mod tokens;
mod totals;

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use heavy_results::aggregate::SeriesUpdate;
use heavy_results::job::JobInfo;
use heavy_results::summary::Summary;
use uuid::Uuid;

pub use deletion::Deletion;
pub use error::Error;
pub use export::{Field, Kind, Raw, Sink};
pub use histograms::{SecondHistograms, second_histograms};
pub use relations::{Column, RELATIONS, Relation};
pub use rows::{IterationRows, RequestRows, Rows};
pub use statistics::StatisticsReader;
pub use tokens::{Dialect, Token, TokenKind, tokens};

/// Who sends a sequence of batches.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Producer {
    /// The job.
    pub job: Uuid,
    /// The agent's name.
    pub agent: String,
    /// Counts the assignment's attempts, from 1.
    pub epoch: u32,
    /// Which of the assignment's two streams.
    pub stream: Stream,
}

/// The two streams of an assignment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stream {
    /// Roll-ups, events, closing.
    Stats,
    /// Raw rows.
    Rows,
}

/// A batch to be committed: its content and its place in the producer's sequence.
#[derive(Debug)]
pub struct Batch {
    /// Who sends it.
    pub producer: Producer,
    /// From 1, without gaps.
    pub sequence: u64,
    /// Of the encoded content.
    pub crc32c: u32,
    /// What it holds.
    pub content: Content,
}

/// What a batch holds.
#[derive(Debug)]
pub enum Content {
    /// Raw rows, for the tables.
    Rows(Box<Rows>),
    /// An encoded stats or closing content, kept as it is for the scheduler to fold.
    Encoded {
        /// The bytes.
        bytes: Vec<u8>,
        /// Whether it is the producer's closing: its last batch.
        closing: bool,
    },
    /// Stands in the place of rows that were given up; only the mark moves.
    Void,
    /// Stands in the place of stats that were given up: the encoded void, kept as it is for the scheduler to fold.
    EncodedVoid(Vec<u8>),
}

/// What became of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Committed {
    /// Content and mark are durable.
    Stored,
    /// It was committed before; or it is a void, and what it stands for was.
    Duplicate,
    /// An earlier one is missing.
    Gap {
        /// The sequence that would be next.
        expected: u64,
    },
    /// The sequence was committed before with another checksum.
    Conflict,
    /// There is no such job.
    UnknownJob,
    /// The job was deleted: nothing is kept, and nothing is missed.
    Discarded,
}

/// How far a producer has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// Who.
    pub producer: Producer,
    /// The highest committed sequence.
    pub sequence: u64,
    /// Whether the closing was committed.
    pub closed: bool,
}

/// One batch of a stats stream, as it was committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncodedStats {
    /// Its place.
    pub sequence: u64,
    /// An encoded proto `Content`.
    pub bytes: Vec<u8>,
}

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
    async fn export(&self, job: Uuid, raw: Raw, sink: &mut dyn Sink) -> Result<u64, Error>;
}

/// Opens a database by its URL; creates a SQLite file that is not there; migrates under a lock.
///
/// # Errors
/// When the URL is wrong, the database cannot be reached, or a newer heavy has made it.
pub async fn open(url: &str) -> Result<Arc<dyn Store>, Error> {
    match address::parse(url)?.existing(url)? {
        address::Address::Sqlite(path) | address::Address::Path(path) => sqlite::open(&path).await,
        address::Address::Postgres(url) => postgres::open(&url).await,
    }
}

/// Opens a database to read it: nothing is made, migrated or written, and the database refuses every write of the
/// [`Store`].
///
/// # Errors
/// When the URL is wrong, the database cannot be reached, is not there, holds no results of heavy, or has another schema
/// than this version reads.
pub async fn open_to_read(url: &str) -> Result<Arc<dyn Store>, Error> {
    match address::parse(url)?.existing(url)? {
        address::Address::Sqlite(path) | address::Address::Path(path) => sqlite::open_to_read(&path).await,
        address::Address::Postgres(url) => postgres::open_to_read(&url).await,
    }
}
