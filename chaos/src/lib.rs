//! Finds out whether heavy loses, doubles or alters results when its parts are killed, stopped or cut off.
//!
//! - An **oracle** (`src/bin/oracle.rs`) is a load test whose results follow from their ids ([`result`]), and which notes
//!   in a [`ledger`] what it finished writing to stdout ([`pump`]).
//! - The **judge** ([`mod@judge`]) compares the store, the totals, the summary, the report and the count of an independent target
//!   with the ledgers, by id and content.
//! - The **runner** ([`runner`]) starts all parts ([`arena`]), runs jobs of the oracle and injects faults by a [`schedule`] that
//!   follows from a seed. After each job the faults end, everything is delivered, and the judge looks.
//! - The **cases** ([`cases`]) are single faults with what must be seen, by name.
//!
//! `scripts/chaos` builds what it needs and runs the program `heavy-chaos`.

mod expected;
mod written;

pub mod arena;
pub mod cases;
pub mod job;
pub mod judge;
pub mod judged;
pub mod ledger;
pub mod processes;
pub mod pump;
pub mod random;
pub mod report;
pub mod result;
pub mod runner;
pub mod schedule;
pub mod service;

use std::path::Path;

/// The name of the requests that an oracle really sends.
pub const REAL_REQUEST: &str = "real request";

/// The agent that a directory of one of its load tests belongs to: the directory is `.../AGENT/work/ID`.
#[must_use]
pub fn agent_of(work_dir: &Path) -> String {
    let agent = work_dir.ancestors().nth(2).and_then(Path::file_name);
    agent.map_or("local".to_owned(), |name| name.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agent_is_known_by_the_directory_of_its_load_test() {
        assert_eq!(agent_of(Path::new("/tmp/x/agents/a1/work/0193-77")), "a1");
        assert_eq!(agent_of(Path::new("/")), "local");
    }
}
