//! What an agent and a load test say to each other: hello, RPC service and codec, output lines.
//!
//! A load test is a child process of an agent. It gets its orders by RPC over a socket that is its stdin
//! ([`mod@rpc`]), and gives its results as JSON lines on its stdout ([`mod@line`]), after one hello line ([`hello`]).
//! A request line without a name gets one by [`name::default_name`].
//! Every clock value in the protocol is nanoseconds: monotonic ones are of `CLOCK_MONOTONIC`, which all
//! processes of a host share; wall ones count from the Unix epoch.
//!
//! The crate is light on purpose: no HTTP, no gRPC, and nothing of the services.

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

/// Names the address on which a load test listens when it was started by hand.
pub const ENV_RPC_ADDR: &str = "HEAVY_RPC_ADDR";

/// Where a load test that was started by hand listens unless [`ENV_RPC_ADDR`] says otherwise.
pub const DEFAULT_RPC_ADDR: &str = "127.0.0.1:9999";

/// A variable of a job whose submitter has read the env files that its workflows name and has put what they say among
/// the job's variables: the files need not be where the load test runs, and are not read again.
pub const ENV_FILES_READ: &str = "HEAVY_ENV_FILES_READ";
