//! Real servers and real binaries for the tests of heavy: a throwaway Postgres cluster, an nginx that counts
//! what it served, the workspace's own programs under a time limit, a TCP proxy that injects faults, and the one polling helper.
//!
//! Nothing here mocks. A test that needs Postgres says [`Postgres::shared`] and gets a fresh database of a
//! cluster that this test process started; if there is no Postgres on the machine the test fails and says how
//! to install it. Whatever the kit starts ends with the test process, however that ends: on drop, and
//! otherwise through a watchdog process that outlives a panic, Ctrl-C and SIGKILL.
//!
//! Programs of the workspace are looked up beside the test executable, so build them first:
//! `scripts/test` does, and `cargo build --workspace --bins --examples` by hand.
//!
//! Set `HEAVY_KEEP_TMP=1` to keep the temporary directories; their paths are printed to stderr.

mod binary;
mod disk;
mod eventually;
pub mod http;
mod nginx;
mod output;
mod port;
mod postgres;
mod process;
mod proxy;
mod run;
mod schema;
mod scripted;
mod service;
mod sqlite;
mod temp;
mod watchdog;

pub use binary::{binary, example};
pub use disk::SmallDisk;
pub use eventually::eventually;
pub use nginx::Nginx;
pub use port::free_port;
pub use postgres::{Database, Pooler, Postgres, Row};
pub use proxy::{FaultProxy, ProxyFault};
pub use run::{Finished, Run, Running};
pub use rustix::process::Signal;
pub use schema::Schema;
pub use scripted::{ReceivedRequest, ScriptedAnswer, ScriptedServer};
pub use service::ServiceProcess;
pub use sqlite::sqlite;
pub use temp::TempDir;
