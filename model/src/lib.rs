//! The pure core of heavy: no IO, no clock reads, no async.
//!
//! What a job is ([`job`]), when its iterations are due ([`profile`]) and whose they are ([`split`]); what its
//! results look like when agents have rolled them up ([`stats`]), how they are folded into series and totals
//! ([`fold`]), what is said of them ([`summary`]), what was asked of them ([`threshold`]) and whether they pass
//! ([`verdict`]); how two jobs differ ([`compare`]) and where the figures of many broke their trend ([`trend`]).
//!
//! Times are nanoseconds; those named `*_wall_ns` count from the Unix epoch, other instants from the job's start.

pub mod admission;
pub mod arrivals;
pub mod bars;
#[cfg(feature = "results")]
pub mod compare;
#[cfg(feature = "results")]
pub mod config;
#[cfg(feature = "results")]
pub mod fold;
pub mod histogram;
pub mod job;
pub mod load;
pub mod profile;
pub mod progress;
pub mod rate;
pub mod revision;
pub mod rounds;
pub mod span;
pub mod split;
pub mod stats;
pub mod stream;
pub mod summary;
pub mod threshold;
#[cfg(feature = "results")]
pub mod trend;
pub mod users;
pub mod verdict;
pub mod window;
