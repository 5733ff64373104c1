//! A batch's place in its producer's sequence: the rules of duplicate, gap and conflict.

use heavy_results::aggregate::Voided;
use uuid::Uuid;

use crate::{Batch, Committed, Content, Mark, Producer, Stream};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Last {
    pub(crate) sequence: u64,
    pub(crate) crc32c: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SequenceCheck {
    /// It is the next one: store it.
    Next,
    /// It was committed before; whether with this checksum must be looked up.
    Earlier,
    Known(Committed),
}

/// Where a batch belongs after `last`; `None`: nothing was committed yet.
pub(crate) fn check(last: Option<Last>, batch: &Batch) -> SequenceCheck {
    let highest = last.map_or(0, |last| last.sequence);
    if batch.sequence == highest + 1 {
        return SequenceCheck::Next;
    }
    if batch.sequence > highest || batch.sequence == 0 {
        return SequenceCheck::Known(Committed::Gap {
            expected: highest + 1,
        });
    }
    // A batch that was committed and then damaged on the agent's disk comes again as a void: what it held is here.
    if matches!(batch.content, Content::Void(_) | Content::EncodedVoid(_)) {
        return SequenceCheck::Known(Committed::Duplicate);
    }
    match last {
        Some(last) if last.sequence == batch.sequence && last.crc32c != batch.crc32c => {
            SequenceCheck::Known(Committed::Conflict)
        }
        // Of earlier batches of rows the checksum is not kept.
        Some(last) if last.sequence != batch.sequence && batch.producer.stream == Stream::Stats => {
            SequenceCheck::Earlier
        }
        _ => SequenceCheck::Known(Committed::Duplicate),
    }
}

/// The outcome of a batch that was committed before, given the checksum that is stored under its sequence.
pub(crate) fn earlier(stored_crc32c: Option<i64>, batch: &Batch) -> Committed {
    if stored_crc32c.is_none_or(|crc32c| crc32c == i64::from(batch.crc32c)) {
        Committed::Duplicate
    } else {
        Committed::Conflict
    }
}

/// Whether nothing of the producer follows a batch.
pub(crate) const fn closes(batch: &Batch) -> bool {
    matches!(batch.content, Content::Encoded { closing: true, .. })
}

/// The columns of [`mark`], in its order.
pub(crate) const MARK: &str =
    "agent, epoch, stream, sequence, closed, voided_requests, voided_iterations, damaged_batches";

/// The values of [`MARK`].
pub(crate) type MarkRow = (String, i64, String, i64, bool, i64, i64, i64);

/// A mark from its columns.
pub(crate) fn mark(
    job: Uuid,
    (agent, epoch, stream, sequence, closed, requests, iterations, damaged_batches): MarkRow,
) -> Mark {
    Mark {
        producer: Producer {
            job,
            agent,
            epoch: epoch as u32,
            stream: stream_named(&stream),
        },
        sequence: sequence as u64,
        closed,
        voided: Voided {
            requests: requests as u64,
            iterations: iterations as u64,
            damaged_batches: damaged_batches as u64,
        },
    }
}

/// A stream's name in the databases.
pub(crate) const fn stream_name(stream: Stream) -> &'static str {
    match stream {
        Stream::Stats => "stats",
        Stream::Rows => "rows",
    }
}

fn stream_named(name: &str) -> Stream {
    if name == "stats" {
        Stream::Stats
    } else {
        Stream::Rows
    }
}

#[cfg(test)]
mod tests {
    use super::SequenceCheck::{Earlier, Known, Next};
    use super::*;

    #[test]
    fn only_the_next_batch_is_stored() {
        let batch = |stream, sequence, crc32c| Batch {
            producer: Producer {
                job: Uuid::nil(),
                agent: "a".to_owned(),
                epoch: 1,
                stream,
            },
            sequence,
            crc32c,
            content: Content::Rows(Box::default()),
        };
        let last = Some(Last {
            sequence: 5,
            crc32c: 7,
        });
        for (last, sequence, crc32c, stream, expected) in [
            (None, 1, 0, Stream::Rows, Next),
            (None, 2, 0, Stream::Rows, Known(Committed::Gap { expected: 1 })),
            (last, 0, 0, Stream::Rows, Known(Committed::Gap { expected: 6 })),
            (last, 6, 0, Stream::Rows, Next),
            (last, 7, 0, Stream::Rows, Known(Committed::Gap { expected: 6 })),
            (last, 5, 7, Stream::Rows, Known(Committed::Duplicate)),
            (last, 5, 8, Stream::Rows, Known(Committed::Conflict)),
            (last, 3, 8, Stream::Rows, Known(Committed::Duplicate)),
            (last, 3, 8, Stream::Stats, Earlier),
            (last, 5, 7, Stream::Stats, Known(Committed::Duplicate)),
        ] {
            assert_eq!(
                check(last, &batch(stream, sequence, crc32c)),
                expected,
                "{sequence} {crc32c}"
            );
        }
    }

    #[test]
    fn a_void_is_never_in_conflict() {
        let last = Some(Last {
            sequence: 5,
            crc32c: 7,
        });
        for (stream, content) in [
            (Stream::Rows, Content::Void(Voided::default())),
            (Stream::Stats, Content::EncodedVoid(vec![1])),
        ] {
            let mut batch = Batch {
                producer: Producer {
                    job: Uuid::nil(),
                    agent: "a".to_owned(),
                    epoch: 1,
                    stream,
                },
                sequence: 0,
                crc32c: 8,
                content,
            };
            for (sequence, expected) in [
                (3, Known(Committed::Duplicate)),
                (5, Known(Committed::Duplicate)),
                (6, Next),
                (7, Known(Committed::Gap { expected: 6 })),
            ] {
                batch.sequence = sequence;
                assert_eq!(check(last, &batch), expected, "{stream:?} {sequence}");
            }
        }
    }
}
