//! The requests and answers that are not job documents: those are `heavy-results`' own.

use heavy_load::span::Span;
use heavy_results::job::JobInfo;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Which jobs to list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "schema", into_params(parameter_in = Query))]
pub struct ListQuery {
    /// How many jobs at most; 50 by default.
    #[cfg_attr(feature = "schema", param(minimum = 1, maximum = 1000, default = 50))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

impl ListQuery {
    /// The default number of jobs.
    pub const DEFAULT: u32 = 50;
    /// The maximum number of jobs.
    pub const LONGEST: u32 = 1000;

    /// How many jobs to list.
    #[must_use]
    pub fn limit(self) -> u32 {
        self.limit.unwrap_or(Self::DEFAULT).clamp(1, Self::LONGEST)
    }
}

/// Which lines of a job's log to list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "schema", into_params(parameter_in = Query))]
pub struct LogQuery {
    /// The number of the first line; 0 by default. For the next page: the number of the last line, plus 1.
    #[serde(default)]
    #[cfg_attr(feature = "schema", param(default = 0, required = false))]
    pub from: u64,
}

impl LogQuery {
    /// The maximum number of lines in an answer.
    pub const LONGEST: u32 = 1000;
}

/// How to stop a job.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "schema", into_params(parameter_in = Query))]
pub struct StopQuery {
    /// Whether running iterations are interrupted at once, without a grace period.
    #[serde(default)]
    #[cfg_attr(feature = "schema", param(default = false, required = false))]
    pub now: bool,
}

/// What a request to stop or change a job has reached when the scheduler answers. The scheduler acts on jobs that have not
/// ended before it asks the results database, and answers within about a second.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct ControlledJob {
    /// Of a stop: the job as it was before. Of a change: the job with its new plan.
    pub job: JobInfo,
    /// The number of agents that had to be told.
    pub agents: u32,
    /// Those of them that have not acknowledged yet. They are told again when they are back; without contact, their load
    /// ends within 10 s.
    pub unacknowledged: Vec<String>,
    /// Whether the results database has the new state of the job; if not, the scheduler stores it as soon as it can.
    pub is_stored: bool,
    /// Why the last attempt to store it failed; empty if none has.
    pub problem: String,
}

/// A new rate for a running job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct NewRate {
    /// A rate (500, 6000/m), which replaces the rest of the plan; or a change of all rates to come (+10%, -25%).
    #[cfg_attr(feature = "schema", schema(pattern = r"^([0-9.]+(/[smh])?|[+-][0-9]+%)$"))]
    pub rate: String,
}

/// Which jobs to delete, and what of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Prune {
    /// How long ago the jobs ended at least (30d, 12h).
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub older_than: Span,
    /// Whether jobs, statistics and reports stay, and only the rows of requests and iterations are deleted.
    #[serde(default)]
    pub rows_only: bool,
}

/// The jobs that were deleted, or whose rows were.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Pruned {
    /// Their ids, oldest first.
    pub jobs: Vec<Uuid>,
}

/// What is uploaded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub enum ArtifactKind {
    /// A compiled load test.
    #[default]
    Program,
    /// A file for the working directory of a load test: any bytes.
    File,
}

/// How to treat an upload.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::IntoParams))]
#[cfg_attr(feature = "schema", into_params(parameter_in = Query))]
pub struct UploadQuery {
    /// Whether it is a compiled load test or a file of one.
    #[serde(default)]
    #[cfg_attr(feature = "schema", param(inline, required = false))]
    pub kind: ArtifactKind,
}

/// A stored binary or file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Artifact {
    /// SHA-256 of its bytes, in lower-case hex.
    pub sha256: String,
    /// Its length.
    pub bytes: u64,
}

/// Where data is, how much space it takes, and how long it stays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct StorageInfo {
    /// The data directory.
    pub data_dir: String,
    /// URL of the results database, without its password.
    pub database: String,
    /// Size of the results database.
    pub database_bytes: u64,
    /// Everything else in the data directory.
    pub parts: Vec<StoragePart>,
    /// What is removed without being asked for.
    pub retention: RetentionInfo,
}

/// A part of a data directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct StoragePart {
    /// For people.
    pub name: String,
    /// Where it is.
    pub path: String,
    /// The space that it takes; what is linked from several parts counts in one.
    pub bytes: u64,
    /// The number of its files.
    pub files: u64,
}

/// When data is removed without being asked for. What queued and running jobs need always stays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct RetentionInfo {
    /// How long an unused binary or file of a load test stays.
    #[cfg_attr(feature = "schema", schema(value_type = String))]
    pub keep_binaries: Span,
    /// How much all binaries and files may take.
    pub binaries_limit_bytes: u64,
    /// How long after its end a job stays with its results; null: until somebody deletes it.
    #[cfg_attr(feature = "schema", schema(required, value_type = Option<String>))]
    pub keep_results: Option<Span>,
}

/// The health of a scheduler that serves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Health {
    /// Always `ok`.
    pub status: String,
    /// The scheduler's version of heavy.
    pub version: String,
}

/// No query parameters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct NoQuery {}

/// A job document, also in the words of go-load-tester's commands. The scheduler reads it as text.
#[derive(Debug)]
pub struct JobDocument;

/// A job document without binary and variables.
#[derive(Debug)]
pub struct ConfigDocument;
