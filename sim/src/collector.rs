//! The collector: receives batches, commits one after the other, and acknowledges what is committed. All but the database dies with it.

use std::collections::VecDeque;

use heavy_proto::v1::{Ack, Batch, Outcome};
use heavy_store::Committed;

use crate::database::{Database, Recognition};
use crate::network::{Network, SessionId};

/// A mistake that is made on purpose, to see that it is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Planted {
    Nothing,
    /// The collector acknowledges what it has received and not yet committed.
    AcknowledgesBeforeCommit,
    /// The collector takes for a repetition what came again soon.
    RecognisesByTime,
    /// The agent notes how far its spool reaches before that is written.
    SavesOffsetFirst,
    /// The agent releases iterations whatever has become of its lease.
    ReleasesAfterLease,
}

/// How a commit goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CommitFate {
    Succeeds,
    /// The database is away.
    Fails,
    /// It is done, but the collector hears of an error.
    IsDoneUnheard,
    /// It is done, and the collector dies.
    IsDoneAndDies,
}

#[derive(Debug)]
pub(crate) struct Collector {
    pub(crate) database: Database,
    received: VecDeque<(SessionId, Batch)>,
    planted: Planted,
}

impl Collector {
    pub(crate) fn new(planted: Planted) -> Self {
        Self {
            database: Database::default(),
            received: VecDeque::new(),
            planted,
        }
    }

    pub(crate) fn receive(&mut self, network: &mut Network, session: SessionId, batch: Batch) {
        if self.planted == Planted::AcknowledgesBeforeCommit {
            network.send_ack(session, ack_of(&batch, Outcome::Stored));
        }
        self.received.push_back((session, batch));
    }

    pub(crate) fn has_work(&self) -> bool {
        !self.received.is_empty()
    }

    /// Commits the next batch; returns whether the collector lives.
    ///
    /// # Errors
    /// When something is stored twice.
    pub(crate) fn commit(
        &mut self,
        network: &mut Network,
        fate: CommitFate,
        now_ns: u64,
    ) -> Result<bool, String> {
        let Some((session, batch)) = self.received.pop_front() else {
            return Ok(true);
        };
        if fate == CommitFate::Fails {
            network.send_ack(session, ack_of(&batch, Outcome::Retry));
            return Ok(true);
        }
        let mut ack = ack_of(&batch, Outcome::Stored);
        let rule = match self.planted {
            Planted::RecognisesByTime => Recognition::ByTime(1_000_000_000),
            _ => Recognition::BySequence,
        };
        let outcome = match heavy_collector::simulation::decode(batch) {
            Err(refusal) => return Err(format!("the collector refuses a batch: {refusal}")),
            Ok(batch) => match self.database.commit(batch, rule, now_ns)? {
                Committed::Stored | Committed::Discarded => Outcome::Stored,
                Committed::Duplicate => Outcome::Duplicate,
                Committed::Gap { expected } => {
                    ack.expected = expected;
                    Outcome::Gap
                }
                Committed::Conflict => {
                    ack.expected = ack.sequence + 1;
                    Outcome::Refused
                }
                Committed::UnknownJob => Outcome::Retry,
            },
        };
        ack.set_outcome(outcome);
        match fate {
            CommitFate::Succeeds | CommitFate::Fails => {}
            CommitFate::IsDoneUnheard => ack.set_outcome(Outcome::Retry),
            CommitFate::IsDoneAndDies => {
                self.die();
                return Ok(false);
            }
        }
        if self.planted != Planted::AcknowledgesBeforeCommit || outcome != Outcome::Stored {
            network.send_ack(session, ack);
        }
        Ok(true)
    }

    /// It dies, and another one takes its place.
    pub(crate) fn die(&mut self) {
        self.received.clear();
    }
}

fn ack_of(batch: &Batch, outcome: Outcome) -> Ack {
    let mut ack = Ack {
        producer: batch.producer.clone(),
        sequence: batch.sequence,
        ..Ack::default()
    };
    ack.set_outcome(outcome);
    ack
}
