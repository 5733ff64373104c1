//! The scheduler of heavy: takes jobs, hands their binaries and shares to agents, starts them at one instant, aggregates
//! the results, and says how it went.
//!
//! [`Scheduler`] is the server: agents (`fleet`, gRPC) and operators (`api`, JSON over HTTP) share one port; jobs (`job`) live
//! in pure machines whose drivers act.

mod api;
mod artifacts;
#[doc(hidden)]
pub mod command_line;
mod configs;
mod env_files;
mod fleet;
mod job;
mod recovery;
mod registration;
mod retention;
mod serve;
#[cfg(feature = "simulation")]
pub mod simulation;

pub use job::late::revise_late_jobs;
pub use recovery::{close_jobs, is_gone, may_be_removed, recover};
pub use registration::{Registration, RegistrationError};
pub use retention::RetentionPolicy;
pub use serve::{Error, LISTENS, Scheduler};
