//! Faults of the parts of an arena: they begin, they end, and in the end everything runs again.

use anyhow::Context as _;
use heavy_testkit::{Postgres, ProxyFault, Signal};

use super::Arena;
use crate::processes;
use crate::schedule::{FaultKind, FaultPart};
use crate::service::FaultedService;

impl Arena {
    /// Begins a fault; returns whether there was something for it to happen to.
    ///
    /// # Errors
    /// When a disk cannot be filled.
    pub fn begin(&mut self, kind: FaultKind) -> anyhow::Result<bool> {
        match kind {
            FaultKind::Kill(FaultPart::LoadTest(n)) => return Ok(self.signal_load_tests(n, Signal::KILL)),
            FaultKind::Stop(FaultPart::LoadTest(n)) => return Ok(self.signal_load_tests(n, Signal::STOP)),
            FaultKind::Kill(FaultPart::Database)
                if self.postgres.as_ref().is_none_or(Postgres::is_killed) =>
            {
                return Ok(false);
            }
            FaultKind::Kill(FaultPart::Database) => self.with_postgres(Postgres::kill),
            FaultKind::Stop(FaultPart::Database) => {
                self.with_postgres(|postgres| postgres.signal(Signal::STOP))
            }
            FaultKind::Kill(part) => {
                let service = self.service(part);
                let was_alive = service.is_alive();
                service.kill();
                return Ok(was_alive);
            }
            FaultKind::Stop(part) => {
                let service = self.service(part);
                service.stop();
                return Ok(service.is_alive());
            }
            FaultKind::Link(link, fault) => self.proxy(link).set(fault),
            FaultKind::DiskFull => {
                let disk = self
                    .disk
                    .as_ref()
                    .context("the database has no disk of its own")?;
                disk.fill()?;
            }
        }
        Ok(true)
    }

    /// Ends a fault, without waiting until the part is ready.
    ///
    /// # Errors
    /// When a part cannot be started.
    pub fn end(&mut self, kind: FaultKind) -> anyhow::Result<()> {
        match kind {
            FaultKind::Kill(FaultPart::LoadTest(_)) => {}
            FaultKind::Stop(FaultPart::LoadTest(n)) => {
                self.signal_load_tests(n, Signal::CONT);
            }
            FaultKind::Kill(FaultPart::Database) => self.with_postgres(|postgres| {
                if postgres.is_killed() {
                    postgres.start_again();
                }
            }),
            FaultKind::Stop(FaultPart::Database) => {
                self.with_postgres(|postgres| postgres.signal(Signal::CONT))
            }
            FaultKind::Kill(part) => self.service(part).spawn()?,
            FaultKind::Stop(part) => self.service(part).go_on(),
            FaultKind::Link(link, _) => self.proxy(link).set(ProxyFault::None),
            FaultKind::DiskFull => {
                if let Some(disk) = &self.disk {
                    disk.free();
                }
            }
        }
        Ok(())
    }

    /// Ends all faults and starts everything that does not run; returns which parts have ended by themselves since the last
    /// time, and how.
    ///
    /// # Errors
    /// When a part does not start.
    pub fn heal(&mut self) -> anyhow::Result<Vec<String>> {
        for proxy in self.proxies.values() {
            proxy.heal();
        }
        self.end(FaultKind::DiskFull)?;
        self.end(FaultKind::Kill(FaultPart::Database))?;
        self.end(FaultKind::Stop(FaultPart::Database))?;
        let mut ended = Vec::new();
        for part in self.parts() {
            if let FaultPart::Agent(n) = part {
                self.signal_load_tests(n, Signal::CONT);
            }
            let service = self.service(part);
            service.go_on();
            let ends = service.take_ends();
            ended.extend(ends.iter().map(|end| format!("{part} ended by itself ({end})")));
            service.spawn()?;
        }
        Ok(ended)
    }

    /// The parts that have panicked, by their logs.
    pub fn panicked(&mut self) -> Vec<String> {
        let mut parts = self.parts();
        parts.retain(|part| self.service(*part).log().contains("panicked at"));
        parts.iter().map(ToString::to_string).collect()
    }

    fn parts(&self) -> Vec<FaultPart> {
        let agents = (0..self.agents.len()).map(FaultPart::Agent);
        [FaultPart::Scheduler, FaultPart::Collector]
            .into_iter()
            .chain(agents)
            .collect()
    }

    fn service(&mut self, part: FaultPart) -> &mut FaultedService {
        match part {
            FaultPart::Scheduler => &mut self.scheduler,
            FaultPart::Agent(n) | FaultPart::LoadTest(n) => &mut self.agents[n],
            FaultPart::Collector | FaultPart::Database => &mut self.collector,
        }
    }

    fn with_postgres(&mut self, act: impl FnOnce(&mut Postgres)) {
        if let Some(postgres) = &mut self.postgres {
            act(postgres);
        }
    }

    fn signal_load_tests(&self, n: usize, signal: Signal) -> bool {
        let found = processes::load_tests(&self.agent_dir(n));
        processes::signal_all(&found, signal);
        !found.is_empty()
    }
}
