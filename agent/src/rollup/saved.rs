//! What is left of a roll-up when everything was taken from it: enough to go on with it in another process.

use prost::Message;

#[derive(Clone, PartialEq, Message)]
pub(crate) struct SavedRollup {
    #[prost(message, optional, tag = "1")]
    pub(super) ledger: Option<SavedLedger>,
    #[prost(message, repeated, tag = "2")]
    pub(super) users: Vec<SavedUsers>,
    #[prost(message, optional, tag = "3")]
    pub(super) requests: Option<SavedIdentities>,
    /// Workflows, steps, methods, names, error kinds, protocols, checks, metrics.
    #[prost(message, repeated, tag = "4")]
    pub(super) names: Vec<SavedNames>,
    /// Workflows of the iterations of which a request has failed, and their numbers.
    #[prost(uint32, repeated, tag = "5")]
    pub(super) failing_workflows: Vec<u32>,
    #[prost(uint64, repeated, tag = "6")]
    pub(super) failing_numbers: Vec<u64>,
    #[prost(message, optional, tag = "7")]
    pub(super) totals: Option<SavedTotals>,
    #[prost(uint32, tag = "8")]
    pub(super) complete_before: u32,
    #[prost(uint64, tag = "9")]
    pub(super) last_ended_ns: u64,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct SavedLedger {
    #[prost(message, repeated, tag = "1")]
    pub(super) workflows: Vec<SavedSeconds>,
    #[prost(uint64, repeated, tag = "2")]
    pub(super) upcoming_due_ns: Vec<u64>,
    #[prost(uint32, repeated, tag = "3")]
    pub(super) upcoming_workflows: Vec<u32>,
    #[prost(message, repeated, tag = "4")]
    pub(super) spans: Vec<SavedSpan>,
    #[prost(uint64, repeated, tag = "5")]
    pub(super) untold: Vec<u64>,
    #[prost(uint64, tag = "6")]
    pub(super) excess: u64,
}

/// The seconds of one workflow.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct SavedSeconds {
    #[prost(message, repeated, tag = "1")]
    pub(super) seconds: Vec<SavedSecond>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct SavedSecond {
    #[prost(uint64, tag = "1")]
    pub(super) second: u64,
    #[prost(uint64, tag = "2")]
    pub(super) first_n: u64,
    #[prost(uint64, tag = "3")]
    pub(super) last_n: u64,
    #[prost(uint64, tag = "4")]
    pub(super) released: u64,
    #[prost(uint64, tag = "5")]
    pub(super) scheduled: u64,
    #[prost(uint64, tag = "6")]
    pub(super) planned: u64,
    #[prost(uint64, tag = "7")]
    pub(super) heard: u64,
    #[prost(uint64, tag = "8")]
    pub(super) dropped: u64,
    #[prost(uint64, tag = "9")]
    pub(super) guessed: u64,
    /// Whether its iterations are known by number.
    #[prost(bool, tag = "10")]
    pub(super) is_open: bool,
    #[prost(uint64, repeated, tag = "11")]
    pub(super) open: Vec<u64>,
}

#[derive(Clone, Copy, PartialEq, Message)]
pub(crate) struct SavedSpan {
    #[prost(uint32, tag = "1")]
    pub(super) workflow: u32,
    #[prost(uint64, tag = "2")]
    pub(super) first: u64,
    #[prost(uint64, tag = "3")]
    pub(super) last: u64,
    #[prost(uint64, tag = "4")]
    pub(super) count: u64,
    #[prost(uint32, tag = "5")]
    pub(super) cause: u32,
}

/// The users of one closed workflow.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct SavedUsers {
    #[prost(uint32, tag = "1")]
    pub(super) workflow: u32,
    #[prost(uint64, tag = "2")]
    pub(super) started: u64,
    #[prost(uint64, tag = "3")]
    pub(super) done: u64,
    #[prost(uint64, repeated, tag = "4")]
    pub(super) users: Vec<u64>,
    #[prost(uint64, repeated, tag = "5")]
    pub(super) until_ns: Vec<u64>,
    #[prost(uint64, repeated, tag = "6")]
    pub(super) next_ns: Vec<u64>,
    #[prost(uint64, repeated, tag = "7")]
    pub(super) started_each: Vec<u64>,
}

/// The request identities that are told apart.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct SavedIdentities {
    /// Five symbols each: workflow, step, method, name, protocol.
    #[prost(uint32, repeated, tag = "1")]
    pub(super) symbols: Vec<u32>,
    #[prost(uint64, tag = "2")]
    pub(super) others: u64,
}

/// The texts of one table in the order of their symbols, without the two that all tables have.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct SavedNames {
    #[prost(string, repeated, tag = "1")]
    pub(super) texts: Vec<String>,
}

#[derive(Clone, PartialEq, Message)]
pub(crate) struct SavedTotals {
    #[prost(uint64, tag = "1")]
    pub(super) scheduled: u64,
    #[prost(uint64, tag = "2")]
    pub(super) started: u64,
    #[prost(uint64, tag = "3")]
    pub(super) ok: u64,
    #[prost(uint64, tag = "4")]
    pub(super) failed: u64,
    #[prost(uint64, tag = "5")]
    pub(super) interrupted: u64,
    #[prost(uint64, tag = "6")]
    pub(super) lost: u64,
    #[prost(uint64, tag = "7")]
    pub(super) dropped: u64,
    #[prost(uint64, tag = "8")]
    pub(super) malformed: u64,
    /// The encoded histogram.
    #[prost(bytes = "vec", tag = "9")]
    pub(super) generator_lag: Vec<u8>,
}
