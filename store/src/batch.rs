//! Batches of results: who sends them, what they hold, and what became of them.

use uuid::Uuid;

use crate::rows::Rows;

/// Who sends a sequence of batches.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Producer {
    /// The job.
    pub job: Uuid,
    /// The agent's name.
    pub agent: String,
    /// Counts the assignment's attempts, from 1.
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

/// A batch to be committed: its content and its place in the producer's sequence.
#[derive(Debug)]
pub struct Batch {
    /// Who sends it.
    pub producer: Producer,
    /// From 1, without gaps.
    pub sequence: u64,
    /// Of the encoded content.
    pub crc32c: u32,
    /// What it holds.
    pub content: Content,
}

/// What a batch holds.
#[derive(Debug)]
pub enum Content {
    /// Raw rows, for the tables.
    Rows(Box<Rows>),
    /// An encoded stats or closing content, kept as it is for the scheduler to fold.
    Encoded {
        /// The bytes.
        bytes: Vec<u8>,
        /// Whether it is the producer's closing: its last batch.
        closing: bool,
    },
    /// Stands in the place of rows that were given up; only the mark moves.
    Void,
    /// Stands in the place of stats that were given up: the encoded void, kept as it is for the scheduler to fold.
    EncodedVoid(Vec<u8>),
}

/// What became of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Committed {
    /// Content and mark are durable.
    Stored,
    /// It was committed before; or it is a void, and what it stands for was.
    Duplicate,
    /// An earlier one is missing.
    Gap {
        /// The sequence that would be next.
        expected: u64,
    },
    /// The sequence was committed before with another checksum.
    Conflict,
    /// There is no such job.
    UnknownJob,
    /// The job was deleted: nothing is kept, and nothing is missed.
    Discarded,
}

/// How far a producer has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// Who.
    pub producer: Producer,
    /// The highest committed sequence.
    pub sequence: u64,
    /// Whether the closing was committed.
    pub closed: bool,
}

/// One batch of a stats stream, as it was committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncodedStats {
    /// Its place.
    pub sequence: u64,
    /// An encoded proto `Content`.
    pub bytes: Vec<u8>,
}
