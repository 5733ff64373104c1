//! The rule of sequences, for simulations, whose databases are their own.

use crate::sequence::{self, Last, SequenceCheck};
use crate::{Batch, Committed};

/// Where a batch belongs after the last one, of which sequence and checksum are given; `None`: it is the next one, and to be stored.
/// `stored` looks up the checksum of an earlier batch of statistics.
pub fn place(
    last: Option<(u64, u32)>,
    batch: &Batch,
    stored: impl FnOnce(u64) -> Option<u32>,
) -> Option<Committed> {
    let last = last.map(|(sequence, crc32c)| Last { sequence, crc32c });
    match sequence::check(last, batch) {
        SequenceCheck::Next => None,
        SequenceCheck::Earlier => Some(sequence::earlier(stored(batch.sequence).map(i64::from), batch)),
        SequenceCheck::Known(committed) => Some(committed),
    }
}
