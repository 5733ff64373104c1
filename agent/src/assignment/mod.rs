//! An agent's share of a job, from its assignment to its last acknowledged result.
//!
//! [`machine`] decides, [`driver`] carries out. [`prepare`] gets a load test and its [`files`] ready, [`live`] asks it for things, [`running`]
//! is the share from its start on: [`plan`] says which iterations are due and [`release`] hands them over. [`reporter`]
//! tells the scheduler.

mod answer;
mod divide;
mod driver;
pub(crate) mod failure;
mod files;
mod health;
mod leash;
mod live;
pub(crate) mod machine;
pub(crate) mod plan;
mod prepare;
mod release;
mod reporter;
mod running;
mod setup;

pub(crate) use driver::run;
