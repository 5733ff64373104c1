//! The pure core of heavy: no IO, no clock reads, no async.
//!
//! What load is asked for ([`shape`]), when its iterations are due ([`profile`]) and whose they are ([`split`]): so
//! much of it is in every load test. With the feature `jobs`, what a job is ([`job`]) and what comes of it: what its
//! results look like when agents have rolled them up ([`stats`]), how they are folded into series and totals
//! ([`fold`]), what is said of them ([`summary`]), what was asked of them ([`threshold`]) and whether they pass
//! ([`verdict`]); how two jobs differ ([`compare`]) and where the figures of many broke their trend ([`trend`]).
//!
//! Times are nanoseconds; those named `*_wall_ns` count from the Unix epoch, other instants from the job's start.

pub mod admission;
pub mod arrivals;
pub mod env;
pub mod histogram;
pub mod load;
pub mod profile;
pub mod rate;
pub mod rounds;
pub mod shape;
pub mod span;
pub mod split;
pub mod stream;
pub mod users;

#[cfg(feature = "jobs")]
pub mod bars;
#[cfg(feature = "jobs")]
pub mod compare;
#[cfg(feature = "jobs")]
pub mod config;
#[cfg(feature = "jobs")]
pub mod fold;
#[cfg(feature = "jobs")]
pub mod job;
#[cfg(feature = "jobs")]
pub mod progress;
#[cfg(feature = "jobs")]
pub mod revision;
#[cfg(feature = "jobs")]
pub mod stats;
#[cfg(feature = "jobs")]
pub mod summary;
#[cfg(feature = "jobs")]
pub mod threshold;
#[cfg(feature = "jobs")]
pub mod trend;
#[cfg(feature = "jobs")]
pub mod verdict;
#[cfg(feature = "jobs")]
pub mod window;
