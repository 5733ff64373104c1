//! The schedule of a chaos run: which jobs, and which faults at which instants of each. It follows from the seed alone.

use std::fmt;
use std::time::Duration;

use heavy_testkit::ProxyFault;

use crate::random::SeededRandom;

/// How many agents there are.
pub const AGENTS: usize = 3;

/// The names of all parts that faults happen to.
pub const PARTS: [&str; 6] = ["scheduler", "collector", "agent", "load-test", "database", "disk"];

/// The first fault of a job, after its load has begun.
const FIRST_FAULT_MS: u64 = 800;
/// The last fault begins this long before the end of the load.
const LAST_FAULT_MS: u64 = 1_200;

/// How often a fault is drawn before there is none of the wanted parts.
const DRAWS: u32 = 200;

/// The results database of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreKind {
    /// A cluster of its own.
    Postgres,
    /// A file on a tmpfs.
    Sqlite,
}

impl StoreKind {
    /// Whether a part of this name ([`FaultKind::part`]) is beside such a store: SQLite has no server, and the disk of Postgres is
    /// nobody else's.
    #[must_use]
    pub fn has(self, part: &str) -> bool {
        match self {
            Self::Postgres => part != "disk",
            Self::Sqlite => part != "database",
        }
    }
}

/// A part of heavy that faults happen to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FaultPart {
    /// The scheduler.
    Scheduler,
    /// The collector.
    Collector,
    /// An agent.
    Agent(usize),
    /// The load test of an agent.
    LoadTest(usize),
    /// The database server.
    Database,
}

/// A connection between parts that a proxy is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FaultLink {
    /// Of an agent to the scheduler.
    AgentScheduler(usize),
    /// Of an agent to the collector.
    AgentCollector(usize),
    /// Of the scheduler to Postgres.
    SchedulerDatabase,
    /// Of the collector to Postgres.
    CollectorDatabase,
}

/// What happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// SIGKILL; the part is started again after the fault's length. With its load test, an agent loses its part of the job.
    Kill(FaultPart),
    /// SIGSTOP, and SIGCONT after the fault's length.
    Stop(FaultPart),
    /// The proxy does this for the fault's length.
    Link(FaultLink, ProxyFault),
    /// The disk of the database is full for the fault's length.
    DiskFull,
}

/// A fault of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlannedFault {
    /// After the first request of the job.
    pub at: Duration,
    /// How long it lasts.
    pub length: Duration,
    /// What it is.
    pub kind: FaultKind,
}

/// A job of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedJob {
    /// From 0.
    pub number: u64,
    /// How long it makes load, in seconds.
    pub duration_s: u64,
    /// Whether users start its iterations, instead of a rate.
    pub has_users: bool,
    /// Its faults, in their order.
    pub faults: Vec<PlannedFault>,
}

impl PlannedJob {
    /// The job of this number. With `parts`, faults happen only to parts of these names ([`FaultKind::part`]).
    #[must_use]
    pub fn new(seed: u64, number: u64, store: StoreKind, parts: &[String]) -> Self {
        let mut random = SeededRandom::new(seed, number);
        let duration_s = random.between(9, 13);
        let span_ms = duration_s * 1_000 - FIRST_FAULT_MS - LAST_FAULT_MS;
        let count = random.between(4, 5);
        let slot_ms = span_ms / count;
        let mut faults = Vec::new();
        for slot in 0..count {
            let at_ms = FIRST_FAULT_MS + slot * slot_ms + random.below(slot_ms / 3);
            let draw = |_| {
                let kind = draw(&mut random, slot, slot == count - 1, store);
                let wanted = parts.is_empty() || parts.iter().any(|part| part == kind.part());
                wanted.then_some(kind)
            };
            let Some(kind) = (0..DRAWS).find_map(draw) else {
                continue;
            };
            let longest_ms = if matches!(kind, FaultKind::Kill(_)) {
                900
            } else {
                1_500
            };
            faults.push(PlannedFault {
                at: Duration::from_millis(at_ms),
                length: Duration::from_millis(random.between(100, longest_ms)),
                kind,
            });
        }
        Self {
            number,
            duration_s,
            has_users: random.one_in(4),
            faults,
        }
    }
}

fn draw(random: &mut SeededRandom, slot: u64, is_last: bool, store: StoreKind) -> FaultKind {
    // The death of the scheduler ends the job, so nothing follows it.
    if is_last && random.one_in(2) {
        FaultKind::Kill(FaultPart::Scheduler)
    } else if random.below(10) < 7 {
        FaultKind::Kill(killed(random, slot, store))
    } else {
        other(random, store)
    }
}

/// The death of a load test ends its agent's part of the job, so that the deaths of a job go round.
fn killed(random: &mut SeededRandom, slot: u64, store: StoreKind) -> FaultPart {
    let agent = usize::try_from(slot).unwrap_or(0) % AGENTS;
    let parts: &[FaultPart] = match store {
        StoreKind::Postgres => &[
            FaultPart::Collector,
            FaultPart::Agent(agent),
            FaultPart::LoadTest(agent),
            FaultPart::Database,
        ],
        StoreKind::Sqlite => &[
            FaultPart::Collector,
            FaultPart::Agent(agent),
            FaultPart::LoadTest(agent),
        ],
    };
    *random.pick(parts)
}

fn other(random: &mut SeededRandom, store: StoreKind) -> FaultKind {
    let agent = usize::try_from(random.below(AGENTS as u64)).unwrap_or(0);
    let stopped = [
        FaultPart::Scheduler,
        FaultPart::Collector,
        FaultPart::Agent(agent),
        FaultPart::LoadTest(agent),
        FaultPart::Database,
    ];
    let links = [
        FaultLink::AgentScheduler(agent),
        FaultLink::AgentCollector(agent),
        FaultLink::SchedulerDatabase,
        FaultLink::CollectorDatabase,
    ];
    let faults = [
        ProxyFault::BlackHole,
        ProxyFault::Reset,
        ProxyFault::Delay(Duration::from_millis(random.between(20, 400))),
        ProxyFault::Throttle(random.between(1_000, 200_000)),
        ProxyFault::HalfOpen,
    ];
    let (stopped, links) = match store {
        StoreKind::Postgres => (&stopped[..], &links[..]),
        StoreKind::Sqlite => (&stopped[..4], &links[..2]),
    };
    match random.below(5) {
        0 | 1 => FaultKind::Stop(*random.pick(stopped)),
        2 if store == StoreKind::Sqlite => FaultKind::DiskFull,
        _ => FaultKind::Link(*random.pick(links), *random.pick(&faults)),
    }
}

impl fmt::Display for FaultPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scheduler => f.write_str("scheduler"),
            Self::Collector => f.write_str("collector"),
            Self::Agent(n) => write!(f, "agent a{n}"),
            Self::LoadTest(n) => write!(f, "load test of a{n}"),
            Self::Database => f.write_str("database"),
        }
    }
}

impl FaultPart {
    /// What it is counted as.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Scheduler => "scheduler",
            Self::Collector => "collector",
            Self::Agent(_) => "agent",
            Self::LoadTest(_) => "load-test",
            Self::Database => "database",
        }
    }
}

impl FaultKind {
    /// The name of the part that it happens to; of a connection, the part that opens it.
    #[must_use]
    pub const fn part(self) -> &'static str {
        match self {
            Self::Kill(part) | Self::Stop(part) => part.name(),
            Self::Link(FaultLink::AgentScheduler(_) | FaultLink::AgentCollector(_), _) => "agent",
            Self::Link(FaultLink::SchedulerDatabase, _) => "scheduler",
            Self::Link(FaultLink::CollectorDatabase, _) => "collector",
            Self::DiskFull => "disk",
        }
    }
}

impl fmt::Display for FaultLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AgentScheduler(n) => write!(f, "a{n} to scheduler"),
            Self::AgentCollector(n) => write!(f, "a{n} to collector"),
            Self::SchedulerDatabase => f.write_str("scheduler to database"),
            Self::CollectorDatabase => f.write_str("collector to database"),
        }
    }
}

impl fmt::Display for PlannedFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:>6} ms +{:<5} ",
            self.at.as_millis(),
            self.length.as_millis()
        )?;
        self.kind.fmt(f)
    }
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kill(part) => write!(f, "kill -9 {part}"),
            Self::Stop(part) => write!(f, "stop {part}"),
            Self::Link(link, fault) => write!(f, "{fault:?} from {link}"),
            Self::DiskFull => f.write_str("disk full"),
        }
    }
}

#[cfg(test)]
mod tests;
