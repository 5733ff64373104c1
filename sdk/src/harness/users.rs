//! The users of one core: identities with state of their own, taken in turn by iterations.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::Rc;

/// One user. It belongs to one workflow and one core.
pub(crate) struct User {
    /// Unique in the whole job: the agent's index, a dash, and the user's number in the process.
    pub(crate) id: String,
    /// Unique in the process.
    pub(crate) number: u64,
    /// Whether `init_user` succeeded.
    pub(crate) ready: Cell<bool>,
    /// What the load test keeps between iterations.
    pub(crate) state: RefCell<Option<Rc<dyn Any>>>,
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("User").field(&self.id).finish()
    }
}

/// All users of a core, by workflow.
#[derive(Debug)]
pub(crate) struct Users {
    agent_index: u32,
    next_number: Cell<u64>,
    cores: u64,
    free: RefCell<Vec<Vec<Rc<User>>>>,
}

impl Users {
    /// No users yet, on core `core` of `cores`.
    pub(crate) fn new(agent_index: u32, core: usize, cores: usize, workflows: usize) -> Self {
        Self {
            agent_index,
            next_number: Cell::new(core as u64),
            cores: cores as u64,
            free: RefCell::new((0..workflows).map(|_| Vec::new()).collect()),
        }
    }

    /// The user that was free last, so that few users do the work and their connections stay warm; a new one when
    /// none is free.
    pub(crate) fn take(&self, lane: usize) -> Rc<User> {
        let free = self.free.borrow_mut()[lane].pop();
        free.unwrap_or_else(|| self.create())
    }

    /// A user that no iteration will be given, for `init` and `cleanup`.
    pub(crate) fn create(&self) -> Rc<User> {
        let number = self.next_number.get();
        self.next_number.set(number + self.cores);
        Rc::new(User {
            id: format!("{}-{number}", self.agent_index),
            number,
            ready: Cell::new(false),
            state: RefCell::new(None),
        })
    }

    /// Makes a user free again. One that is not ready is forgotten: its `init_user` failed.
    pub(crate) fn give_back(&self, lane: usize, user: Rc<User>) {
        if user.ready.get() {
            self.free.borrow_mut()[lane].push(user);
        }
    }

    /// Takes all free users away.
    pub(crate) fn take_all(&self) -> Vec<(usize, Rc<User>)> {
        let mut free = self.free.borrow_mut();
        let lanes = free.iter_mut().enumerate();
        lanes
            .flat_map(|(lane, users)| users.drain(..).map(move |user| (lane, user)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_unique_over_cores_and_free_users_are_used_again() {
        let (first, second) = (Users::new(3, 0, 2, 1), Users::new(3, 1, 2, 1));
        let (a, b, c) = (first.take(0), second.take(0), first.take(0));
        assert_eq!([&*a.id, &*b.id, &*c.id], ["3-0", "3-1", "3-2"]);
        a.ready.set(true);
        first.give_back(0, a);
        first.give_back(0, c);
        assert_eq!(first.take(0).id, "3-0");
        assert_eq!(first.take(0).id, "3-4");
        assert!(first.take_all().is_empty());
    }
}
