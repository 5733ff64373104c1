//! Puts any async function under load in this process: no agent, no binary of its own, the same pacing and admission.
//!
//! | function | what it does |
//! |---|---|
//! | [`work`] | calls a target at a rate for a while |
//! | [`force`] | returns a function that calls a target a given number of times, all at once |
//! | [`farm`] | lets several [`Worker`]s work together; one that fails stops all |
//!
//! ```
//! use heavy_sdk::local::{self, Options};
//! use std::time::Duration;
//!
//! async fn target() -> heavy_sdk::Result<()> {
//!     // Whatever is to be put under load.
//!     Ok(())
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), local::Error> {
//! let report = local::work("50/s", Duration::from_millis(200), target, Options::default().limit(64)).await?;
//! assert_eq!(report.planned, 10);
//! assert_eq!(report.planned, report.started + report.canceled());
//! println!("{report}");
//! # Ok(())
//! # }
//! ```
//!
//! # Which runtime it needs, and where targets run
//!
//! None: targets run on threads that the work starts itself ([`Options::threads`], one unless you ask for more), each
//! with a single-threaded tokio runtime. The futures of this module only wait for them, so any executor will do, and
//! [`block_on`] serves a plain `fn main`.
//!
//! A target is shared by those threads, so the function itself must be `Send + Sync + 'static`. What it *returns* need
//! not be `Send`: a call stays on the thread on which it was started, and [`tokio::task::spawn_local`] works in it. Code
//! that computes for long, or blocks, makes other calls on its thread late; that shows in [`Report::lag`], and in
//! [`Report::late`] once it is more than a second.
//!
//! The runtimes end with the work. What a target left running on them is dropped then.
//!
//! # When a call starts
//!
//! Call `n` is due when the rate says so, computed from `n` and never by adding intervals, whether earlier ones have
//! ended or not (an *open* model). When it is due it takes one of [`Options::limit`] slots. If none is free, it is
//! canceled as `full`, or waits if [`Options::when_full`] says so. If the generator itself is more than a second behind,
//! the call is canceled as `late`, and never caught up with in a burst. In every [`Report`]
//! `planned = started + full + late + withdrawn` and `started = ok + failed + interrupted`.
//!
//! When the duration is over, calls that still wait for a slot are canceled as `full`, and those that run have
//! [`Options::grace`] to end before they are cut off as interrupted. Dropping the future of a work cuts it off at once.
//!
//! # Failures and panics
//!
//! A call fails when the target returns an `Err` or panics; [`Report::errors`] has the messages. To say where a target
//! panicked and not to fill stderr with backtraces, a panic hook is installed in front of the present one when a work
//! begins; all panics outside of targets are reported as before. A work ends early with [`Error::Target`] only if
//! [`Options::stop_on_error`] asks for it, or in a [`farm`].

mod announce;
mod call;
mod conduct;
mod core;
mod error;
mod farm;
mod listener;
mod options;
mod plan;
mod report;
mod run;
mod starter;
mod tally;
mod work;
mod worker;

pub use error::{Error, Failed};
pub use farm::farm;
pub use heavy_load::admission::DropReason;
pub use heavy_load::histogram::Histogram;
pub use heavy_load::rate::{self, Rate};
pub use heavy_load::vocabulary::WhenFull;
pub use listener::{CallError, Event, Listener};
pub use options::Options;
pub use report::Report;
pub use work::{Work, block_on};
pub use worker::{Builder, Worker, force, work};
