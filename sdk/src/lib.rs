//! Write load tests for heavy.
//!
//! A load test is a small program that you write. One run of its code is an *iteration*. heavy starts iterations at the
//! rate you ask for, on one machine or many, and stores the result of every request.
//!
//! # The smallest load test
//!
//! ```no_run
//! use heavy_sdk::prelude::*;
//!
//! struct Magnum { url: String }
//!
//! impl Runner for Magnum {
//!     async fn run(&self, ctx: &Context) -> Result<()> {
//!         let home = ctx.get(&self.url).send().await?;
//!         ctx.check("home is 200", home.status() == 200);
//!         Ok(())
//!     }
//! }
//!
//! fn main() -> ExitCode {
//!     let url = env_or("TARGET_URL", "http://127.0.0.1:8080/");
//!     heavy_sdk::serve(Server::new(Magnum { url }))
//! }
//! ```
//!
//! The binary has a small command line of its own: `./magnum run --rate 50 --duration 10s` starts fifty iterations a second
//! on this machine and prints a summary; `./magnum --help` lists the rest. To run it on a fleet and keep the results,
//! pass the same binary to `heavy run` or `heavy-sched submit`.
//!
//! # Failures
//!
//! Any status is a response, so [`send`](RequestBuilder::send) returns `Ok` for a 404 too; the request counts as failed
//! unless [`expect_status`](RequestBuilder::expect_status) allows the status. Without a complete response `send` returns an
//! `Err`, and `?` fails the iteration. Every other error, a panic and the job's timeout fail it too. A
//! [check](Context::check) only counts; to fail the iteration with it, use [`ensure!`]:
//!
//! ```
//! # use heavy_sdk::prelude::*;
//! # async fn run(ctx: &Context) -> Result<()> {
//! let order = ctx.post("http://127.0.0.1:8080/checkout").send().await?;
//! ensure!(ctx.check("order is taken", order.status() == 200), "the order was refused");
//! # Ok(())
//! # }
//! ```
//!
//! # Steps and metrics
//!
//! A [step](Context::step) is a named part of an iteration with a duration and an outcome of its own. It has the same
//! methods as the [`Context`], and its requests are stored under its name. Metrics are numbers of your own:
//! [`counter`](Context::counter), [`gauge`](Context::gauge), [`rate`](Context::rate), [`trend`](Context::trend).
//!
//! ```
//! # use heavy_sdk::prelude::*;
//! # async fn run(ctx: &Context) -> Result<()> {
//! ctx.step("search").run(async |step| {
//!     let found = step.get("http://127.0.0.1:8080/search").query("q", "boots").send().await?;
//!     step.trend("results", found.text()?.lines().count() as u32);
//!     Ok(())
//! }).await?;
//! # Ok(())
//! # }
//! ```
//!
//! # Users
//!
//! Every iteration runs as a user: an identity that keeps state from one iteration to the next, on one core.
//! [`init_user`](Runner::init_user) prepares it; that time is not part of any iteration.
//!
//! ```
//! use heavy_sdk::prelude::*;
//!
//! struct Customer;
//! struct Session { token: String }
//!
//! impl Runner for Customer {
//!     async fn init_user(&self, ctx: &Context) -> Result<()> {
//!         let token = ctx.post("http://127.0.0.1:8080/login").send().await?.text()?.into_owned();
//!         ctx.set_state(Session { token });
//!         Ok(())
//!     }
//!
//!     async fn run(&self, ctx: &Context) -> Result<()> {
//!         let session = ctx.state::<Session>().context("logged in")?;
//!         ctx.get("http://127.0.0.1:8080/cart").bearer(&session.token).send().await?;
//!         Ok(())
//!     }
//! }
//! # let _ = Customer;
//! ```
//!
//! # Other protocols
//!
//! [`Context::sample`] measures an exchange of any protocol, made with a client of your choice.
//!
//! # Several workflows, params, another client
//!
//! [`Server::named`] registers several workflows under names, [`Server::splitter`] divides a job's params among agents,
//! [`Server::http_client`] replaces the HTTP client. [`Context::param`] and [`Context::params`] return the params
//! of the job, [`Context::env`] its environment variables.
//!
//! # In a program of your own
//!
//! [`local`] puts any async function under load inside your program, such as a test, with the same pacing and
//! admission, and returns a report:
//!
//! ```
//! use heavy_sdk::local::{self, Options};
//! use std::time::Duration;
//!
//! let work = local::work("50/s", Duration::from_millis(200), async || Ok(()), Options::default());
//! let report = local::block_on(work)?;
//! assert_eq!(report.planned, 10);
//! # Ok::<(), local::Error>(())
//! ```
//!
//! # How it runs
//!
//! Iterations start when they are due, whether earlier ones have ended or not (an *open* model): a slow target does not
//! slow the load down. There is one single-threaded runtime for each core, so futures need not be `Send`; code that
//! computes for long, or blocks, makes other iterations late, and the report shows it. What the program prints is
//! log output of the job, never a result. When results are produced faster than they are read, up to 32 MiB of them
//! wait; beyond that, heavy drops lines of requests and metrics and counts them in the metric `heavy_output_dropped`. The
//! outcome of an iteration is never dropped.

mod beside;
mod context;
mod cookies;
mod env;
mod feed;
mod files;
mod harness;
pub mod http;
mod listen;
pub mod local;
mod measuring;
mod metric;
mod names;
mod observer;
mod output;
pub mod prelude;
mod redirect;
mod request;
mod request_id;
mod response;
mod runner;
mod sample;
mod scope;
mod sequence;
mod serve;
mod server;
mod standalone;
mod step;
mod summary;
mod tags;
mod think;
mod verbs;

pub use anyhow::{self, Error, bail, ensure};
pub use context::Context;
pub use env::env_or;
pub use feed::{Feed, Numbers};
pub use files::find_file;
pub use heavy_plugin::line::{Phase, Phases};
pub use http::{HttpClient, RequestError};
pub use listen::RPC_ADDR;
pub use metric::{MetricBuilder, MetricValue};
pub use output::{Output, ParseError};
pub use request::RequestBuilder;
pub use response::{BodyError, Response};
pub use runner::{Runner, Splitter};
pub use sample::Sample;
pub use sequence::{DEFAULT_SEQUENCE_ID, new_sequence_id};
pub use serve::{IntoServer, serve, start_listener};
pub use server::Server;
pub use step::Step;
pub use think::ThinkTime;

/// The result of a load test's functions: `?` converts any error.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The guides, so that the Rust blocks in them are compiled with the documentation's examples.
#[cfg(doctest)]
mod guides {
    #[doc = include_str!("../../docs/writing-tests.md")]
    struct WritingTests;

    #[doc = include_str!("../../docs/coming-from.md")]
    struct ComingFrom;

    #[cfg(feature = "reqwest")]
    #[doc = include_str!("../../docs/reqwest.md")]
    struct Reqwest;
}
