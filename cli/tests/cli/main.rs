//! The real `heavy`, as people use it.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod ask;
mod collector;
mod demo;
mod docs;
mod help;
mod lint;
mod noise;
mod read;
mod report;
mod run;
mod stored;
mod thresholds;
mod up;
mod wrong;
