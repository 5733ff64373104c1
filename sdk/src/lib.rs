//! Write load tests for heavy.

mod by_hand;
mod context;
mod env;
mod harness;
pub mod http;
mod names;
mod output;
pub mod prelude;
mod request;
mod response;
mod runner;
mod sequence;
mod server;
mod step;
mod verbs;

pub use anyhow::{self, Error, bail, ensure};
pub use context::Context;
pub use env::env_or;
pub use heavy_plugin::rpc::Connections;
pub use http::{HttpClient, RequestError};
pub use output::{Output, ParseError};
pub use request::RequestBuilder;
pub use response::{BodyError, Response};
pub use runner::{Runner, Splitter};
pub use sequence::{DEFAULT_SEQUENCE_ID, new_sequence_id};
pub use server::{RPC_ADDR, Server, serve, start_listener};
pub use step::Step;

/// The outcome of a load test's functions: any error can be passed on with `?`.
pub type Result<T, E = Error> = std::result::Result<T, E>;
