//! The real `heavy`, as people use it.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod ask;
mod collector;
mod completions;
mod demo;
mod docs;
mod elsewhere;
mod export;
mod help;
mod lint;
mod noise;
mod read;
mod report;
mod run;
mod shell;
mod stored;
mod thresholds;
mod up;
mod wrong;
