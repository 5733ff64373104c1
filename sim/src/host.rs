//! A host with an agent: its clocks, its disk, the agent's process, its load test, and the supervisor that outlives the agent.

mod clocks;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::PathBuf;
use std::rc::Rc;

use heavy_agent::simulation::{
    AgentLease, AgentShare, MemoryDisk, ShareEffect, ShareEvent, ShareTerms, SharedDisk, SimulatedSupervisor,
    leave_host, make_directories, recover, set_host,
};

use crate::courier::Courier;
use crate::dice::Dice;
use crate::facts::{BEGINNING_WALL_NS, Ledger};
use crate::load_test::LoadTest;
use crate::network::SessionId;

/// The job.
pub(crate) const JOB: &str = "019af000-0000-7000-8000-000000000001";

/// How long a lease lasts.
pub(crate) const LEASE_NS: u64 = 10_000_000_000;

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
    pub(crate) lease: AgentLease,
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
    pub(crate) load_test: Option<(u32, LoadTest)>,
    /// When a supervisor kills a load test that has no agent.
    supervision: Option<u64>,
    /// What load tests wrote, by attempt.
    pub(crate) ledgers: BTreeMap<u32, Ledger>,
    /// Attempts of which something may be missing: unsynced when the power failed, or in a pipe that nobody held.
    pub(crate) lossy: BTreeSet<u32>,
    pub(crate) was_full: bool,
    /// What is about to happen, while it changes its disk.
    pub(crate) dies: Option<Death>,
    pub(crate) limit_bytes: u64,
    /// The newest attempt, and when its job starts: in the time of the simulation, and on the monotonic clock once it knows.
    pub(crate) epoch: u32,
    pub(crate) start_ns: u64,
    pub(crate) start_monotonic_ns: Option<u64>,
    /// What the agent waits for of its load test, and whether it knows that its lease is over.
    cleans_up: bool,
    ends: bool,
    has_exited: bool,
    is_lease_lost: bool,
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
            epoch: 0,
            start_ns: 0,
            start_monotonic_ns: None,
            cleans_up: false,
            ends: false,
            has_exited: false,
            is_lease_lost: false,
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
        let epoch = self.load_test.as_ref().map(|(epoch, _)| *epoch);
        if self.was_full {
            self.lossy.extend(epoch);
        }
        match death {
            Death::Agent => {
                if self.supervision.is_none() && epoch.is_some() {
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
        self.lossy.extend(epoch);
        self.supervision = None;
        if let Some((epoch, mut load_test)) = self.load_test.take() {
            load_test.kill(dice);
            self.ledgers.insert(epoch, load_test.ledger);
        }
    }

    pub(crate) const fn is_supervised(&self) -> bool {
        self.supervision.is_some()
    }

    /// A new process completes what earlier ones left.
    pub(crate) fn restart(&mut self) {
        let couriers = recover(&self.root, self.limit_bytes)
            .into_iter()
            .map(Courier::new)
            .collect();
        self.process = Some(AgentProcess {
            lease: AgentLease::new(LEASE_NS),
            share: None,
            couriers,
        });
    }

    /// The supervisor of a load test without agent reads the rest of the output.
    pub(crate) fn supervise(&mut self, now_ns: u64, dice: &mut Dice) {
        if self.dies == Some(Death::Agent) {
            self.dies = Some(Death::AgentAndSupervisor);
        }
        let Some((epoch, load_test)) = &mut self.load_test else {
            self.supervision = None;
            return;
        };
        if self.supervision.is_none_or(|kills_ns| now_ns < kills_ns) && !dice.one_in(4) {
            return;
        }
        load_test.kill(dice);
        if self.was_full {
            self.lossy.insert(*epoch);
        }
        if let Some(mut supervisor) = SimulatedSupervisor::take_over(&self.root, JOB, *epoch) {
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
        if let Some((epoch, load_test)) = self.load_test.take() {
            self.ledgers.insert(epoch, load_test.ledger);
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

    /// The agent takes an assignment and starts a load test.
    pub(crate) fn prepare(&mut self, terms: ShareTerms) -> io::Result<()> {
        let epoch = terms.epoch;
        if let Some(process) = &mut self.process {
            process.share = Some(AgentShare::prepare(&self.root, terms, &process.lease)?);
            (self.cleans_up, self.ends, self.has_exited, self.is_lease_lost) = (false, false, false, false);
            self.put_ledger_away();
            self.load_test = Some((epoch, LoadTest::new()));
        }
        Ok(())
    }

    /// Something happens to the agent's share; what its scheduler hears is returned.
    pub(crate) fn on(&mut self, event: ShareEvent, dice: &mut Dice) -> io::Result<Vec<ShareEffect>> {
        let share = self.process.as_mut().and_then(|process| process.share.as_mut());
        let Some(share) = share else {
            return Ok(Vec::new());
        };
        let effects = share.on(event)?;
        Ok(self.carry_out(effects, dice))
    }

    /// What follows for the load test and the deliveries; what the agent's scheduler hears is returned.
    fn carry_out(&mut self, effects: Vec<ShareEffect>, dice: &mut Dice) -> Vec<ShareEffect> {
        let mut reports = Vec::new();
        for effect in effects {
            match effect {
                ShareEffect::Deliver(delivery) => {
                    if let Some(process) = &mut self.process {
                        process.couriers.push(Courier::new(*delivery));
                    }
                }
                ShareEffect::StopLoadTest(_) => {
                    if let Some((_, load_test)) = &mut self.load_test {
                        load_test.stop();
                    }
                }
                ShareEffect::CleanUp => self.cleans_up = true,
                ShareEffect::EndLoadTest => {
                    self.ends = true;
                    if let Some((_, load_test)) = &mut self.load_test {
                        load_test.kill(dice);
                    }
                }
                ShareEffect::Report(_) | ShareEffect::Fail => reports.push(effect),
                ShareEffect::Over => {
                    self.put_ledger_away();
                    if let Some(process) = &mut self.process {
                        process.share = None;
                    }
                }
            }
        }
        reports
    }

    /// What has happened to the share by itself, if anything.
    pub(crate) fn happened(&mut self, now_ns: u64) -> Option<ShareEvent> {
        let boot_ns = self.boot_ns(now_ns);
        let share = self.process.as_ref()?.share.as_ref()?;
        let (_, load_test) = self.load_test.as_ref()?;
        if self.ends {
            let exits = load_test.pipe.is_empty() && !self.has_exited;
            self.has_exited |= exits;
            return exits.then_some(ShareEvent::Exited);
        }
        if !load_test.is_alive {
            return Some(ShareEvent::Died);
        }
        if share.is_lease_lost(boot_ns) && !self.is_lease_lost {
            self.is_lease_lost = true;
            return Some(ShareEvent::LeaseLost);
        }
        if std::mem::take(&mut self.cleans_up) {
            return Some(ShareEvent::CleanedUp);
        }
        if load_test.has_stopped() {
            return Some(ShareEvent::Stopped);
        }
        share.is_all_due().then_some(ShareEvent::AllDue)
    }
}
