//! A host with an agent: its clocks, its disk, the agent's process, its load test, and the supervisor that outlives the agent.

mod clocks;
mod leasing;
mod living;
mod orders;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::rc::Rc;

use heavy_agent::simulation::{
    AgentLease, AgentShare, MemoryDisk, SharedDisk, SimulatedSupervisor, leave_host, make_directories,
    recover, set_host,
};
use heavy_proto::v1::Assign;

use crate::control::LineId;
use crate::courier::Courier;
use crate::dice::Dice;
use crate::facts::{Attempt, BEGINNING_WALL_NS, Ledger, id_of};
use crate::link::AgentLink;
use crate::load_test::LoadTest;
use crate::network::SessionId;

/// How long a lease lasts: less than the longest faults.
pub(crate) const LEASE_NS: u64 = 1_500_000_000;

/// How long a load test may go on without its agent.
const DRAIN_NS: u64 = 700_000_000;

/// What ends a process, or more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Death {
    Agent,
    AgentAndSupervisor,
    Power,
}

/// An agent process.
#[derive(Debug)]
pub(crate) struct AgentProcess {
    /// Which of its host's.
    pub(crate) number: u32,
    pub(crate) lease: AgentLease,
    pub(crate) link: AgentLink,
    /// An assignment that it will prepare.
    pub(crate) assigned: Option<Assign>,
    pub(crate) share: Option<AgentShare>,
    pub(crate) couriers: Vec<Courier>,
}

#[derive(Debug)]
pub(crate) struct Host {
    pub(crate) name: String,
    pub(crate) root: PathBuf,
    pub(crate) disk: SharedDisk,
    /// What the monotonic clock of this boot is ahead of the time of the simulation; it may be behind.
    ahead_ns: i64,
    /// How long the host was suspended since it was booted.
    suspended_ns: i64,
    /// Until when nothing runs.
    pub(crate) frozen_until_ns: u64,
    pub(crate) process: Option<AgentProcess>,
    /// The newest load test, and its attempt.
    pub(crate) load_test: Option<(Attempt, LoadTest)>,
    /// When a supervisor kills a load test that has no agent.
    supervision: Option<u64>,
    /// What load tests wrote, by attempt.
    pub(crate) ledgers: BTreeMap<Attempt, Ledger>,
    /// Attempts of which something may be missing: unsynced when the power failed, or in a pipe that nobody held.
    pub(crate) lossy: BTreeSet<Attempt>,
    pub(crate) was_full: bool,
    /// What is about to happen, while it changes its disk.
    pub(crate) dies: Option<Death>,
    pub(crate) limit_bytes: u64,
    /// Agent processes that there were.
    processes: u32,
    /// When the newest attempt starts, on the monotonic clock, once it knows.
    pub(crate) start_monotonic_ns: Option<u64>,
    /// What the agent waits for of its load test, and whether it knows that its lease is over.
    cleans_up: bool,
    ends: bool,
    has_exited: bool,
    is_lease_lost: bool,
    /// When the agent's lease was renewed by the clock of the boot, and whether it was over since the assignment.
    renewed_ns: u64,
    has_lapsed: bool,
}

impl Host {
    pub(crate) fn new(place: usize, dice: &mut Dice) -> Self {
        let root = PathBuf::from("/agent");
        let mut disk = MemoryDisk::default();
        make_directories(&mut disk, &root);
        Self {
            name: format!("a{place}"),
            root,
            disk: Rc::new(RefCell::new(disk)),
            ahead_ns: i64::try_from(dice.below(1_000_000_000_000)).expect("a small number"),
            suspended_ns: 0,
            frozen_until_ns: 0,
            process: None,
            load_test: None,
            supervision: None,
            ledgers: BTreeMap::new(),
            lossy: BTreeSet::new(),
            was_full: false,
            dies: None,
            limit_bytes: u64::MAX,
            processes: 0,
            start_monotonic_ns: None,
            cleans_up: false,
            ends: false,
            has_exited: false,
            is_lease_lost: false,
            renewed_ns: 0,
            has_lapsed: false,
        }
    }

    /// Makes this host that of the thread, and prepares its death if it is to come.
    pub(crate) fn enter(&self, now_ns: u64, dice: &mut Dice) {
        if self.dies.is_some() {
            self.disk
                .borrow_mut()
                .die_at(dice.between(1, 8), dice.below(1100));
        }
        set_host(&self.disk, self.monotonic_ns(now_ns));
    }

    /// The end of what [`Self::enter`] began; returns whether what was done has effects outside of the host.
    pub(crate) fn leave(&mut self, now_ns: u64, dice: &mut Dice) -> bool {
        let Some(death) = self.dies.take() else {
            leave_host();
            return true;
        };
        // The process goes on for the simulation until it is dropped.
        self.process = None;
        leave_host();
        let died_then = self.disk.borrow_mut().bury();
        self.die(death, now_ns, dice);
        !died_then && dice.one_in(2)
    }

    fn die(&mut self, death: Death, now_ns: u64, dice: &mut Dice) {
        let attempt = self.load_test.as_ref().map(|(attempt, _)| *attempt);
        if self.was_full {
            self.lossy.extend(attempt);
        }
        match death {
            Death::Agent => {
                if self.supervision.is_none() && attempt.is_some() {
                    self.supervision = Some(now_ns + DRAIN_NS);
                }
                return;
            }
            Death::AgentAndSupervisor => {}
            Death::Power => {
                self.disk.borrow_mut().fail_power(|limit| dice.below(limit));
                self.ahead_ns = 30_000_000_000 - i64::try_from(now_ns).expect("a small number");
                self.suspended_ns = 0;
                self.lossy.extend(self.ledgers.keys());
            }
        }
        self.lossy.extend(attempt);
        self.supervision = None;
        if let Some((attempt, mut load_test)) = self.load_test.take() {
            load_test.kill(dice);
            self.ledgers.insert(attempt, load_test.ledger);
        }
    }

    pub(crate) const fn is_supervised(&self) -> bool {
        self.supervision.is_some()
    }

    /// Its disk is full, or not any more.
    pub(crate) fn set_full(&mut self, is_full: bool) {
        self.was_full |= is_full;
        self.disk.borrow_mut().set_full(is_full);
    }

    /// A new process completes what earlier ones left.
    pub(crate) fn restart(&mut self) {
        let couriers = recover(&self.root, self.limit_bytes)
            .into_iter()
            .map(Courier::new)
            .collect();
        self.processes += 1;
        self.renewed_ns = 0;
        self.process = Some(AgentProcess {
            number: self.processes,
            lease: AgentLease::new(LEASE_NS),
            link: AgentLink::default(),
            assigned: None,
            share: None,
            couriers,
        });
    }

    /// The supervisor of a load test without agent reads the rest of the output.
    pub(crate) fn supervise(&mut self, now_ns: u64, dice: &mut Dice) {
        if self.dies == Some(Death::Agent) {
            self.dies = Some(Death::AgentAndSupervisor);
        }
        let Some((attempt, load_test)) = &mut self.load_test else {
            self.supervision = None;
            return;
        };
        if self.supervision.is_none_or(|kills_ns| now_ns < kills_ns) && !dice.one_in(4) {
            return;
        }
        load_test.kill(dice);
        if self.was_full {
            self.lossy.insert(*attempt);
        }
        let job = id_of(attempt.job);
        if let Some(mut supervisor) = SimulatedSupervisor::take_over(&self.root, &job, attempt.epoch) {
            for piece in load_test.pipe.chunks(dice.between(50, 900) as usize) {
                supervisor.append(piece);
            }
            supervisor.ended();
        }
        if self.dies.is_none() {
            self.supervision = None;
            self.put_ledger_away();
        }
    }

    /// The load test is over.
    pub(crate) fn put_ledger_away(&mut self) {
        if let Some((attempt, load_test)) = self.load_test.take() {
            self.ledgers.insert(attempt, load_test.ledger);
        }
    }

    /// The wall time at the beginning of the monotonic clock.
    pub(crate) fn wall_ns(&self, now_ns: u64) -> u64 {
        BEGINNING_WALL_NS + now_ns - self.monotonic_ns(now_ns)
    }

    /// The agent reads what is in the pipe, or some of it.
    pub(crate) fn read(&mut self, dice: &mut Dice) -> usize {
        let (Some(process), Some((_, load_test))) = (&mut self.process, &mut self.load_test) else {
            return 0;
        };
        let Some(share) = process.share.as_mut().filter(|_| !load_test.pipe.is_empty()) else {
            return 0;
        };
        let most = load_test.pipe.len();
        let bytes = if dice.one_in(3) {
            dice.place(most) + 1
        } else {
            most
        };
        share.read(&load_test.pipe[..bytes], bytes == most);
        // An agent that dies may not have taken it out of the pipe.
        if self.dies.is_none() {
            load_test.pipe.drain(..bytes);
        }
        bytes
    }

    /// An agent that died while it read: whether the pipe still holds that. It does unless the journal has all of it.
    pub(crate) fn read_before_death(&mut self, bytes: usize) {
        if let Some((_, load_test)) = &mut self.load_test {
            load_test.pipe.drain(..bytes.min(load_test.pipe.len()));
        }
    }

    /// The agent's stream to the scheduler.
    pub(crate) fn line(&self) -> Option<LineId> {
        self.process.as_ref()?.link.line
    }

    /// The sessions of its deliveries.
    pub(crate) fn sessions(&self) -> Vec<SessionId> {
        let process = self.process.iter();
        process
            .flat_map(|process| process.couriers.iter().filter_map(Courier::session))
            .collect()
    }

    pub(crate) fn courier(&mut self, session: SessionId) -> Option<&mut Courier> {
        let mut couriers = self.process.as_mut()?.couriers.iter_mut();
        couriers.find(|courier| courier.session() == Some(session))
    }
}
