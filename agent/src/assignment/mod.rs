//! An agent's share of a job, from its assignment to its last acknowledged result.
//!
//! [`machine`] decides, [`driver`] and [`actions`] carry out. [`prepare`] gets a load test ready, [`plan`] says which iterations are
//! due and [`release`] hands them over; all instants of a job are converted by [`clock`].

mod actions;
mod clock;
mod divide;
mod driver;
mod health;
mod machine;
mod plan;
mod prepare;
mod release;
mod setup;

pub(crate) use clock::JobClock;
pub(crate) use driver::{Command, run};
