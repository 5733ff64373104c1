//! What a journal's records say, besides output.

use prost::Message;

use crate::rollup::WorkflowIndex;
use crate::spool::cover::RowCounts;

/// What the agent is about to do, and what follows for the account of iterations.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct JournalOrder {
    #[prost(oneof = "OrderKind", tags = "1, 2, 3, 4, 5, 6")]
    pub(crate) kind: Option<OrderKind>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
pub(crate) enum OrderKind {
    /// The job's clock is known, and output counts from here on. Both ends of it: see [`StartNote`].
    #[prost(message, tag = "1")]
    Start(StartNote),
    #[prost(message, tag = "2")]
    Release(ReleasedIterations),
    #[prost(message, tag = "3")]
    Users(ReleasedUsers),
    #[prost(message, tag = "4")]
    Refused(RefusedSpan),
    /// Nothing counts that becomes due after this instant of the monotonic clock.
    #[prost(uint64, tag = "5")]
    Freeze(u64),
    #[prost(message, tag = "6")]
    Revision(RevisionNote),
}

/// The job's clock.
#[derive(Clone, Copy, PartialEq, Message)]
pub(crate) struct StartNote {
    /// When the job starts, on the monotonic clock.
    #[prost(uint64, tag = "1")]
    pub(crate) start_monotonic_ns: u64,
    /// The anchor that the load test was given.
    #[prost(uint64, tag = "2")]
    pub(crate) anchor_monotonic_ns: u64,
    #[prost(uint64, tag = "3")]
    pub(crate) anchor_wall_ns: u64,
}

/// Iterations that are released: numbers and due instants, each as the difference to the one before.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct ReleasedIterations {
    #[prost(uint32, tag = "1")]
    workflow: u32,
    #[prost(uint64, repeated, tag = "2")]
    numbers: Vec<u64>,
    #[prost(uint64, repeated, tag = "3")]
    due_ns: Vec<u64>,
}

/// Users that are released, with the instants at which they come and leave.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct ReleasedUsers {
    #[prost(uint32, tag = "1")]
    workflow: u32,
    #[prost(uint64, repeated, tag = "2")]
    users: Vec<u64>,
    #[prost(uint64, repeated, tag = "3")]
    came_ns: Vec<u64>,
    #[prost(uint64, repeated, tag = "4")]
    until_ns: Vec<u64>,
}

/// Released iterations that the load test refused: their count from the first to the last number.
#[derive(Clone, Copy, PartialEq, Message)]
pub(crate) struct RefusedSpan {
    #[prost(uint32, tag = "1")]
    workflow: u32,
    #[prost(uint64, tag = "2")]
    first: u64,
    #[prost(uint64, tag = "3")]
    last: u64,
    #[prost(uint64, tag = "4")]
    count: u64,
}

/// A revision by which the plan goes on.
#[derive(Clone, Copy, PartialEq, Message)]
pub(crate) struct RevisionNote {
    #[prost(uint32, tag = "1")]
    pub(crate) number: u32,
    #[prost(uint64, tag = "2")]
    pub(crate) cut_ns: u64,
}

/// What of a spool may have been sent. All of it was written, but for what a full disk did not take.
#[derive(Clone, Copy, PartialEq, Eq, Message)]
pub(crate) struct PublishedNote {
    #[prost(uint64, tag = "1")]
    pub(crate) stats_sequence: u64,
    #[prost(uint64, tag = "2")]
    pub(crate) rows_sequence: u64,
    /// What its roll-ups cover.
    #[prost(uint64, tag = "3")]
    pub(crate) stats_output: u64,
    #[prost(uint64, tag = "4")]
    pub(crate) stats_orders: u64,
    /// What its rows cover.
    #[prost(uint64, tag = "5")]
    pub(crate) rows_output: u64,
    /// The requests and iterations of its rows, voids included.
    #[prost(uint64, tag = "6")]
    pub(crate) requests: u64,
    #[prost(uint64, tag = "7")]
    pub(crate) iterations: u64,
    /// Those of them that were discarded.
    #[prost(uint64, tag = "8")]
    pub(crate) voided_requests: u64,
    #[prost(uint64, tag = "9")]
    pub(crate) voided_iterations: u64,
    /// Up to when its roll-ups count what is due, in the job's time: they may differ in nothing else.
    #[prost(sint64, tag = "10")]
    pub(crate) stats_due_ns: i64,
    /// The first second that its roll-ups do not call complete.
    #[prost(uint32, tag = "11")]
    pub(crate) complete_before: u32,
    /// Whether the account was closed: no roll-ups follow, but for the closing.
    #[prost(bool, tag = "12")]
    pub(crate) closed: bool,
}

impl PublishedNote {
    /// What only grows from one note of a spool to the next.
    pub(crate) const fn age(&self) -> (u64, u64, u64, u64) {
        (
            self.stats_sequence,
            self.rows_sequence,
            self.requests,
            self.iterations,
        )
    }

    /// All rows, of the sequences that it names.
    pub(crate) const fn rows(&self) -> RowCounts {
        RowCounts {
            requests: self.requests,
            iterations: self.iterations,
            voided_requests: self.voided_requests,
            voided_iterations: self.voided_iterations,
        }
    }

    pub(crate) fn newer(self, other: Self) -> Self {
        if other.age() > self.age() { other } else { self }
    }
}

fn index(workflow: u32) -> WorkflowIndex {
    WorkflowIndex::try_from(workflow).unwrap_or(WorkflowIndex::MAX)
}

fn differences(values: impl Iterator<Item = u64>) -> Vec<u64> {
    let mut last = 0;
    values
        .map(|value| {
            let difference = value.wrapping_sub(last);
            last = value;
            difference
        })
        .collect()
}

fn sums(differences: &[u64]) -> impl Iterator<Item = u64> {
    differences.iter().scan(0_u64, |last, difference| {
        *last = last.wrapping_add(*difference);
        Some(*last)
    })
}

impl ReleasedIterations {
    pub(crate) fn new(workflow: WorkflowIndex, due: &[(u64, u64)]) -> Self {
        Self {
            workflow: workflow.into(),
            numbers: differences(due.iter().map(|(n, _)| *n)),
            due_ns: differences(due.iter().map(|(_, due_ns)| *due_ns)),
        }
    }

    pub(crate) fn read(&self) -> (WorkflowIndex, Vec<(u64, u64)>) {
        let due = sums(&self.numbers).zip(sums(&self.due_ns));
        (index(self.workflow), due.collect())
    }
}

impl ReleasedUsers {
    pub(crate) fn new(workflow: WorkflowIndex, users: &[(u64, u64, u64)]) -> Self {
        Self {
            workflow: workflow.into(),
            users: users.iter().map(|(user, ..)| *user).collect(),
            came_ns: users.iter().map(|(_, came_ns, _)| *came_ns).collect(),
            until_ns: users.iter().map(|(.., until_ns)| *until_ns).collect(),
        }
    }

    pub(crate) fn read(&self) -> (WorkflowIndex, Vec<(u64, u64, u64)>) {
        let users = self.users.iter().zip(&self.came_ns).zip(&self.until_ns);
        let users = users.map(|((user, came_ns), until_ns)| (*user, *came_ns, *until_ns));
        (index(self.workflow), users.collect())
    }
}

impl RefusedSpan {
    pub(crate) fn new(workflow: WorkflowIndex, (first, last, count): (u64, u64, u64)) -> Self {
        Self {
            workflow: workflow.into(),
            first,
            last,
            count,
        }
    }

    pub(crate) fn read(&self) -> (WorkflowIndex, (u64, u64, u64)) {
        (index(self.workflow), (self.first, self.last, self.count))
    }
}

impl From<OrderKind> for JournalOrder {
    fn from(kind: OrderKind) -> Self {
        Self { kind: Some(kind) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn released_iterations_and_users_come_back() {
        let due = [(7, 50_000), (9, 60_000), (u64::MAX, u64::MAX), (3, 1)];
        let released = ReleasedIterations::new(2, &due);
        let encoded = JournalOrder::from(OrderKind::Release(released)).encode_to_vec();
        let Some(OrderKind::Release(read)) = JournalOrder::decode(&*encoded).unwrap().kind else {
            panic!("another order");
        };
        assert_eq!(read.read(), (2, due.to_vec()));
        let users = [(1, 0, 9), (5, 3, u64::MAX)];
        assert_eq!(ReleasedUsers::new(1, &users).read(), (1, users.to_vec()));
        assert_eq!(RefusedSpan::new(1, (3, 9, 4)).read(), (1, (3, 9, 4)));
    }
}
