//! Single faults with what must be seen, by name: each states what it expects, and what it saw.

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::time::Duration;

use crate::arena::{Arena, ArenaOptions, monotonic_ns};
use crate::schedule::StoreKind;

mod agents;
mod away;
mod check;
mod crash_points;
mod disk_full;
mod links;
mod memory;
mod output;
mod schedulers;
mod stopping;

pub use check::CaseReport;

/// A case.
#[derive(Debug, Clone, Copy)]
pub struct ChaosCase {
    /// Its name on the command line.
    pub name: &'static str,
    /// What happens in it.
    pub about: &'static str,
    run: CaseFunction,
}

/// What cases need to know.
#[derive(Debug, Clone)]
pub struct CaseOptions {
    /// Where the programs are.
    pub bin_dir: PathBuf,
    /// Iterations per second instead of those of the case, where it does not depend on them.
    pub rate: Option<u64>,
}

/// All cases, in the order in which they were found.
pub const CASES: &[ChaosCase] = &[
    case(
        "sqlite-disk-full",
        "the disk of a SQLite file is full for 3 s, five times",
        disk_full::sqlite,
    ),
    case(
        "postgres-down-stop",
        "`stop` while Postgres is down",
        stopping::stop_while_down,
    ),
    case(
        "postgres-down-pause",
        "`pause` while Postgres is down",
        stopping::pause_while_down,
    ),
    case(
        "postgres-down-rate",
        "`rate` while Postgres is down",
        stopping::rate_while_down,
    ),
    case(
        "postgres-down-ctrl-c",
        "Ctrl-C on `submit` while Postgres is down",
        stopping::interrupt_while_down,
    ),
    case(
        "postgres-black-hole-stop",
        "`stop` while Postgres does not answer",
        stopping::stop_in_black_hole,
    ),
    case(
        "postgres-black-hole",
        "Postgres does not answer for 15 s, then it does",
        away::postgres_in_black_hole,
    ),
    case(
        "collector-away-at-end",
        "the collector is frozen for 75 s from 1 s before the end",
        away::collector_at_end,
    ),
    case(
        "store-away-at-end",
        "Postgres is down for 75 s from 1 s before the end",
        away::store_at_end,
    ),
    case(
        "two-schedulers",
        "a second scheduler is started on the same database",
        schedulers::two,
    ),
    case(
        "users-agent-killed",
        "one of three agents with 30 users is killed",
        agents::users_without_an_agent,
    ),
    case(
        "agent-stopped-13s",
        "an agent is frozen for 13 s, open load",
        agents::stopped_for_13_s,
    ),
    case(
        "agent-stopped-30s",
        "an agent is frozen for 30 s, open load",
        agents::stopped_for_30_s,
    ),
    case(
        "agent-stopped-users",
        "an agent is frozen for 20 s, 30 users",
        agents::stopped_with_users,
    ),
    case(
        "agent-killed",
        "an agent is killed and started again after 2 s",
        agents::killed,
    ),
    case(
        "orphans-agent-killed",
        "an agent is killed whose load test has children",
        agents::orphans_of_a_killed_agent,
    ),
    case(
        "orphans-at-end",
        "a load test ends that has children",
        agents::orphans_at_the_end,
    ),
    case(
        "stdout-closed",
        "the load tests close stdout midway",
        output::stdout_closed,
    ),
    case(
        "binary-noise",
        "binary noise without newlines between the writes of a load test",
        output::binary_noise,
    ),
    case(
        "agent-link-half-open",
        "an agent's connection to the scheduler is half open",
        links::half_open,
    ),
    case(
        "agent-link-black-hole",
        "an agent does not reach the scheduler for 6 s",
        links::black_hole,
    ),
    case(
        "scheduler-dead",
        "the scheduler is killed and away for longer than a lease",
        links::scheduler_dead,
    ),
    case(
        "load-test-frozen",
        "the load tests freeze for good",
        links::load_test_frozen,
    ),
    case(
        "collector-slow",
        "the collector is away for 40 s, then takes 1 KB/s",
        links::collector_slow,
    ),
    case(
        "crash-points-collector",
        "the collector dies at one write or sync after the other",
        crash_points::of_the_collector,
    ),
    case(
        "crash-points-agent",
        "an agent dies at one write or sync after the other",
        crash_points::of_an_agent,
    ),
    case(
        "scheduler-memory",
        "20,000/s for 200 s without raw rows, one agent",
        memory::of_the_scheduler,
    ),
];

const fn case(name: &'static str, about: &'static str, run: CaseFunction) -> ChaosCase {
    ChaosCase { name, about, run }
}

type CaseFunction = fn(&CaseOptions, &mut CaseReport) -> anyhow::Result<()>;

impl CaseOptions {
    /// All parts, running, with this many agents.
    ///
    /// # Errors
    /// When one does not start.
    fn arena(&self, store: StoreKind, agents: usize) -> anyhow::Result<Arena> {
        Arena::start(ArenaOptions {
            store,
            bin_dir: self.bin_dir.clone(),
            disk_bytes: None,
            agents,
        })
    }
}

/// The lease of an agent, and what may be under way at its end.
const LEASE_MS: u64 = 10_200;

/// How long after an instant the last request arrived, in ms; 0 if none did.
fn last_after_ms(arrivals: &[u64], from_ns: u64) -> u64 {
    let last = arrivals.last().copied().unwrap_or(0);
    last.saturating_sub(from_ns) / 1_000_000
}

/// Pauses the case while the load goes on.
fn let_pass(seconds: f64) {
    std::thread::sleep(Duration::from_secs_f64(seconds));
}

impl ChaosCase {
    /// The case of a name.
    #[must_use]
    pub fn find(name: &str) -> Option<&'static Self> {
        CASES.iter().find(|case| case.name == name)
    }

    /// Runs it, prints what it expects and sees, and returns whether everything was as expected. A case that could not be
    /// carried out to its end is not.
    ///
    /// # Errors
    /// When its outcome cannot be printed.
    pub fn run(&self, options: &CaseOptions) -> io::Result<bool> {
        writeln!(io::stdout(), "case {}: {}", self.name, self.about)?;
        let mut report = CaseReport::default();
        if let Err(error) = (self.run)(options, &mut report) {
            report.expect("the case can be carried out", false, format_args!("{error:#}"));
        }
        let outcome = if report.is_right() {
            "as expected"
        } else {
            "NOT as expected"
        };
        writeln!(io::stdout(), "case {}: {outcome}", self.name)?;
        Ok(report.is_right())
    }
}
