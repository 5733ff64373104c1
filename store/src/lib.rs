//! The results database: one owner of schema, migrations and SQL, for Postgres and SQLite behind one trait.
//!
//! [`open`] takes a `postgres://` or `sqlite://` URL, migrates the database if necessary and returns a [`Store`];
//! [`open_to_read`] changes nothing. Collectors [`commit`](Store::commit) batches. The scheduler reads their statistics
//! back with a [`StatisticsReader`], aggregates them and [`saves`](Store::save_series) series and totals. Users query the
//! relations that `docs/relations.md` describes; they are the same on both databases.

mod address;
mod batch;
mod both;
mod cell;
mod cluster;
mod conclusion;
mod deletion;
mod error;
mod export;
mod fencing;
mod find;
mod handover;
mod histograms;
mod identity;
mod interface;
mod job_rows;
mod joining;
mod journal;
mod judge;
mod log;
mod migrations;
mod open;
mod postgres;
mod relations;
mod rows;
mod saved;
mod schedulers;
mod sequence;
mod series;
mod servers;
#[cfg(feature = "simulation")]
#[doc(hidden)]
pub mod simulation;
mod sqlite;
mod statement;
mod statistics;
mod text;
mod tokens;
mod totals;

pub use address::database_name;
pub use batch::{Batch, Committed, Content, EncodedStats, Mark, Producer, Stream};
pub use cluster::{AuditEntry, AuthorityRow, ClusterState, ClusterTable, JoinOutcome, JoinedKey, TokenRow};
pub use conclusion::{Conclusion, ReadUpTo, Settled};
pub use deletion::Deletion;
pub use error::Error;
pub use export::{ExportField, ExportRelation, RowSink, ValueKind};
pub use find::{FindError, LAST, find_among, find_job};
pub use handover::{Delivering, Handover, LostAttempt};
pub use heavy_results::aggregate::Voided;
pub use histograms::{SecondHistograms, second_histograms};
pub use interface::{DatabaseSize, QueryResult, Store};
pub use journal::StoredJournal;
pub use judge::judge;
pub use log::log_lines;
pub use open::{open, open_to_read};
pub use relations::{Column, RELATIONS, Relation};
pub use rows::{IterationRows, RequestRows, Rows};
pub use schedulers::{SchedulerClaim, SchedulerRow, SchedulerTable};
pub use statistics::StatisticsReader;
pub use tokens::{Dialect, Token, TokenKind, tokens};
