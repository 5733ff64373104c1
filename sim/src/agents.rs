//! What happens on hosts: each step is something that an agent, its load test or its supervisor does.

use std::io;

use heavy_agent::simulation::{ShareEvent, ShareTerms};
use heavy_load::revision::Revision;
use heavy_results::job::JobSpec;

use crate::collector::Planted;
use crate::host::{Host, JOB};
use crate::world::{World, tell};

/// Nothing is assigned later.
const LAST_ASSIGNMENT_NS: u64 = 4_500_000_000;

const START_LEAD_NS: u64 = 300_000_000;

fn spec() -> JobSpec {
    let rate = "40".parse().expect("a rate");
    JobSpec::new("a".repeat(64), rate, "3s".parse().expect("a duration"))
}

impl World {
    pub(crate) fn host_step(&mut self, place: usize) -> Result<(), String> {
        let (now_ns, host) = (self.now_ns, &mut self.hosts[place]);
        if now_ns < host.frozen_until_ns {
            return Ok(());
        }
        if host.process.is_some() {
            return self.agent_step(place);
        }
        if host.is_supervised() {
            host.work(&mut self.dice, now_ns);
            host.enter(now_ns, &mut self.dice);
            host.supervise(now_ns, &mut self.dice);
            host.leave(now_ns, &mut self.dice);
            tell!(self, "a{place}: the supervisor looks");
        } else if self.dice.one_in(6) {
            host.enter(now_ns, &mut self.dice);
            host.restart();
            host.leave(now_ns, &mut self.dice);
            let couriers = self.hosts[place]
                .process
                .iter()
                .flat_map(|process| &process.couriers);
            let found: Vec<_> = couriers
                .map(|courier| (courier.epoch(), courier.backlog()))
                .collect();
            tell!(self, "a{place}: a new agent finds spools: {found:?}");
        }
        Ok(())
    }

    fn agent_step(&mut self, place: usize) -> Result<(), String> {
        match self.dice.below(10) {
            0..=2 => {
                self.hosts[place].work(&mut self.dice, self.now_ns);
                Ok(())
            }
            3..=4 => {
                self.read(place);
                Ok(())
            }
            5 => {
                self.spool(place);
                Ok(())
            }
            6 => {
                self.release(place);
                Ok(())
            }
            7..=8 => self.deliver(place),
            _ => self.live(place),
        }
    }

    fn read(&mut self, place: usize) {
        let (now_ns, host) = (self.now_ns, &mut self.hosts[place]);
        host.enter(now_ns, &mut self.dice);
        let (bytes, dies) = (host.read(&mut self.dice), host.dies.is_some());
        if host.leave(now_ns, &mut self.dice) && dies {
            host.read_before_death(bytes);
        }
        tell!(self, "a{place}: reads {bytes} bytes");
    }

    fn spool(&mut self, place: usize) {
        let (now_ns, host) = (self.now_ns, &mut self.hosts[place]);
        host.enter(now_ns, &mut self.dice);
        if let Some(share) = host.process.as_mut().and_then(|process| process.share.as_mut()) {
            share.look();
            share.spool(self.planted == Planted::SavesOffsetFirst);
        }
        host.leave(now_ns, &mut self.dice);
        tell!(self, "a{place}: spools");
    }

    fn release(&mut self, place: usize) {
        let (now_ns, host) = (self.now_ns, &mut self.hosts[place]);
        let boot_ns = host.boot_ns(now_ns);
        host.enter(now_ns, &mut self.dice);
        let share = host.process.as_mut().and_then(|process| process.share.as_mut());
        let (due, leased_until_ns) = match share {
            Some(share) => (share.release(boot_ns), share.leased_until_ns()),
            None => {
                host.leave(now_ns, &mut self.dice);
                return;
            }
        };
        let released = due.len();
        if host.leave(now_ns, &mut self.dice)
            && let Some((_, load_test)) = &mut host.load_test
        {
            load_test.release(due, leased_until_ns);
        }
        tell!(self, "a{place}: releases {released}");
    }

    fn deliver(&mut self, place: usize) -> Result<(), String> {
        let (now_ns, host) = (self.now_ns, &mut self.hosts[place]);
        host.enter(now_ns, &mut self.dice);
        let mut delivered = Vec::new();
        let mut sent = Vec::new();
        if let Some(process) = &mut host.process {
            for courier in &mut process.couriers {
                let of = courier.send(&mut self.network, &mut self.next_session, now_ns);
                if !of.is_empty() {
                    sent.push((courier.epoch(), of));
                }
            }
            for courier in process.couriers.extract_if(.., |courier| courier.is_done()) {
                delivered.push(courier.epoch());
                courier.remove();
            }
        }
        let own = host.load_test.as_ref().map(|(epoch, _)| *epoch);
        let mut outcome = Ok(Vec::new());
        if own.is_some_and(|own| delivered.contains(&own)) {
            outcome = host.on(ShareEvent::Delivered, &mut self.dice);
        }
        host.leave(now_ns, &mut self.dice);
        tell!(self, "a{place}: sends {sent:?}, has delivered {delivered:?}");
        outcome.map(drop).map_err(|error| error.to_string())
    }

    /// The assignment goes on: it is prepared, starts, and ends.
    fn live(&mut self, place: usize) -> Result<(), String> {
        let (now_ns, host) = (self.now_ns, &mut self.hosts[place]);
        let boot_ns = host.boot_ns(now_ns);
        if let Some(process) = &host.process {
            process.lease.renew(boot_ns, boot_ns);
        }
        host.enter(now_ns, &mut self.dice);
        let has_share = host
            .process
            .as_ref()
            .is_some_and(|process| process.share.is_some());
        let (mut what, mut outcome) = ("nothing".to_owned(), Ok(()));
        if !has_share && now_ns < LAST_ASSIGNMENT_NS && self.next_fault.is_some() {
            "prepares".clone_into(&mut what);
            outcome = host.assign(now_ns);
        } else if host.start_monotonic_ns.is_none() && has_share {
            "starts".clone_into(&mut what);
            outcome = host.begin(now_ns, &mut self.dice);
        } else if let Some(event) = host.happened(now_ns) {
            what = format!("{event:?}");
            outcome = host.on(event, &mut self.dice).map(drop);
        }
        let dies = host.dies.is_some();
        host.leave(now_ns, &mut self.dice);
        tell!(self, "a{place}: {what}");
        match outcome {
            // A full disk fails an assignment, and is nothing special here; nor is what an agent sees that is dead.
            Err(error) if error.kind() == io::ErrorKind::StorageFull || dies => {
                self.hosts[place].fails();
                Ok(())
            }
            outcome => outcome.map_err(|error| error.to_string()),
        }
    }
}

impl Host {
    /// The load test goes on.
    fn work(&mut self, dice: &mut crate::dice::Dice, now_ns: u64) {
        let job_ns = self
            .monotonic_ns(now_ns)
            .checked_sub(self.start_monotonic_ns.unwrap_or(u64::MAX));
        let boot_ns = self.boot_ns(now_ns);
        if let (Some(job_ns), Some((_, load_test))) = (job_ns, &mut self.load_test) {
            load_test.work(dice, job_ns, boot_ns);
        }
    }

    fn assign(&mut self, now_ns: u64) -> io::Result<()> {
        self.epoch += 1;
        self.start_ns = now_ns + START_LEAD_NS;
        self.start_monotonic_ns = None;
        let spec = spec();
        self.prepare(ShareTerms {
            job: JOB.to_owned(),
            agent: self.name.clone(),
            epoch: self.epoch,
            revision: Revision::first(&spec.load(), [(self.name.clone(), 1)]),
            spec,
            seat: 0,
            workflow: "w".to_owned(),
            limit_bytes: self.limit_bytes,
        })
    }

    fn begin(&mut self, now_ns: u64, dice: &mut crate::dice::Dice) -> io::Result<()> {
        let start_monotonic_ns = self.monotonic_ns(now_ns) + self.start_ns - now_ns.min(self.start_ns);
        let start_monotonic_ns = start_monotonic_ns - now_ns.saturating_sub(self.start_ns);
        let event = ShareEvent::Start {
            start_ns: start_monotonic_ns,
            wall_ns: self.wall_ns(now_ns),
        };
        self.on(event, dice)?;
        self.start_monotonic_ns = Some(start_monotonic_ns);
        if let Some((_, load_test)) = &mut self.load_test {
            load_test.start(self.start_ns);
        }
        Ok(())
    }

    /// The assignment could not be made.
    fn fails(&mut self) {
        if let Some(process) = &mut self.process {
            process.share = None;
            self.put_ledger_away();
        }
    }
}
