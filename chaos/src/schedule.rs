//! The schedule of a chaos run: which jobs, and which faults at which instants of each. It follows from the seed alone.

use std::fmt;
use std::time::Duration;

use heavy_testkit::ProxyFault;

use crate::random::SeededRandom;

/// How many agents there are.
pub const AGENTS: usize = 3;

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
    /// SIGKILL; the part is started again after the fault's length. An agent starts its load test again by itself.
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

/// An agent starts its load test again only a few times, so that the deaths of a job go round.
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
        match self.kind {
            FaultKind::Kill(part) => write!(f, "kill -9 {part}"),
            FaultKind::Stop(part) => write!(f, "stop {part}"),
            FaultKind::Link(link, fault) => write!(f, "{fault:?} from {link}"),
            FaultKind::DiskFull => f.write_str("disk full"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn jobs(seed: u64, store: StoreKind) -> Vec<PlannedJob> {
        (0..80)
            .map(|number| PlannedJob::new(seed, number, store, &[]))
            .collect()
    }

    #[test]
    fn a_seed_gives_one_schedule() {
        for store in [StoreKind::Postgres, StoreKind::Sqlite] {
            assert_eq!(jobs(1, store), jobs(1, store));
            assert_ne!(jobs(1, store), jobs(2, store));
        }
        assert_ne!(jobs(1, StoreKind::Postgres), jobs(1, StoreKind::Sqlite));
    }

    #[test]
    fn twenty_minutes_have_enough_of_each_fault() {
        for (store, parts) in [(StoreKind::Postgres, 5), (StoreKind::Sqlite, 4)] {
            let (mut kills, mut others) = (BTreeMap::new(), 0);
            for fault in jobs(7, store).into_iter().flat_map(|job| job.faults) {
                match fault.kind {
                    FaultKind::Kill(part) => *kills.entry(part.name()).or_insert(0) += 1,
                    _ => others += 1,
                }
            }
            assert_eq!(kills.len(), parts, "{kills:?}");
            assert!(kills.values().all(|count| *count >= 20), "{kills:?}");
            assert!(
                kills.values().sum::<i32>() >= 180 && others >= 60,
                "{kills:?} {others}"
            );
        }
    }

    #[test]
    fn faults_happen_to_the_parts_that_are_wanted() {
        let parts = ["agent".to_owned(), "disk".to_owned()];
        for number in 0..20 {
            let job = PlannedJob::new(5, number, StoreKind::Sqlite, &parts);
            let wanted = |fault: &PlannedFault| parts.iter().any(|part| part == fault.kind.part());
            assert!(job.faults.len() >= 4 && job.faults.iter().all(wanted), "{job:?}");
        }
        let none = PlannedJob::new(5, 0, StoreKind::Sqlite, &["database".to_owned()]);
        assert!(none.faults.is_empty(), "{none:?}");
    }

    #[test]
    fn faults_lie_within_the_load() {
        for job in jobs(3, StoreKind::Postgres) {
            let load = Duration::from_secs(job.duration_s);
            assert!(job.faults.iter().all(|fault| fault.at < load));
            assert!(job.faults.is_sorted_by_key(|fault| fault.at));
        }
    }
}
