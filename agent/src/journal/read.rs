//! Reads the journal of an agent that is gone: all that is intact, in order.

use std::io;
use std::path::{Path, PathBuf};

use prost::Message;

use super::cipher::JournalCipher;
use super::frame::{self, FrameKind, JournalPosition, START_BYTES};
use super::note::{JournalOrder, PublishedNote};
use super::segments;
use crate::disk::fs;

/// An intact record.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum JournalRecord<'a> {
    /// Output and where it begins. What is between the end of one record and the beginning of the next is missing.
    Output { from: u64, bytes: &'a [u8] },
    /// An order, and how many came before it.
    Order { number: u64, order: JournalOrder },
    /// What may have been sent.
    Published(PublishedNote),
    /// Everything before this position came earlier, or is missing.
    From(JournalPosition),
    /// The load test is gone, and everything before this position is all there was.
    Ended(JournalPosition),
}

/// A journal on disk that nobody writes any more.
#[derive(Debug)]
pub(crate) struct JournalReader {
    dir: PathBuf,
    cipher: JournalCipher,
    numbers: Vec<u64>,
}

/// How the reading of a journal went.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ReadOutcome {
    /// Where the journal ends.
    pub(crate) end: JournalPosition,
    /// Segments with damage; half a record at the end of one is damage too.
    pub(crate) damaged: u64,
    /// Whether it goes on behind its end, by nobody knows how much.
    pub(crate) is_incomplete: bool,
}

impl JournalReader {
    pub(crate) fn open(dir: &Path) -> io::Result<Self> {
        Ok(Self {
            dir: dir.to_owned(),
            cipher: JournalCipher::open(dir)?,
            numbers: segments::found(dir)?,
        })
    }

    /// The number of the next segment.
    pub(super) fn next_number(&self) -> u64 {
        self.numbers.last().map_or(1, |last| last + 1)
    }

    pub(super) fn into_cipher(self) -> JournalCipher {
        self.cipher
    }

    /// Gives each intact record to `take`, with the instant at which it was written on the monotonic clock.
    pub(crate) fn read(
        &self,
        take: &mut dyn FnMut(JournalRecord<'_>, u64) -> io::Result<()>,
    ) -> io::Result<ReadOutcome> {
        let mut outcome = ReadOutcome::default();
        for number in &self.numbers {
            let path = segments::path(&self.dir, *number);
            outcome.is_incomplete = segments::is_incomplete(&self.dir, *number);
            let mut segment = match fs::read(&path) {
                Ok(segment) => segment,
                Err(error) => {
                    tracing::error!(path = %path.display(), %error, "cannot read a segment of a journal");
                    outcome.damaged += 1;
                    outcome.is_incomplete = true;
                    continue;
                }
            };
            self.segment(*number, &mut segment, &mut outcome, take)?;
        }
        Ok(outcome)
    }

    fn segment(
        &self,
        number: u64,
        segment: &mut [u8],
        outcome: &mut ReadOutcome,
        take: &mut dyn FnMut(JournalRecord<'_>, u64) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut damaged = false;
        match frame::read_start(segment) {
            Some(position) => {
                outcome.end = position;
                take(JournalRecord::From(position), 0)?;
            }
            // One that could not be written may be empty.
            None => damaged = !segment.is_empty(),
        }
        let mut at = START_BYTES;
        while let Some(found) = frame::next(segment, at) {
            damaged |= found.offset > at;
            at = found.end;
            let head = found.head;
            let Some(content) = frame::open(&self.cipher, number, segment, &found) else {
                damaged = true;
                continue;
            };
            let record = match head.kind {
                FrameKind::Output => {
                    outcome.end.output = head.position + content.len() as u64;
                    JournalRecord::Output {
                        from: head.position,
                        bytes: content,
                    }
                }
                FrameKind::Order => {
                    outcome.end.orders = head.position + 1;
                    JournalRecord::Order {
                        number: head.position,
                        order: JournalOrder::decode(content).map_err(io::Error::other)?,
                    }
                }
                FrameKind::Published => {
                    JournalRecord::Published(PublishedNote::decode(content).map_err(io::Error::other)?)
                }
                FrameKind::Ended => JournalRecord::Ended(JournalPosition {
                    output: frame::number(content),
                    orders: head.position,
                }),
                FrameKind::Gap => continue,
            };
            take(record, head.at_ns)?;
        }
        damaged |= at < segment.len();
        outcome.damaged += u64::from(damaged);
        Ok(())
    }
}
