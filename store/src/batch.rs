//! Batches of results and the outcome of committing one.

use heavy_results::aggregate::Voided;
use uuid::Uuid;

use crate::rows::Rows;

/// The sender of one sequence of batches.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Producer {
    /// The job.
    pub job: Uuid,
    /// The agent's name.
    pub agent: String,
    /// Number of the assignment's attempt, from 1.
    pub epoch: u32,
    /// Which of the assignment's two streams.
    pub stream: Stream,
}

/// The two streams of an assignment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stream {
    /// Roll-ups, events, closing.
    Stats,
    /// Raw rows.
    Rows,
}

/// A batch to commit.
#[derive(Debug)]
pub struct Batch {
    /// Its sender.
    pub producer: Producer,
    /// Its number in the producer's sequence, from 1, without gaps.
    pub sequence: u64,
    /// Checksum of the encoded content.
    pub crc32c: u32,
    /// Its content.
    pub content: Content,
}

/// The content of a batch.
#[derive(Debug)]
pub enum Content {
    /// Raw rows, for the tables.
    Rows(Box<Rows>),
    /// Encoded statistics or an encoded closing, stored unchanged for [`crate::StatisticsReader`].
    Encoded {
        /// The bytes.
        bytes: Vec<u8>,
        /// Whether it is a closing: the last batch of its producer.
        closing: bool,
    },
    /// Replaces rows that the agent discarded; only the mark advances, and they are counted.
    Void(Voided),
    /// Replaces statistics that the agent discarded; the encoded void is stored.
    EncodedVoid(Vec<u8>),
}

/// The outcome of committing a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Committed {
    /// Content and mark are durable.
    Stored,
    /// The batch, or the one that this void replaces, was committed before.
    Duplicate,
    /// An earlier batch is missing.
    Gap {
        /// The sequence number that comes next.
        expected: u64,
    },
    /// Another batch with this sequence number was committed before.
    Conflict,
    /// The database has no such job.
    UnknownJob,
    /// The job was deleted: the batch is not needed.
    Discarded,
}

/// The progress of a producer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// The producer.
    pub producer: Producer,
    /// The highest committed sequence.
    pub sequence: u64,
    /// Whether the closing was committed.
    pub closed: bool,
    /// The rows that were given up, up to that sequence.
    pub voided: Voided,
}

/// One batch of a stats stream, as it was committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncodedStats {
    /// Its number in the producer's sequence.
    pub sequence: u64,
    /// An encoded proto `Content`.
    pub bytes: Vec<u8>,
}
