//! The pure core of load: no IO, no clock reads, no async.
//!
//! What load is asked for ([`spec`]), when its iterations are due ([`profile`]), whose they are ([`split`],
//! [`revision`]), and how durations are counted ([`histogram`]). Every load test links this crate, so it stays small.
//!
//! Times are nanoseconds; those named `*_wall_ns` count from the Unix epoch, other instants from the job's start.

pub mod admission;
pub mod arrivals;
mod by_text;
pub mod date;
pub mod env;
pub mod escape;
pub mod execution;
pub mod exit_code;
pub mod histogram;
pub mod load;
pub mod measured_time;
pub mod phases;
pub mod profile;
pub mod protocol;
pub mod rate;
pub mod revision;
pub mod rounds;
pub mod schedule;
#[cfg(feature = "schema")]
pub mod schema;
pub mod span;
pub mod spec;
pub mod split;
pub mod users;
pub mod vocabulary;
pub mod window;
