//! Users of closed workflows on one core: they start iterations by themselves.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use heavy_load::rounds::{Rounds, Rules, UserAction};
use heavy_plugin::rpc::{ClosedSetup, IterationNumbers};

use super::users::{Kind, User};

/// A closed workflow, as all cores of the process share it.
#[derive(Debug)]
pub(crate) struct ClosedWorkflow {
    rules: Rules,
    iterations: Option<u64>,
    numbers: IterationNumbers,
    taken: AtomicU64,
}

impl ClosedWorkflow {
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
    /// By workflow.
    workflows: Vec<Option<Arc<ClosedWorkflow>>>,
    /// By their places in the rounds.
    by_place: RefCell<Vec<ClosedUser>>,
}

/// A user, and the place of its task while one runs.
#[derive(Debug, Default)]
struct ClosedUser {
    user: Option<Rc<User>>,
    task: Option<usize>,
}

impl ClosedUsers {
    /// No users yet, of workflows that are closed or not.
    pub(crate) fn new(workflows: Vec<Option<Arc<ClosedWorkflow>>>) -> Self {
        let rules = workflows.iter().enumerate();
        let rules = rules.filter_map(|(workflow, closed)| Some((workflow, closed.as_ref()?.rules)));
        Self {
            rounds: RefCell::new(Rounds::new(rules)),
            workflows,
            by_place: RefCell::default(),
        }
    }

    /// Takes users in; instants are on the monotonic clock.
    pub(crate) fn release(&self, workflow: usize, users: &[(u64, u64, u64)]) {
        let mut rounds = self.rounds.borrow_mut();
        for &(user, came_ns, until_ns) in users {
            rounds.release(workflow, user, came_ns, until_ns);
        }
    }

    pub(crate) fn next_wake_ns(&self) -> Option<u64> {
        self.rounds.borrow().next_wake_ns()
    }

    /// Records that an iteration of the user at a place has ended.
    pub(crate) fn ended(&self, place: usize, now_ns: u64) {
        if let Some(entry) = self.by_place.borrow_mut().get_mut(place) {
            entry.task = None;
        }
        self.rounds.borrow_mut().ended(place, now_ns);
    }

    pub(crate) fn stop(&self) {
        self.rounds.borrow_mut().stop();
    }

    pub(crate) fn take_all(&self) -> Vec<Rc<User>> {
        self.by_place
            .borrow_mut()
            .drain(..)
            .filter_map(|entry| entry.user)
            .collect()
    }

    /// The next thing that a user does at `now_ns`, if any.
    pub(crate) fn decide(&self, now_ns: u64) -> Option<UserAction> {
        let take = |workflow: usize| self.workflows[workflow].as_ref()?.take();
        self.rounds.borrow_mut().decide(now_ns, take)
    }

    /// Records the task that runs an iteration of the user at a place.
    pub(crate) fn runs(&self, place: usize, task: usize) {
        if let Some(entry) = self.by_place.borrow_mut().get_mut(place) {
            entry.task = Some(task);
        }
    }

    /// The task of the user at a place, which is now cut off; none if it has none.
    pub(crate) fn cut_off(&self, place: usize) -> Option<usize> {
        let by_place = self.by_place.borrow();
        let entry = by_place.get(place)?;
        entry.user.as_ref()?.cut_off.set(true);
        entry.task
    }

    /// The user at a place; a new one if there is none, or its `init_user` failed.
    pub(crate) fn user(&self, place: usize, workflow: usize, number: u64) -> Rc<User> {
        let mut by_place = self.by_place.borrow_mut();
        if by_place.len() <= place {
            by_place.resize_with(place + 1, ClosedUser::default);
        }
        let entry = &mut by_place[place];
        match &entry.user {
            Some(user) if user.ready.get() => Rc::clone(user),
            _ => {
                let user = Rc::new(User::numbered(workflow, number, Kind::Round(place)));
                entry.user = Some(Rc::clone(&user));
                user
            }
        }
    }
}
