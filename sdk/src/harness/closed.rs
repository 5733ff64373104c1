//! Users of closed workflows on one core: they start iterations by themselves.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};

use heavy_load::admission::Released;
use heavy_load::rounds::{Rounds, Rules, Step};
use heavy_plugin::rpc::{ClosedSetup, Numbers};

use super::core::Core;
use super::iteration::Admitted;
use super::job::Job;
use super::users::{Kind, User};

/// A closed workflow, as all cores of the process share it.
#[derive(Debug)]
pub(crate) struct ClosedLane {
    rules: Rules,
    iterations: Option<u64>,
    numbers: Numbers,
    taken: AtomicU64,
}

impl ClosedLane {
    pub(crate) fn new(setup: &ClosedSetup) -> Self {
        Self {
            rules: Rules {
                pacing_ns: setup.pacing_ns,
                per_user: setup.iterations_per_user,
                grace_ns: setup.grace_ns,
            },
            iterations: setup.iterations,
            numbers: setup.numbers.clone(),
            taken: AtomicU64::new(0),
        }
    }

    /// The number of the next iteration, if there is one.
    fn take(&self) -> Option<u64> {
        let limit = self.iterations.unwrap_or(u64::MAX);
        let taken = self
            .taken
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |taken| {
                (taken < limit).then_some(taken + 1)
            });
        taken.ok().map(|k| self.numbers.nth(k))
    }
}

/// The users of all closed workflows on one core.
#[derive(Debug)]
pub(crate) struct ClosedUsers {
    rounds: RefCell<Rounds>,
    /// By their places in the rounds.
    seats: RefCell<Vec<Seat>>,
}

/// A user, and the place of its task while one runs.
#[derive(Debug, Default)]
struct Seat {
    user: Option<Rc<User>>,
    task: Option<usize>,
}

impl ClosedUsers {
    pub(crate) fn new(job: &Job) -> Self {
        let lanes = job.closed.iter().enumerate();
        let rules = lanes.filter_map(|(lane, closed)| Some((lane, closed.as_ref()?.rules)));
        Self {
            rounds: RefCell::new(Rounds::new(rules)),
            seats: RefCell::default(),
        }
    }

    /// Takes users in; instants are on the monotonic clock.
    pub(crate) fn release(&self, lane: usize, users: &[(u64, u64, u64)]) {
        let mut rounds = self.rounds.borrow_mut();
        for &(user, came_ns, until_ns) in users {
            rounds.release(lane, user, came_ns, until_ns);
        }
    }

    /// When there may be something to do.
    pub(crate) fn next_wake_ns(&self) -> Option<u64> {
        self.rounds.borrow().next_wake_ns()
    }

    /// Takes note that an iteration of the user at a place has ended.
    pub(crate) fn ended(&self, place: usize, now_ns: u64) {
        if let Some(seat) = self.seats.borrow_mut().get_mut(place) {
            seat.task = None;
        }
        self.rounds.borrow_mut().ended(place, now_ns);
    }

    /// Starts nothing any more.
    pub(crate) fn stop(&self) {
        self.rounds.borrow_mut().stop();
    }

    /// All users, with their workflows.
    pub(crate) fn take_all(&self) -> Vec<Rc<User>> {
        self.seats
            .borrow_mut()
            .drain(..)
            .filter_map(|seat| seat.user)
            .collect()
    }

    /// The user at a place; a new one if there is none, or its `init_user` failed.
    fn user(&self, place: usize, lane: usize, number: u64) -> Rc<User> {
        let mut seats = self.seats.borrow_mut();
        if seats.len() <= place {
            seats.resize_with(place + 1, Seat::default);
        }
        let seat = &mut seats[place];
        match &seat.user {
            Some(user) if user.ready.get() => Rc::clone(user),
            _ => {
                let user = Rc::new(User::numbered(lane, number, Kind::Round(place)));
                seat.user = Some(Rc::clone(&user));
                user
            }
        }
    }
}

impl Core {
    /// Starts what users are to start at `now_ns`, and cuts off what has used its grace up.
    pub(super) fn look_after_users(self: &Rc<Self>, now_ns: u64) {
        loop {
            let take = |lane: usize| self.job.closed[lane].as_ref()?.take();
            let step = self.closed.rounds.borrow_mut().decide(now_ns, take);
            match step {
                Some(Step::Start {
                    place,
                    lane,
                    user,
                    n,
                    due_ns,
                    free_ns,
                }) => {
                    self.shared.slots.occupy();
                    let user = self.closed.user(place, lane, user);
                    let released = Released { lane, n, due_ns };
                    let task = self.begin(|task| Admitted {
                        released,
                        slot_wait_ns: free_ns - due_ns,
                        place: task,
                        user,
                    });
                    if let Some(seat) = self.closed.seats.borrow_mut().get_mut(place) {
                        seat.task = Some(task);
                    }
                }
                Some(Step::CutOff { place }) => self.cut_off(place),
                None => break,
            }
        }
    }

    fn cut_off(&self, place: usize) {
        let seats = self.closed.seats.borrow();
        if let Some(Seat {
            user: Some(user),
            task: Some(task),
        }) = seats.get(place)
        {
            user.cut_off.set(true);
            self.abort(*task);
        }
    }
}
