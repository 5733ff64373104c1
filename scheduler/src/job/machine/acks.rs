//! Acknowledgements that agents owe, with deadlines.

use std::collections::{BTreeMap, BTreeSet};

/// Time after which an order without acknowledgement is overdue.
pub(crate) const ACK_LIMIT_NS: u64 = 2_000_000_000;

/// What an agent is to acknowledge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Awaited {
    /// The newest revision.
    Revision,
    /// The newest params.
    Params,
}

impl Awaited {
    /// The kind of the event that says that it is overdue.
    pub(crate) const fn overdue_event(self) -> &'static str {
        match self {
            Self::Revision => "revision-unacknowledged",
            Self::Params => "params-unacknowledged",
        }
    }
}

/// What each agent has yet to acknowledge: at most the newest of each kind, and nothing of one that is done.
#[derive(Debug, Default)]
pub(crate) struct Acks {
    pending: BTreeMap<(String, Awaited), Pending>,
    done: BTreeSet<String>,
}

#[derive(Debug)]
struct Pending {
    deadline_ns: u64,
    reported: bool,
}

impl Acks {
    /// Awaits an acknowledgement from now on; an older one of the same kind is not awaited any more.
    pub(crate) fn expect(&mut self, now_ns: u64, agent: &str, what: Awaited) {
        let pending = Pending {
            deadline_ns: now_ns + ACK_LIMIT_NS,
            reported: false,
        };
        if !self.done.contains(agent) {
            self.pending.insert((agent.to_owned(), what), pending);
        }
    }

    /// Notes an acknowledgement; false if none was awaited.
    pub(crate) fn acknowledge(&mut self, agent: &str, what: Awaited) -> bool {
        self.pending.remove(&(agent.to_owned(), what)).is_some()
    }

    /// Awaits nothing more of an agent, now and later.
    pub(crate) fn excuse(&mut self, agent: &str) {
        self.done.insert(agent.to_owned());
        self.pending.retain(|(of, _), _| of != agent);
    }

    /// An agent takes part again.
    pub(crate) fn expect_again(&mut self, agent: &str) {
        self.done.remove(agent);
    }

    /// What an agent has yet to acknowledge.
    pub(crate) fn of(&self, agent: &str) -> Vec<Awaited> {
        let of = self.pending.keys().filter(|(of, _)| of == agent);
        of.map(|(_, what)| *what).collect()
    }

    /// What is overdue now, and whether for the first time; each gets another deadline.
    pub(crate) fn take_overdue(&mut self, now_ns: u64) -> Vec<(String, Awaited, bool)> {
        let mut overdue = Vec::new();
        for ((agent, what), pending) in &mut self.pending {
            if now_ns >= pending.deadline_ns {
                overdue.push((agent.clone(), *what, !pending.reported));
                pending.deadline_ns = now_ns + ACK_LIMIT_NS;
                pending.reported = true;
            }
        }
        overdue
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_acknowledged_is_overdue_once_a_limit_and_new_once() {
        let mut acks = Acks::default();
        acks.expect(0, "a", Awaited::Revision);
        acks.expect(0, "b", Awaited::Revision);
        acks.expect(5, "b", Awaited::Params);
        assert!(acks.acknowledge("a", Awaited::Revision));
        assert!(!acks.acknowledge("a", Awaited::Revision), "once is enough");
        assert_eq!(acks.of("b"), [Awaited::Revision, Awaited::Params]);
        assert_eq!(acks.take_overdue(ACK_LIMIT_NS - 1), []);
        let b = || "b".to_owned();
        assert_eq!(acks.take_overdue(ACK_LIMIT_NS), [(b(), Awaited::Revision, true)]);
        assert_eq!(
            acks.take_overdue(2 * ACK_LIMIT_NS + 5),
            [(b(), Awaited::Revision, false), (b(), Awaited::Params, true)]
        );
        acks.excuse("b");
        acks.expect(0, "b", Awaited::Params);
        assert_eq!(acks.take_overdue(u64::MAX / 2), []);
    }

    #[test]
    fn a_newer_order_has_a_deadline_of_its_own() {
        let mut acks = Acks::default();
        acks.expect(0, "a", Awaited::Revision);
        acks.expect(10, "a", Awaited::Revision);
        assert_eq!(acks.take_overdue(ACK_LIMIT_NS), []);
        assert_eq!(acks.take_overdue(ACK_LIMIT_NS + 10).len(), 1);
    }
}
