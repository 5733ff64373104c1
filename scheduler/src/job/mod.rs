//! Jobs: whose turn it is ([`queue`]), how one lives ([`machine`]), who carries that out ([`driver`]), how its results
//! become series and totals ([`aggregation`]), and where all of them are found ([`service`]).

pub(crate) mod aggregation;
pub(crate) mod aggregation_order;
pub(crate) mod answers;
pub(crate) mod collecting;
pub(crate) mod conclude;
pub(crate) mod driver;
pub(crate) mod error;
mod forgotten;
mod handing_over;
pub(crate) mod late;
pub(crate) mod live;
pub(crate) mod load_change;
pub(crate) mod machine;
pub(crate) mod orders;
pub(crate) mod orphan;
mod own_thread;
pub(crate) mod patient_sender;
pub(crate) mod progress;
pub(crate) mod queue;
mod resuming;
pub(crate) mod service;
pub(crate) mod state_writer;
pub(crate) mod submission;
