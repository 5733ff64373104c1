//! The scheduler of heavy: takes jobs, hands their binaries and shares to agents, starts them at one instant, folds
//! what comes back, and says how it went.
//!
//! [`serve`] is the server: agents (`fleet`) and clients (gRPC and JSON, `api`) share one port; jobs (`job`)
//! live in pure machines whose drivers act. [`client`] is the command line: the verbs of `heavy-sched` and `heavy`.

mod api;
mod artifacts;
mod clock;
#[doc(hidden)]
pub mod command_line;
mod configs;
mod env_files;
mod fleet;
mod job;
mod serve;

pub use serve::{Config, Error, LISTENS, Scheduler, open_data_dir, serve};
