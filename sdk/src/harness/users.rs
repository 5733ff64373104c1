//! The users of one core: identities with state of their own, taken in turn by iterations.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::Rc;

use crate::cookies::CookieJar;

/// Where a user comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Made when one was needed.
    Made,
    /// One of the job's identities, which are used in rotation.
    Identity,
    /// One that starts iterations by itself, at this place among those of its core.
    Round(usize),
}

/// One user. It belongs to one workflow and one core.
pub(crate) struct User {
    /// Unique in the whole job: its number in the job, or the agent's index, a dash, and its number in the process.
    pub(crate) id: String,
    /// Unique in the process among its kind; of all kinds but [`Kind::Made`], unique in the whole job.
    pub(crate) number: u64,
    pub(crate) kind: Kind,
    /// Its workflow.
    pub(crate) workflow: usize,
    /// Whether what it does is being cut off because it is gone.
    pub(crate) cut_off: Cell<bool>,
    /// Whether `init_user` succeeded.
    pub(crate) ready: Cell<bool>,
    /// What the load test keeps between iterations.
    pub(crate) state: RefCell<Option<Rc<dyn Any>>>,
    pub(crate) cookies: RefCell<CookieJar>,
}

impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("User").field(&self.id).finish()
    }
}

impl User {
    /// A user with a number in the whole job.
    pub(crate) fn numbered(workflow: usize, number: u64, kind: Kind) -> Self {
        Self::new(number.to_string(), workflow, number, kind)
    }

    fn new(id: String, workflow: usize, number: u64, kind: Kind) -> Self {
        Self {
            id,
            number,
            kind,
            workflow,
            cut_off: Cell::new(false),
            ready: Cell::new(false),
            state: RefCell::new(None),
            cookies: RefCell::default(),
        }
    }

    /// The group of its connections, if it has its own.
    pub(crate) const fn group(&self) -> u64 {
        match self.kind {
            Kind::Made => self.number,
            Kind::Identity | Kind::Round(_) => self.number | NUMBERED_GROUP,
        }
    }
}

/// Groups of users with a number in the job are apart from those of users that were made.
const NUMBERED_GROUP: u64 = 1 << 62;

/// All users of a core, by workflow.
#[derive(Debug)]
pub(crate) struct UserPool {
    agent_index: u32,
    next_number: Cell<u64>,
    cores: u64,
    free: RefCell<Vec<Vec<Rc<User>>>>,
    /// For each workflow whether its users are identities of the job, so that no others are made.
    fixed: Vec<bool>,
}

impl UserPool {
    /// No users yet, on core `core` of `cores`; `fixed` says which workflows have identities of the job.
    pub(crate) fn new(agent_index: u32, core: usize, cores: usize, fixed: Vec<bool>) -> Self {
        Self {
            agent_index,
            next_number: Cell::new(core as u64),
            cores: cores as u64,
            free: RefCell::new(fixed.iter().map(|_| Vec::new()).collect()),
            fixed,
        }
    }

    /// Whether an iteration of a workflow would have a user.
    pub(crate) fn has_one(&self, workflow: usize) -> bool {
        !self.fixed[workflow] || !self.free.borrow()[workflow].is_empty()
    }

    /// Adds an identity of the job, free to be taken.
    pub(crate) fn add(&self, user: Rc<User>) {
        self.free.borrow_mut()[user.workflow].push(user);
    }

    /// The user that was free last, so that few users do the work and their connections stay warm; a new one when
    /// none is free.
    pub(crate) fn take(&self, workflow: usize) -> Rc<User> {
        let free = self.free.borrow_mut()[workflow].pop();
        free.unwrap_or_else(|| self.create(workflow))
    }

    /// A user that no iteration will be given, for `init` and `cleanup`.
    pub(crate) fn create(&self, workflow: usize) -> Rc<User> {
        let number = self.next_number.get();
        self.next_number.set(number + self.cores);
        let id = format!("{}-{number}", self.agent_index);
        Rc::new(User::new(id, workflow, number, Kind::Made))
    }

    /// Makes a user free again. One that was made and is not ready is forgotten: its `init_user` failed. One that starts
    /// iterations by itself is never taken by others.
    pub(crate) fn give_back(&self, user: Rc<User>) {
        let back = match user.kind {
            Kind::Made => user.ready.get(),
            Kind::Identity => true,
            Kind::Round(_) => false,
        };
        if back {
            self.add(user);
        }
    }

    pub(crate) fn take_all(&self) -> Vec<Rc<User>> {
        let mut free = self.free.borrow_mut();
        free.iter_mut().flat_map(|users| users.drain(..)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_unique_over_cores_and_free_users_are_used_again() {
        let of_core = |core| UserPool::new(3, core, 2, vec![false]);
        let (first, second) = (of_core(0), of_core(1));
        let (a, b, c) = (first.take(0), second.take(0), first.take(0));
        assert_eq!([&*a.id, &*b.id, &*c.id], ["3-0", "3-1", "3-2"]);
        a.ready.set(true);
        first.give_back(a);
        first.give_back(c);
        assert_eq!(first.take(0).id, "3-0");
        assert_eq!(first.take(0).id, "3-4");
        assert!(first.take_all().is_empty());
    }

    #[test]
    fn identities_are_all_there_is() {
        let users = UserPool::new(3, 0, 1, vec![true]);
        assert!(!users.has_one(0));
        users.add(Rc::new(User::numbered(0, 17, Kind::Identity)));
        let identity = users.take(0);
        assert_eq!((&*identity.id, users.has_one(0)), ("17", false));
        users.give_back(identity);
        assert!(users.has_one(0), "one that is not ready tries again");
    }
}
