//! What a record of a spool says besides its batch: how much of the journal is spooled with it, and how to go on.

use prost::Message;

use crate::results::saved::SavedResults;

#[derive(Clone, PartialEq, Message)]
pub(crate) struct RecordCover {
    /// Output of the load test that this record and earlier ones of its stream hold.
    #[prost(uint64, tag = "1")]
    pub(crate) output: u64,
    /// Requests and iterations of the rows of this record.
    #[prost(uint64, tag = "2")]
    pub(crate) own_requests: u64,
    #[prost(uint64, tag = "3")]
    pub(crate) own_iterations: u64,
    /// The same of all rows up to this record, those that were discarded too.
    #[prost(message, required, tag = "4")]
    pub(crate) rows: RowCounts,
    /// The last sequence of rows when roll-ups were written.
    #[prost(uint64, tag = "5")]
    pub(crate) rows_sequence: u64,
    /// What is left to go on with; only with roll-ups.
    #[prost(message, optional, tag = "6")]
    pub(crate) state: Option<SavedResults>,
    /// Whether this is the closing.
    #[prost(bool, tag = "7")]
    pub(crate) closed: bool,
    /// How many records right before this one the disk did not take.
    #[prost(uint64, tag = "8")]
    pub(crate) unwritten: u64,
}

/// Numbers of rows.
#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub(crate) struct RowCounts {
    #[prost(uint64, tag = "1")]
    pub(crate) requests: u64,
    #[prost(uint64, tag = "2")]
    pub(crate) iterations: u64,
    /// Those of them that were discarded.
    #[prost(uint64, tag = "3")]
    pub(crate) voided_requests: u64,
    #[prost(uint64, tag = "4")]
    pub(crate) voided_iterations: u64,
}
