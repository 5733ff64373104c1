//! The scheduler and its talk with agents: what arrives is heard at once by whoever runs.

use heavy_proto::v1::Backlog;
use heavy_proto::v1::from_agent::Message as Said;
use heavy_proto::v1::to_agent::Message as Heard;

use crate::control::{ControlLine, LineId, Passage};
use crate::facts::{Attempt, id_of, spec};
use crate::link::{LinkStep, REGISTRATION, beat};
use crate::settling::SettledJob;
use crate::world::{World, tell};

/// No job is submitted later.
const LAST_JOB_NS: u64 = 4_000_000_000;

/// How often the scheduler looks at its job.
const LOOK_NS: u64 = 100_000_000;

impl World {
    /// Whatever has arrived is heard, and answered.
    pub(crate) fn talk(&mut self) -> Result<(), String> {
        for place in 0..self.hosts.len() {
            self.agent_calls(place);
        }
        self.leave_lines();
        self.scheduler_hears();
        if self.now_ns >= self.looks_ns {
            self.looks_ns = self.now_ns + LOOK_NS;
            self.schedule()?;
        }
        self.scheduler_speaks();
        self.agents_hear()
    }

    fn passage(&self, place: usize) -> Passage {
        Passage {
            now_ns: self.now_ns,
            weather: self.network.weather,
            closed_until_ns: self.cut_off_until_ns[place],
        }
    }

    /// An agent's link does what is due.
    fn agent_calls(&mut self, place: usize) {
        let (now_ns, host) = (self.now_ns, &mut self.hosts[place]);
        let boot_ns = host.boot_ns(now_ns);
        let Some(process) = host.process.as_mut().filter(|_| now_ns >= host.frozen_until_ns) else {
            return;
        };
        let line = process.link.line;
        match process.link.look(now_ns, boot_ns) {
            LinkStep::Wait => {}
            LinkStep::Open => {
                self.next_line += 1;
                let (line, number) = (self.next_line, process.number);
                let name = (&*host.name, format!("{}-{number}", host.name));
                let register = process.link.open(line, (now_ns, boot_ns), name);
                self.lines.push(ControlLine::new(line, place, number));
                self.send_up(place, Some(line), Some(register));
            }
            LinkStep::Beat(sequence) => {
                let couriers = process.couriers.iter().map(|courier| {
                    let (Attempt { job, epoch }, (batches, bytes)) = (courier.attempt(), courier.backlog());
                    let job = id_of(job);
                    Backlog {
                        job,
                        epoch,
                        batches,
                        bytes,
                    }
                });
                let beat = beat(sequence, couriers.collect());
                self.send_up(place, line, Some(beat));
            }
            LinkStep::GiveUp => {
                process.link.broke(now_ns);
                self.send_up(place, line, None);
            }
        }
    }

    /// The streams of agents that are gone end, but not always so that the scheduler hears of it.
    fn leave_lines(&mut self) {
        for at in 0..self.lines.len() {
            let line = &self.lines[at];
            let (id, place) = (line.id, line.host);
            let process = self.hosts[place].process.as_ref();
            let is_there = process.is_some_and(|process| process.number == line.process);
            if !is_there && !line.is_left {
                self.lines[at].is_cut |= self.dice.one_in(4);
                self.send_up(place, Some(id), None);
            }
        }
        self.lines
            .retain(|line| !line.is_left || line.stream.is_some() || !(line.is_cut || line.up.is_empty()));
    }

    /// An agent says something on a stream that may be gone; `None` is its end.
    fn send_up(&mut self, place: usize, line: Option<LineId>, message: Option<Said>) {
        let passage = self.passage(place);
        let mut lines = self.lines.iter_mut();
        if let Some(line) = lines.find(|of| Some(of.id) == line) {
            line.is_left |= message.is_none();
            line.send_up(message, passage, &mut self.dice);
        }
    }

    /// What an agent says, which it remembers, and sends if it has a stream.
    pub(crate) fn say(&mut self, place: usize, line: Option<LineId>, said: Vec<Said>) {
        for said in said {
            let link = self.hosts[place]
                .process
                .as_mut()
                .map(|process| &mut process.link);
            // A dead one may have said it before.
            let is_open = link.as_ref().is_none_or(|link| link.is_registered);
            if let (Some(link), Said::Update(update)) = (link, &said) {
                link.note(update);
            }
            if is_open {
                self.send_up(place, line, Some(said));
            }
        }
    }

    fn scheduler_hears(&mut self) {
        let now_ns = self.now_ns;
        for at in 0..self.lines.len() {
            while let Some(arrived) = self.lines[at].next_up(now_ns) {
                let line = &mut self.lines[at];
                let goes_on = match (arrived, line.stream) {
                    (Some(Said::Register(register)), None) => {
                        line.stream = self.scheduler.connect(now_ns, register);
                        line.stream.is_some()
                    }
                    (Some(said), Some(stream)) => self.scheduler.hear(now_ns, stream, said),
                    (None, Some(stream)) => {
                        self.scheduler.disconnect(now_ns, stream);
                        line.stream = None;
                        true
                    }
                    (_, None) => true,
                };
                if !goes_on {
                    self.end_line(at);
                }
            }
        }
    }

    fn scheduler_speaks(&mut self) {
        for at in 0..self.lines.len() {
            let Some(stream) = self.lines[at].stream else {
                continue;
            };
            let passage = self.passage(self.lines[at].host);
            match self.scheduler.says(stream) {
                Some(said) => {
                    for message in said {
                        self.lines[at].send_down(Some(message), passage, &mut self.dice);
                    }
                }
                None => {
                    self.scheduler.disconnect(self.now_ns, stream);
                    self.end_line(at);
                }
            }
        }
    }

    /// The scheduler ends a stream.
    fn end_line(&mut self, at: usize) {
        let passage = self.passage(self.lines[at].host);
        self.lines[at].stream = None;
        self.lines[at].send_down(None, passage, &mut self.dice);
    }

    fn agents_hear(&mut self) -> Result<(), String> {
        for at in 0..self.lines.len() {
            let place = self.lines[at].host;
            while self.can_hear(at)
                && let Some(arrived) = self.lines[at].next_down(self.now_ns)
            {
                self.agent_hears(place, arrived)?;
            }
        }
        Ok(())
    }

    fn can_hear(&self, at: usize) -> bool {
        let line = &self.lines[at];
        let host = &self.hosts[line.host];
        host.line() == Some(line.id) && self.now_ns >= host.frozen_until_ns
    }

    fn agent_hears(&mut self, place: usize, message: Option<Heard>) -> Result<(), String> {
        let (now_ns, host) = (self.now_ns, &mut self.hosts[place]);
        let line = host.line();
        let Some(message) = message else {
            if let Some(process) = &mut host.process {
                process.link.broke(now_ns);
            }
            self.send_up(place, line, None);
            return Ok(());
        };
        let number = match &message {
            Heard::Registered(_) => Some(REGISTRATION),
            Heard::Heartbeat(reply) => Some(reply.sequence),
            _ => None,
        };
        if let Some(number) = number {
            let said = host.answered(now_ns, number);
            self.say(place, line, said);
            return Ok(());
        }
        tell!(self, "a{place}: hears {message:?}");
        let host = &mut self.hosts[place];
        host.enter(now_ns, &mut self.dice);
        let outcome = host.obey(now_ns, message, &mut self.dice);
        self.done(place, outcome)
    }

    /// The scheduler looks at its job, and takes another one when it has none.
    fn schedule(&mut self) -> Result<(), String> {
        let now_ns = self.now_ns;
        let has_faults = self.next_fault.is_some();
        if self.scheduler.state().is_none() && has_faults && now_ns < LAST_JOB_NS {
            self.jobs += 1;
            tell!(self, "job {} is submitted", self.jobs);
            self.scheduler.submit(now_ns, &id_of(self.jobs), spec());
        }
        self.scheduler.look(now_ns);
        if now_ns >= self.away_until_ns {
            let (job, database) = (self.jobs, &self.collector.database);
            let share = |agent: &str, epoch| (crate::database::host_of(agent), Attempt { job, epoch });
            self.scheduler
                .collect(now_ns, |agent, epoch| database.has_all(share(agent, epoch)));
        }
        for ended in self.scheduler.take_ended() {
            tell!(self, "a job ends: {ended:?}");
            let settled = SettledJob::new(ended, &self.collector.database)?;
            self.settled.push(settled);
        }
        Ok(())
    }
}
