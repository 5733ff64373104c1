//! Which user of a closed load starts its next iteration, and when to look again. Pure: the caller owns the clock.
//!
//! One [`Rounds`] serves one core of a load test. A user starts an iteration when it comes, and the next one when the
//! last has ended, or a pacing after the last was scheduled; it starts none after the instant at which it leaves.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

/// How the users of one workflow go on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rules {
    /// Time from one scheduled start to the next; `None` starts at once.
    pub pacing_ns: Option<u64>,
    /// How many iterations each user has.
    pub per_user: Option<u64>,
    /// How long an iteration may go on after its user was to leave.
    pub grace_ns: u64,
}

/// What to do now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserAction {
    /// A user starts an iteration.
    Start {
        /// The user's place among those of this core: [`Rounds::ended`] takes it back.
        place: usize,
        /// Its workflow's place.
        workflow: usize,
        /// The user.
        user: u64,
        /// The iteration's number.
        n: u64,
        /// When it was scheduled.
        due_ns: u64,
        /// Since when the user could have started it: later than scheduled if its last iteration took longer than the
        /// pacing.
        free_ns: u64,
    },
    /// A user has left, and its iteration has used its grace up.
    CutOff {
        /// The user's place.
        place: usize,
    },
}

#[derive(Debug, Clone, Copy)]
struct UserState {
    workflow: usize,
    user: u64,
    came_ns: u64,
    until_ns: u64,
    rounds: u64,
    /// When its newest iteration was scheduled.
    due_ns: u64,
    free_ns: u64,
    doing: Doing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Doing {
    /// It is not there.
    Nothing,
    /// Its next iteration is in the queue.
    Waiting,
    Running,
}

/// The users of one core.
#[derive(Debug, Default)]
pub struct Rounds {
    rules: HashMap<usize, Rules>,
    users: Vec<UserState>,
    places: HashMap<(usize, u64), usize>,
    due: BinaryHeap<Reverse<(u64, usize)>>,
    /// When iterations of users that leave are cut off.
    leaving: BinaryHeap<Reverse<(u64, usize)>>,
    stopped: bool,
}

impl Rounds {
    /// No users yet, of workflows with these rules, by their places.
    #[must_use]
    pub fn new(rules: impl IntoIterator<Item = (usize, Rules)>) -> Self {
        Self {
            rules: rules.into_iter().collect(),
            ..Self::default()
        }
    }

    /// Adds a user from when it comes until it leaves; for a user that is already present, replaces the end.
    pub fn release(&mut self, workflow: usize, user: u64, came_ns: u64, until_ns: u64) {
        if self.stopped {
            return;
        }
        let place = *self.places.entry((workflow, user)).or_insert_with(|| {
            self.users.push(UserState {
                workflow,
                user,
                came_ns,
                until_ns,
                rounds: 0,
                due_ns: came_ns,
                free_ns: 0,
                doing: Doing::Nothing,
            });
            self.users.len() - 1
        });
        let known = &mut self.users[place];
        known.until_ns = until_ns;
        if known.doing == Doing::Nothing {
            known.came_ns = came_ns;
            self.queue(place, came_ns);
        } else if came_ns > known.due_ns {
            // It leaves and comes back: what it does meanwhile ends before.
            known.came_ns = came_ns;
        }
        let grace_ns = self.rules.get(&workflow).map_or(0, |rules| rules.grace_ns);
        self.leaving
            .push(Reverse((until_ns.saturating_add(grace_ns), place)));
    }

    fn queue(&mut self, place: usize, due_ns: u64) {
        let user = &mut self.users[place];
        user.due_ns = due_ns;
        user.doing = Doing::Waiting;
        self.due.push(Reverse((due_ns, place)));
    }

    /// What to do next at `now_ns`; `None` when nothing is left before [`Self::next_wake_ns`]. `take` gives the number of
    /// a workflow's next iteration, if there is one.
    pub fn decide(&mut self, now_ns: u64, mut take: impl FnMut(usize) -> Option<u64>) -> Option<UserAction> {
        while let Some(&Reverse((at_ns, place))) = self.leaving.peek()
            && at_ns <= now_ns
        {
            self.leaving.pop();
            let user = &self.users[place];
            let grace_ns = self.rules.get(&user.workflow).map_or(0, |rules| rules.grace_ns);
            // A newer release may have moved its end.
            if user.doing == Doing::Running
                && user.due_ns < user.until_ns
                && user.until_ns.saturating_add(grace_ns) <= now_ns
            {
                return Some(UserAction::CutOff { place });
            }
        }
        while let Some(&Reverse((due_ns, place))) = self.due.peek()
            && due_ns <= now_ns
        {
            self.due.pop();
            let user = &mut self.users[place];
            let rules = self.rules.get(&user.workflow).copied().unwrap_or_default();
            user.doing = Doing::Nothing;
            let has_more = rules.per_user.is_none_or(|rounds| user.rounds < rounds);
            if self.stopped || now_ns.max(due_ns) >= user.until_ns || !has_more {
                continue;
            }
            let Some(n) = take(user.workflow) else { continue };
            user.rounds += 1;
            user.doing = Doing::Running;
            return Some(UserAction::Start {
                place,
                workflow: user.workflow,
                user: user.user,
                n,
                due_ns,
                free_ns: user.free_ns.max(due_ns),
            });
        }
        None
    }

    /// Takes note that a user's iteration has ended.
    pub fn ended(&mut self, place: usize, now_ns: u64) {
        let user = &mut self.users[place];
        let pacing_ns = self.rules.get(&user.workflow).and_then(|rules| rules.pacing_ns);
        user.free_ns = now_ns;
        user.doing = Doing::Nothing;
        if self.stopped {
            return;
        }
        let next_ns = match pacing_ns {
            Some(pacing_ns) => user.due_ns.saturating_add(pacing_ns),
            None => now_ns,
        };
        let next_ns = next_ns.max(user.came_ns);
        self.queue(place, next_ns);
    }

    /// Starts nothing any more.
    pub fn stop(&mut self) {
        self.stopped = true;
        self.due.clear();
        self.leaving.clear();
    }

    /// When there may be something to do next.
    #[must_use]
    pub fn next_wake_ns(&self) -> Option<u64> {
        let first = |heap: &BinaryHeap<Reverse<(u64, usize)>>| heap.peek().map(|Reverse((at_ns, _))| *at_ns);
        match (first(&self.due), first(&self.leaving)) {
            (Some(due_ns), Some(leaving_ns)) => Some(due_ns.min(leaving_ns)),
            (due_ns, leaving_ns) => due_ns.or(leaving_ns),
        }
    }
}

#[cfg(test)]
mod tests;
