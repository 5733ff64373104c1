//! Jobs and their results, pure: no IO, no clock reads, no async.
//!
//! What a job is ([`job`]), the statistics that agents roll up ([`stats`]), how the scheduler aggregates them into
//! series and totals ([`aggregate`]), the summary of a job ([`summary`]), its thresholds ([`threshold`]) and its verdict
//! ([`verdict`]).
//!
//! Times are nanoseconds; those named `*_wall_ns` count from the Unix epoch, other instants from the job's start.

pub mod aggregate;
pub mod bars;
pub mod config;
pub mod digits;
pub mod job;
pub mod nearest;
pub mod progress;
pub mod revise;
#[cfg(feature = "schema")]
pub mod schema;
pub mod stats;
pub mod summary;
pub mod threshold;
pub mod verdict;
