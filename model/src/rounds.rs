//! Which user of a closed load starts its next iteration, and when to look again. Pure: the caller owns the clock.
//!
//! One [`Rounds`] serves one core of a load test. A user starts an iteration when it comes, and the next one when the
//! last has ended, or a pacing after the last was scheduled; it starts none after the instant at which it leaves.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

/// How the users of one workflow go on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rules {
    /// From one scheduled start to the next; none: at once.
    pub pacing_ns: Option<u64>,
    /// How many iterations each user has.
    pub per_user: Option<u64>,
    /// How long an iteration may go on after its user was to leave.
    pub grace_ns: u64,
}

/// What to do now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// A user starts an iteration.
    Start {
        /// The user's place among those of this core: [`Rounds::ended`] takes it back.
        place: usize,
        /// Its workflow's place.
        lane: usize,
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
struct User {
    lane: usize,
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
    users: Vec<User>,
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

    /// Takes a user in, from when it comes until it leaves; one that is there goes by the new end.
    pub fn release(&mut self, lane: usize, user: u64, came_ns: u64, until_ns: u64) {
        if self.stopped {
            return;
        }
        let place = *self.places.entry((lane, user)).or_insert_with(|| {
            self.users.push(User {
                lane,
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
        let grace_ns = self.rules.get(&lane).map_or(0, |rules| rules.grace_ns);
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
    pub fn decide(&mut self, now_ns: u64, mut take: impl FnMut(usize) -> Option<u64>) -> Option<Step> {
        while let Some(&Reverse((at_ns, place))) = self.leaving.peek()
            && at_ns <= now_ns
        {
            self.leaving.pop();
            let user = &self.users[place];
            let grace_ns = self.rules.get(&user.lane).map_or(0, |rules| rules.grace_ns);
            // A newer release may have moved its end.
            if user.doing == Doing::Running
                && user.due_ns < user.until_ns
                && user.until_ns.saturating_add(grace_ns) <= now_ns
            {
                return Some(Step::CutOff { place });
            }
        }
        while let Some(&Reverse((due_ns, place))) = self.due.peek()
            && due_ns <= now_ns
        {
            self.due.pop();
            let user = &mut self.users[place];
            let rules = self.rules.get(&user.lane).copied().unwrap_or_default();
            user.doing = Doing::Nothing;
            let has_more = rules.per_user.is_none_or(|rounds| user.rounds < rounds);
            if self.stopped || now_ns.max(due_ns) >= user.until_ns || !has_more {
                continue;
            }
            let Some(n) = take(user.lane) else { continue };
            user.rounds += 1;
            user.doing = Doing::Running;
            return Some(Step::Start {
                place,
                lane: user.lane,
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
        let pacing_ns = self.rules.get(&user.lane).and_then(|rules| rules.pacing_ns);
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
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rounds(rules: Rules) -> Rounds {
        Rounds::new([(0, rules)])
    }

    /// Runs all that starts before `end` with iterations of `takes`; gives what started: user, scheduled, started.
    fn run(rounds: &mut Rounds, takes: u64, end: u64, quota: u64) -> Vec<(u64, u64, u64)> {
        let (mut started, mut running, mut now, mut next_n) = (Vec::new(), Vec::new(), 0, 0);
        while now < end {
            running.retain(|(place, ends)| {
                if *ends == now {
                    rounds.ended(*place, now);
                }
                *ends > now
            });
            while let Some(step) = rounds.decide(now, |_| {
                next_n += 1;
                (next_n <= quota).then_some(next_n - 1)
            }) {
                match step {
                    Step::Start {
                        place,
                        user,
                        due_ns,
                        free_ns,
                        ..
                    } => {
                        assert!(free_ns >= due_ns && due_ns <= now);
                        started.push((user, due_ns, now));
                        running.push((place, now + takes));
                    }
                    Step::CutOff { place } => {
                        running.retain(|(other, _)| *other != place);
                        rounds.ended(place, now);
                    }
                }
            }
            now += 1;
        }
        started
    }

    #[test]
    fn users_go_round_until_they_leave() {
        let mut rounds = rounds(Rules::default());
        rounds.release(0, 7, 5, 30);
        assert_eq!(
            run(&mut rounds, 10, 100, u64::MAX),
            [(7, 5, 5), (7, 15, 15), (7, 25, 25)]
        );
    }

    #[test]
    fn pacing_is_from_start_to_start_whatever_an_iteration_takes() {
        let paced = Rules {
            pacing_ns: Some(10),
            ..Rules::default()
        };
        let mut rounds = rounds(paced);
        rounds.release(0, 7, 0, 40);
        assert_eq!(
            run(&mut rounds, 3, 100, u64::MAX),
            [(7, 0, 0), (7, 10, 10), (7, 20, 20), (7, 30, 30)]
        );
        let mut rounds = self::rounds(paced);
        rounds.release(0, 7, 0, 40);
        assert_eq!(
            run(&mut rounds, 15, 100, u64::MAX),
            [(7, 0, 0), (7, 10, 15), (7, 20, 30)]
        );
    }

    #[test]
    fn quotas_end_the_rounds() {
        let mut shared = rounds(Rules::default());
        let mut each = rounds(Rules {
            per_user: Some(2),
            ..Rules::default()
        });
        for user in [1, 2] {
            shared.release(0, user, 0, 1_000);
            each.release(0, user, 0, 1_000);
        }
        assert_eq!(run(&mut shared, 10, 500, 3).len(), 3);
        let started = run(&mut each, 10, 500, u64::MAX);
        assert_eq!(
            [1, 2].map(|user| started.iter().filter(|(of, ..)| *of == user).count()),
            [2, 2]
        );
    }

    #[test]
    fn who_leaves_is_cut_off_after_the_grace() {
        let mut rounds = rounds(Rules {
            grace_ns: 5,
            ..Rules::default()
        });
        rounds.release(0, 1, 0, 10);
        assert!(matches!(
            rounds.decide(0, |_| Some(0)),
            Some(Step::Start { place: 0, .. })
        ));
        assert_eq!(rounds.decide(14, |_| Some(1)), None);
        assert_eq!(rounds.next_wake_ns(), Some(15));
        assert_eq!(rounds.decide(15, |_| Some(1)), Some(Step::CutOff { place: 0 }));
    }

    #[test]
    fn a_newer_release_moves_the_end_and_brings_users_back() {
        let mut rounds = rounds(Rules::default());
        rounds.release(0, 1, 0, 1_000);
        rounds.release(0, 1, 0, 12);
        rounds.release(0, 1, 40, 55);
        // Released in one batch, the last word counts: it rests from when its iteration ends until it comes back.
        assert_eq!(
            run(&mut rounds, 10, 100, u64::MAX),
            [(1, 0, 0), (1, 40, 40), (1, 50, 50)]
        );
        rounds.release(0, 1, 120, 130);
        rounds.stop();
        assert_eq!(
            (rounds.decide(500, |_| Some(1)), rounds.next_wake_ns()),
            (None, None)
        );
    }

    proptest! {
        #[test]
        fn no_user_runs_twice_at_once_and_none_starts_after_it_left(
            spans in prop::collection::vec((0u64..50, 1u64..60), 1..6), takes in 1u64..20, pacing in prop::option::of(1u64..30),
        ) {
            let mut rounds = rounds(Rules { pacing_ns: pacing, ..Rules::default() });
            for (user, (came, stays)) in (0u64..).zip(&spans) {
                rounds.release(0, user, *came, came + stays);
            }
            let started = run(&mut rounds, takes, 2_000, u64::MAX);
            for (user, (came, stays)) in (0u64..).zip(&spans) {
                let own: Vec<_> = started.iter().filter(|(of, ..)| *of == user).collect();
                prop_assert_eq!(own[0].2, *came);
                prop_assert!(own.iter().all(|(_, due, _)| *due < came + stays));
                prop_assert!(own.windows(2).all(|pair| pair[1].2 >= pair[0].2 + takes));
            }
        }
    }
}
