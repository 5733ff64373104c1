//! The results of an assignment as they go on in another process.

use prost::Message;

use crate::rollup::saved::SavedRollup;

/// What is left when everything was passed on, and how much of the journal that covers.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct SavedResults {
    #[prost(message, optional, tag = "1")]
    pub(crate) rollup: Option<SavedRollup>,
    /// The position in the journal: output up to the end of a line.
    #[prost(uint64, tag = "2")]
    pub(crate) output: u64,
    #[prost(uint64, tag = "3")]
    pub(crate) orders: u64,
    /// Whether the output goes on in a line that was too long.
    #[prost(bool, tag = "4")]
    pub(crate) skipping: bool,
    #[prost(double, tag = "5")]
    pub(crate) cpu_max: f64,
    #[prost(uint64, tag = "6")]
    pub(crate) log_lines_dropped: u64,
    #[prost(uint32, tag = "7")]
    pub(crate) complete_before: u32,
    /// When releases ended, on the monotonic clock; absent while they go on.
    #[prost(uint64, optional, tag = "8")]
    pub(crate) end_monotonic_ns: Option<u64>,
    /// How the assignment ended, if its account was closed: a word of `Ended`.
    #[prost(string, tag = "9")]
    pub(crate) ended: String,
    /// Whether the journal lacked something that is not in here, so that the account stays open.
    #[prost(bool, tag = "10")]
    pub(crate) is_incomplete: bool,
    /// Up to when due iterations are counted, in the job's time.
    #[prost(sint64, tag = "11")]
    pub(crate) due_ns: i64,
}
