//! An agent's share of a job, from its assignment to its last acknowledged result.
//!
//! [`machine`] decides, [`driver`] carries out. [`preparation`] gets a load test ready ([`prepare`]), [`live`] asks it for
//! things, [`running`] is the share from its start on: [`plan`] says which iterations are due and [`release`] hands them
//! over. All instants of a job are converted by [`clock`], and [`reporter`] tells the scheduler.

mod clock;
mod divide;
mod driver;
mod failure;
mod health;
mod live;
mod machine;
mod plan;
mod preparation;
mod prepare;
mod release;
mod reporter;
mod running;
mod setup;

pub(crate) use clock::JobClock;
pub(crate) use driver::run;
