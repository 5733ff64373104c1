//! Jobs: whose turn it is ([`queue`]), how one lives ([`machine`]), who carries that out ([`driver`]), how its results
//! become series and totals ([`folder`]), and where all of them are found ([`service`]).

pub(crate) mod changes;
pub(crate) mod conclude;
pub(crate) mod control;
pub(crate) mod driver;
pub(crate) mod error;
pub(crate) mod event;
pub(crate) mod folder;
pub(crate) mod load_change;
pub(crate) mod machine;
pub(crate) mod mail;
pub(crate) mod progress;
pub(crate) mod queue;
pub(crate) mod service;
pub(crate) mod share;
pub(crate) mod steer;
pub(crate) mod submission;
pub(crate) mod team;
pub(crate) mod telling;
