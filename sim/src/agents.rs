//! What happens on hosts: each step is something that an agent, its load test or its supervisor does.

use std::io;

use heavy_agent::simulation::ShareEvent;
use heavy_proto::v1::from_agent::Message as Said;

use crate::collector::Planted;
use crate::host::Host;
use crate::world::{World, tell};

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
                .map(|courier| (courier.attempt(), courier.backlog()))
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
            6 => self.release(place),
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

    fn release(&mut self, place: usize) -> Result<(), String> {
        let (now_ns, host) = (self.now_ns, &mut self.hosts[place]);
        let boot_ns = host.boot_ns(now_ns);
        host.enter(now_ns, &mut self.dice);
        let share = host.process.as_mut().and_then(|process| process.share.as_mut());
        let without_lease = self.planted == Planted::ReleasesAfterLease;
        let (due, leased_until_ns) = match share {
            Some(share) => (share.release(boot_ns, without_lease), share.leased_until_ns()),
            None => (Vec::new(), 0),
        };
        let (released, allowed) = (due.len(), host.may_release(now_ns, &due));
        if host.leave(now_ns, &mut self.dice)
            && let Some((attempt, load_test)) = &mut host.load_test
            && released > 0
        {
            self.releases.note((place, *attempt), &due);
            load_test.release(due, leased_until_ns);
        }
        tell!(self, "a{place}: releases {released}");
        allowed
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
                    sent.push((courier.attempt(), of));
                }
            }
            for courier in process.couriers.extract_if(.., |courier| courier.is_done()) {
                delivered.push(courier.attempt());
                courier.remove();
            }
        }
        let own = host.load_test.as_ref().map(|(attempt, _)| *attempt);
        let mut outcome = Ok(Vec::new());
        if own.is_some_and(|own| delivered.contains(&own)) {
            outcome = host.on(ShareEvent::Delivered, &mut self.dice);
        }
        let line = host.line();
        let is_heard = host.leave(now_ns, &mut self.dice);
        tell!(self, "a{place}: sends {sent:?}, has delivered {delivered:?}");
        let said = outcome.map_err(|error| error.to_string())?;
        if is_heard {
            self.say(place, line, said);
        }
        Ok(())
    }

    /// The assignment goes on: it is prepared, and ends.
    fn live(&mut self, place: usize) -> Result<(), String> {
        let (now_ns, host) = (self.now_ns, &mut self.hosts[place]);
        host.enter(now_ns, &mut self.dice);
        let (mut what, mut outcome) = ("nothing".to_owned(), Ok(Vec::new()));
        if let Some(prepared) = host.prepare_assigned() {
            what = format!("prepares: {prepared:?}");
            outcome = prepared.map(|said| vec![said]);
        } else if let Some(event) = host.happened(now_ns) {
            what = format!("{event:?}");
            outcome = host.on(event, &mut self.dice);
        }
        tell!(self, "a{place}: {what}");
        self.done(place, outcome)
    }

    /// The end of what an agent did that may have failed: what it says is sent.
    pub(crate) fn done(&mut self, place: usize, outcome: io::Result<Vec<Said>>) -> Result<(), String> {
        let (now_ns, host) = (self.now_ns, &mut self.hosts[place]);
        let (line, dies) = (host.line(), host.dies.is_some());
        let is_heard = host.leave(now_ns, &mut self.dice);
        let said = match outcome {
            Ok(said) => said,
            // A full disk fails an assignment, and is nothing special here; nor is what an agent sees that is dead.
            Err(error) if error.kind() == io::ErrorKind::StorageFull || dies => {
                host.fails().into_iter().collect()
            }
            Err(error) => return Err(error.to_string()),
        };
        if is_heard {
            self.say(place, line, said);
        }
        Ok(())
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
}
