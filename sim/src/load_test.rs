//! A load test: it starts what was released when it is due, and writes what became of it into a pipe that outlives its agent.

use std::collections::VecDeque;

use crate::dice::Dice;
use crate::facts::{HELLO, IterationFact, Ledger, LineForm, RequestFact};

#[derive(Debug)]
struct Running {
    n: u64,
    due_ns: u64,
    started_ns: u64,
    requests: u64,
}

#[derive(Debug)]
pub(crate) struct LoadTest {
    writer: LineForm,
    /// What nobody has taken out of the pipe.
    pub(crate) pipe: Vec<u8>,
    due: VecDeque<(u64, u64)>,
    running: Vec<Running>,
    /// Since it was told to stop: it starts nothing more.
    stops: bool,
    pub(crate) is_alive: bool,
    pub(crate) ledger: Ledger,
    /// Up to when it was told, by its host's boot clock, that its agent may load the target.
    pub(crate) leased_until_ns: u64,
}

impl LoadTest {
    pub(crate) fn new() -> Self {
        Self {
            writer: LineForm { start_ns: 0 },
            pipe: HELLO.into(),
            due: VecDeque::new(),
            running: Vec::new(),
            stops: false,
            is_alive: true,
            ledger: Ledger::default(),
            leased_until_ns: u64::MAX,
        }
    }

    /// The job starts at an instant of the simulation.
    pub(crate) const fn start(&mut self, start_ns: u64) {
        self.writer.start_ns = start_ns;
    }

    pub(crate) fn release(&mut self, due: Vec<(u64, u64)>, leased_until_ns: u64) {
        self.leased_until_ns = leased_until_ns;
        if self.is_alive && !self.stops {
            self.due.extend(due);
        }
    }

    pub(crate) const fn stop(&mut self) {
        self.stops = true;
    }

    /// Whether nothing runs that it would have to finish.
    pub(crate) fn has_stopped(&self) -> bool {
        self.stops && self.running.is_empty()
    }

    /// Goes on for a while; `now_ns` is from the job's start, `boot_ns` by the host's boot clock.
    pub(crate) fn work(&mut self, dice: &mut Dice, now_ns: u64, boot_ns: u64) {
        if !self.is_alive {
            return;
        }
        let is_leased = boot_ns <= self.leased_until_ns;
        if self.stops {
            self.due.clear();
        }
        while is_leased && let Some((n, due_ns)) = self.due.pop_front_if(|(_, due_ns)| *due_ns <= now_ns) {
            if dice.one_in(15) {
                let line = self.writer.dropped(n);
                self.pipe.extend_from_slice(line.as_bytes());
                self.ledger.dropped += 1;
                continue;
            }
            self.ledger.started += 1;
            self.running.push(Running {
                n,
                due_ns,
                started_ns: now_ns,
                requests: 0,
            });
        }
        if dice.one_in(30) {
            self.pipe.extend_from_slice(b"something else\n");
        }
        for _ in 0..dice.below(4) {
            let Some(place) = self.running.len().checked_sub(1).map(|last| dice.place(last + 1)) else {
                return;
            };
            if self.running[place].requests < 2 && dice.one_in(2) {
                self.request(dice, place, now_ns);
            } else {
                self.finish(dice, place, now_ns, false);
            }
        }
        if (self.stops && dice.one_in(3)) || !is_leased {
            while !self.running.is_empty() {
                self.finish(dice, 0, now_ns, true);
            }
        }
    }

    /// It is killed, perhaps in the middle of a line.
    pub(crate) fn kill(&mut self, dice: &mut Dice) {
        if self.is_alive && dice.one_in(2) {
            let line = self.writer.dropped(0);
            let half = dice.place(line.len() / 2);
            self.pipe.extend_from_slice(&line.as_bytes()[..half]);
        }
        self.is_alive = false;
        self.running.clear();
        self.due.clear();
    }

    fn request(&mut self, dice: &mut Dice, place: usize, now_ns: u64) {
        let running = &mut self.running[place];
        let key = (running.n, running.requests);
        running.requests += 1;
        let started_ns = dice.between(running.started_ns, now_ns);
        let fact = RequestFact {
            started_ns: i64::try_from(started_ns).expect("jobs are short"),
            duration_ns: now_ns - started_ns,
            status: if dice.one_in(10) { 500 } else { 200 },
            size: dice.below(1 << 20),
        };
        let line = self.writer.request(key, &fact);
        self.pipe.extend_from_slice(line.as_bytes());
        self.ledger.requests.insert(key, fact);
    }

    fn finish(&mut self, dice: &mut Dice, place: usize, now_ns: u64, interrupted: bool) {
        let running = self.running.swap_remove(place);
        let fact = IterationFact {
            scheduled_ns: i64::try_from(running.due_ns).expect("jobs are short"),
            lag_ns: running.started_ns - running.due_ns,
            duration_ns: now_ns - running.started_ns,
            ok: !interrupted && !dice.one_in(10),
            interrupted,
        };
        let line = self.writer.iteration(running.n, &fact);
        self.pipe.extend_from_slice(line.as_bytes());
        self.ledger.iterations.insert(running.n, fact);
    }
}
