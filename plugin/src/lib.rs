//! The protocol between an agent and a load test: hello, RPC service and codec, output lines.
//!
//! A load test is a child process of an agent. The agent calls it by RPC over a socket that is its stdin ([`mod@rpc`]),
//! and it writes its results as JSON lines to its stdout ([`mod@line`]), after one hello line ([`hello`]). The name of a
//! request line defaults to [`name::default_name`].
//! Every clock value in the protocol is nanoseconds: monotonic ones are of `CLOCK_MONOTONIC`, which all
//! processes of a host share; wall ones count from the Unix epoch.
//!
//! Every load test links this crate, so it stays small: no HTTP, no gRPC, nothing of the services.

pub mod codec;
pub mod hello;
pub mod line;
#[cfg(feature = "lines")]
pub mod lines;
pub mod name;
#[cfg(feature = "check")]
pub mod program;
pub mod rpc;
mod timestamp;

/// Names the file descriptor of the RPC socket for a load test that an agent has spawned. Always `0`: stdin.
pub const ENV_RPC_FD: &str = "HEAVY_RPC_FD";

/// Names the address at which a load test listens if no agent spawned it.
pub const ENV_RPC_ADDR: &str = "HEAVY_RPC_ADDR";

/// The default of [`ENV_RPC_ADDR`].
pub const DEFAULT_RPC_ADDR: &str = "127.0.0.1:9999";

/// A variable of the job, set if its submitter has already added the env files of the workflows to the job's variables:
/// the load test then does not read them.
pub const ENV_FILES_READ: &str = "HEAVY_ENV_FILES_READ";
