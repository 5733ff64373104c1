//! The scheduler of heavy: takes jobs, hands their binaries and shares to agents, starts them at one instant, folds
//! what comes back, and says how it went.
//!
//! [`serve`] is the server: agents (`fleet`) and clients (gRPC and JSON, `api`) share one port; jobs (`job`)
//! live in pure machines whose drivers act. [`client`] is the command line: the verbs of `heavy-sched` and `heavy`.

mod api;
mod artifacts;
pub mod client;
mod clock;
#[doc(hidden)]
pub mod command_line;
mod configs;
mod data_dir;
mod env_files;
mod fleet;
mod job;
mod listen;
mod serve;

pub use data_dir::{DataDir, Error as DataDirError, default_dir};
pub use job::check::check;
pub use listen::{Error as ListenError, bind};
pub use serve::{Config, Error, Scheduler, serve};
