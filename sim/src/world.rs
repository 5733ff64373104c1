//! Everything that is simulated, and what happens in it, step by step.

use heavy_sched::simulation::SimulatedScheduler;

use crate::collector::{Collector, Planted};
use crate::control::{ControlLine, LineId};
use crate::dice::Dice;
use crate::facts::BEGINNING_WALL_NS;
use crate::faults::{self, Fault};
use crate::host::{Host, LEASE_NS};
use crate::network::{Network, SessionId, Weather};
use crate::releases::Releases;
use crate::settling::SettledJob;

/// How long simulated time goes on in a step, at most.
const MOST_STEP_NS: u64 = 12_000_000;

/// The same while only limits of the scheduler are awaited.
const MOST_QUIET_NS: u64 = 400_000_000;

/// Steps after the last fault within which everything must come to its end.
const MOST_LAST_STEPS: u64 = 20_000;

#[derive(Debug)]
pub(crate) struct World {
    pub(crate) dice: Dice,
    pub(crate) now_ns: u64,
    pub(crate) steps: u64,
    pub(crate) faults: u64,
    pub(crate) hosts: Vec<Host>,
    pub(crate) collector: Collector,
    pub(crate) network: Network,
    pub(crate) next_session: SessionId,
    pub(crate) planted: Planted,
    pub(crate) scheduler: SimulatedScheduler,
    pub(crate) lines: Vec<ControlLine>,
    pub(crate) next_line: LineId,
    pub(crate) looks_ns: u64,
    /// Jobs that were submitted, and those that have ended.
    pub(crate) jobs: u32,
    pub(crate) settled: Vec<SettledJob>,
    pub(crate) releases: Releases,
    /// When what is wrong with the world ends: the storm, the database, each agent's way to the scheduler, each disk.
    storm_until_ns: u64,
    pub(crate) away_until_ns: u64,
    pub(crate) cut_off_until_ns: Vec<u64>,
    full_until_ns: Vec<u64>,
    /// Steps to the next fault; none any more in the end.
    pub(crate) next_fault: Option<u64>,
    /// Whether steps are told as they happen.
    pub(crate) log: Option<Vec<String>>,
    /// What happened, as a number.
    pub(crate) digest: u64,
}

/// What is wrong, and in which step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Violation {
    pub(crate) step: u64,
    pub(crate) what: String,
}

/// Notes what happens, if somebody wants to know.
macro_rules! tell {
    ($world:expr, $($what:tt)*) => {
        if $world.log.is_some() {
            let what = format!($($what)*);
            $world.told(&what);
        }
    };
}

pub(crate) use tell;

impl World {
    pub(crate) fn new(seed: u64, planted: Planted, hosts: usize) -> Self {
        let mut dice = Dice::new(seed);
        let hosts: Vec<Host> = (0..hosts).map(|place| Host::new(place, &mut dice)).collect();
        Self {
            full_until_ns: vec![0; hosts.len()],
            cut_off_until_ns: vec![0; hosts.len()],
            next_fault: Some(dice.between(20, 200)),
            now_ns: 0,
            steps: 0,
            faults: 0,
            hosts,
            collector: Collector::new(planted),
            network: Network::new(),
            next_session: 0,
            planted,
            storm_until_ns: 0,
            away_until_ns: 0,
            scheduler: SimulatedScheduler::new(BEGINNING_WALL_NS, LEASE_NS),
            lines: Vec::new(),
            next_line: 0,
            looks_ns: 0,
            jobs: 0,
            settled: Vec::new(),
            releases: Releases::default(),
            log: None,
            digest: 0,
            dice,
        }
    }

    pub(crate) fn told(&mut self, what: &str) {
        let (step, ms) = (self.steps, self.now_ns / 1_000_000);
        if let Some(log) = &mut self.log {
            log.push(format!("step {step} at {ms} ms: {what}"));
        }
    }

    /// Runs `steps` steps with faults, and then to the end without.
    pub(crate) fn run(&mut self, steps: u64) -> Result<(), Violation> {
        while self.steps < steps {
            self.step().map_err(|what| self.violation(what))?;
        }
        tell!(self, "no more faults");
        self.next_fault = None;
        let last = self.steps + MOST_LAST_STEPS;
        while !self.is_over() {
            if self.steps > last {
                return Err(self.violation("it does not end: something is stuck".to_owned()));
            }
            self.step().map_err(|what| self.violation(what))?;
        }
        self.judge().map_err(|what| self.violation(what))
    }

    fn violation(&self, what: String) -> Violation {
        Violation {
            step: self.steps,
            what,
        }
    }

    fn step(&mut self) -> Result<(), String> {
        self.steps += 1;
        let is_quiet = self.next_fault.is_none() && self.hosts.iter().all(Host::is_idle);
        let most_ns = if is_quiet { MOST_QUIET_NS } else { MOST_STEP_NS };
        self.now_ns += self.dice.below(most_ns);
        self.digest = self.digest.rotate_left(5) ^ self.now_ns;
        self.weather();
        if let Some(left) = &mut self.next_fault {
            *left -= 1;
            if *left == 0 {
                self.next_fault = Some(self.dice.between(20, 250));
                let fault = Fault::any(&mut self.dice, self.hosts.len());
                self.begin(fault);
            }
        }
        self.talk()?;
        match self.dice.below(16) {
            0..=9 => {
                let host = self.dice.place(self.hosts.len());
                self.host_step(host)
            }
            10..=11 => {
                if let Some((session, batch)) = self.network.batch(&mut self.dice) {
                    tell!(
                        self,
                        "the collector receives {} of session {session}",
                        batch.sequence
                    );
                    self.collector.receive(&mut self.network, session, batch);
                }
                Ok(())
            }
            12..=13 => self.commit(),
            14 => self.acknowledge(),
            _ => {
                self.break_torn();
                Ok(())
            }
        }
    }

    /// What was wrong for a while becomes good again.
    fn weather(&mut self) {
        let ends = self.next_fault.is_none();
        if ends || self.now_ns >= self.storm_until_ns {
            self.network.weather = Weather::default();
        }
        for (host, until_ns) in self.hosts.iter_mut().zip(&mut self.full_until_ns) {
            if *until_ns > 0 && (ends || self.now_ns >= *until_ns) {
                *until_ns = 0;
                host.set_full(false);
            }
        }
        if ends {
            self.away_until_ns = 0;
            self.cut_off_until_ns.fill(0);
        }
    }

    fn begin(&mut self, fault: Fault) {
        tell!(self, "fault: {fault:?}");
        self.faults += 1;
        match fault {
            Fault::Dies(host, death) => self.hosts[host].dies = Some(death),
            Fault::Freezes(host, for_ns) => self.hosts[host].freeze(self.now_ns, for_ns),
            Fault::IsSuspended(host, for_ns) => self.hosts[host].suspend(self.now_ns, for_ns),
            Fault::DiskFills(host, for_ns) => {
                self.full_until_ns[host] = self.now_ns + for_ns;
                self.hosts[host].set_full(true);
            }
            Fault::LoadTestDies(host) => {
                if let Some((_, load_test)) = &mut self.hosts[host].load_test {
                    load_test.kill(&mut self.dice);
                }
            }
            Fault::CollectorDies => {
                self.collector.die();
                self.break_all();
            }
            Fault::DatabaseLeaves(for_ns) => self.away_until_ns = self.now_ns + for_ns,
            Fault::Storm(for_ns) => {
                self.storm_until_ns = self.now_ns + for_ns;
                self.network.weather = faults::storm(&mut self.dice);
            }
            Fault::IsCutOff(host, for_ns) => self.cut_off_until_ns[host] = self.now_ns + for_ns,
            Fault::ClientStops(is_now) => self.scheduler.stop(self.now_ns, is_now),
            Fault::SessionsBreak => self.break_all(),
        }
    }

    fn acknowledge(&mut self) -> Result<(), String> {
        let Some((session, ack)) = self.network.ack(&mut self.dice) else {
            return Ok(());
        };
        tell!(
            self,
            "an agent hears {:?} of {} in session {session}",
            ack.outcome(),
            ack.sequence
        );
        let now_ns = self.now_ns;
        let mut hosts = self.hosts.iter_mut();
        let Some(host) = hosts.find(|host| host.sessions().contains(&session)) else {
            return Ok(());
        };
        if now_ns < host.frozen_until_ns {
            self.network.send_ack(session, ack);
            return Ok(());
        }
        self.collector.database.confirms(&ack)?;
        host.enter(now_ns, &mut self.dice);
        let heard = match host.courier(session) {
            Some(courier) => courier.acknowledged(&ack, now_ns),
            None => Ok(()),
        };
        host.leave(now_ns, &mut self.dice);
        heard
    }

    /// Sessions of which something was lost break, sooner or later.
    fn break_torn(&mut self) {
        if self.network.torn.is_empty() {
            return;
        }
        let place = self.dice.place(self.network.torn.len());
        let session = self.network.torn.swap_remove(place);
        tell!(self, "session {session} breaks");
        self.break_one(session);
    }

    pub(crate) fn break_all(&mut self) {
        let sessions: Vec<SessionId> = self.hosts.iter().flat_map(Host::sessions).collect();
        for session in sessions {
            self.break_one(session);
        }
    }

    fn break_one(&mut self, session: SessionId) {
        let now_ns = self.now_ns;
        for host in &mut self.hosts {
            if let Some(courier) = host.courier(session) {
                courier.break_off(&mut self.network, now_ns);
            }
        }
    }
}
