//! The agent of heavy: gets load tests from a scheduler, runs them, and brings every result to a collector.
//!
//! One [`run`] is one agent. Its `link` to the scheduler brings assignments; each `assignment` fetches its binary
//! into the `cache`, spawns it as a `process`, releases iterations, and ends with all results acknowledged. The
//! `tail` reads the load test's output into `results`, which rolls them up (`rollup`) and packs raw rows
//! (`batch`); both are written to the `spool`, from which `deliver` sends them. Nothing in that chain waits for
//! what comes after it.
//!
//! Pure, and tested as tables and properties: `assignment`'s machine and plan, `rollup`, `batch`,
//! `link`'s clock estimate, `deliver`'s cursor, `tail`'s lines, `spool`'s records.

#[doc(hidden)]
pub mod command_line;
#[doc(hidden)]
pub mod launch;
#[cfg(feature = "simulation")]
#[doc(hidden)]
pub mod simulation;

mod assignment;
mod backoff;
mod batch;
mod cache;
mod clock;
mod config;
mod data_dir;
mod deliver;
mod disk;
mod disk_quota;
mod error;
mod host;
mod job_clock;
mod journal;
mod left_over;
mod link;
mod orders;
mod process;
mod recovery;
mod results;
mod rollup;
mod run;
mod sandbox;
mod shared;
mod spool;
mod tail;

pub use config::{
    AgentConfig, DEFAULT_SCHEDULER, DEFAULT_SPOOL_LIMIT_BYTES, Launcher, data_dir_of, default_name,
};
pub use error::Error;
pub use left_over::deliver_left_over;
pub use process::{LOAD_TEST_DIRECTORIES, LOAD_TEST_ENVIRONMENT};
pub use run::run;
pub use sandbox::SandboxOptions;
