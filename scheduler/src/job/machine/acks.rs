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
    /// Of revisions: number and cut of each that is not acknowledged, in order.
    revisions: Vec<(u32, u64)>,
}

impl Acks {
    /// Awaits the acknowledgement of params from now on; that of older ones is not awaited any more.
    pub(crate) fn expect_params(&mut self, now_ns: u64, agent: &str) {
        self.expect(now_ns, agent, Awaited::Params, Vec::new());
    }

    /// Awaits the acknowledgement of a revision from now on. Until then the agent follows the last one that it has acknowledged.
    pub(crate) fn expect_revision(&mut self, now_ns: u64, agent: &str, (number, cut_ns): (u32, u64)) {
        let key = (agent.to_owned(), Awaited::Revision);
        let before = self.pending.remove(&key);
        let mut revisions = before.map_or_else(Vec::new, |before| before.revisions);
        revisions.push((number, cut_ns));
        self.expect(now_ns, agent, Awaited::Revision, revisions);
    }

    fn expect(&mut self, now_ns: u64, agent: &str, what: Awaited, revisions: Vec<(u32, u64)>) {
        let pending = Pending {
            deadline_ns: now_ns + ACK_LIMIT_NS,
            reported: false,
            revisions,
        };
        if !self.done.contains(agent) {
            self.pending.insert((agent.to_owned(), what), pending);
        }
    }

    /// Notes the acknowledgement of params.
    pub(crate) fn acknowledge_params(&mut self, agent: &str) {
        self.pending.remove(&(agent.to_owned(), Awaited::Params));
    }

    /// Notes the acknowledgement of a revision. Earlier ones that were awaited have not reached the agent: returns the first cut
    /// and its own, `None` if it was not awaited.
    pub(crate) fn acknowledge_revision(&mut self, agent: &str, number: u32) -> Option<(u64, u64)> {
        let key = (agent.to_owned(), Awaited::Revision);
        let pending = self.pending.get_mut(&key)?;
        let heard = pending.revisions.extract_if(.., |(of, _)| *of <= number);
        let cuts: Vec<u64> = heard.map(|(_, cut_ns)| cut_ns).collect();
        if pending.revisions.is_empty() {
            self.pending.remove(&key);
        }
        cuts.first().copied().zip(cuts.last().copied())
    }

    /// Awaits nothing more of an agent, now and later. Returns the first cut of which it has not acknowledged that it knows it.
    pub(crate) fn excuse(&mut self, agent: &str) -> Option<u64> {
        self.done.insert(agent.to_owned());
        let excused = self.pending.extract_if(.., |(of, _), _| of == agent);
        let cuts = excused.flat_map(|(_, pending)| pending.revisions);
        cuts.map(|(_, cut_ns)| cut_ns).min()
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
        acks.expect_revision(0, "a", (1, 70));
        acks.expect_revision(0, "b", (1, 70));
        acks.expect_params(5, "b");
        assert_eq!(acks.acknowledge_revision("a", 1), Some((70, 70)));
        assert_eq!(acks.acknowledge_revision("a", 1), None, "once is enough");
        assert_eq!(acks.of("b"), [Awaited::Revision, Awaited::Params]);
        assert_eq!(acks.take_overdue(ACK_LIMIT_NS - 1), []);
        let b = || "b".to_owned();
        assert_eq!(acks.take_overdue(ACK_LIMIT_NS), [(b(), Awaited::Revision, true)]);
        assert_eq!(
            acks.take_overdue(2 * ACK_LIMIT_NS + 5),
            [(b(), Awaited::Revision, false), (b(), Awaited::Params, true)]
        );
        assert_eq!(acks.excuse("b"), Some(70));
        acks.expect_params(0, "b");
        assert_eq!(acks.take_overdue(u64::MAX / 2), []);
    }

    #[test]
    fn a_newer_order_has_a_deadline_of_its_own() {
        let mut acks = Acks::default();
        acks.expect_revision(0, "a", (1, 70));
        acks.expect_revision(10, "a", (2, 80));
        assert_eq!(acks.take_overdue(ACK_LIMIT_NS), []);
        assert_eq!(acks.take_overdue(ACK_LIMIT_NS + 10).len(), 1);
    }

    #[test]
    fn an_acknowledgement_is_of_all_revisions_up_to_its_own() {
        let mut acks = Acks::default();
        acks.expect_revision(0, "a", (1, 70));
        acks.expect_revision(10, "a", (2, 80));
        assert_eq!(acks.acknowledge_revision("a", 1), Some((70, 70)));
        acks.expect_revision(20, "a", (3, 90));
        assert_eq!(
            acks.acknowledge_revision("a", 3),
            Some((80, 90)),
            "the second was missed"
        );
        assert_eq!((acks.of("a"), acks.excuse("a")), (vec![], None));
    }
}
