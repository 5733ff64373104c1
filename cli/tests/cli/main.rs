//! The real `heavy`, as people use it.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

mod ask;
mod collector;
mod completions;
mod configurations;
mod cookbook;
mod deleting;
mod delivering;
mod demo;
mod diff;
mod disk;
mod docs;
mod documented;
mod elsewhere;
mod exact;
mod export;
mod figures;
mod hangup;
mod help;
mod history;
mod lint;
mod live;
mod logs;
mod noise;
mod rates;
mod read;
mod recorded;
mod report;
mod requests;
mod run;
mod runs;
mod schedulers;
mod screen;
mod services;
mod shell;
mod slower;
mod stopping;
mod stored;
mod thresholds;
mod up;
mod which;
mod wrong;
