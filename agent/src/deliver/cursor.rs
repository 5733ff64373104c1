//! How far one stream was sent and acknowledged: pure.

use std::collections::VecDeque;

/// Batches of one stream that are sent and not acknowledged.
pub(crate) const MAX_BATCHES: usize = 8;

/// Their bytes; one batch may always be under way.
pub(crate) const MAX_BYTES: usize = 32 << 20;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AckOutcome {
    /// It is committed, now or before.
    Stored,
    /// The collector expects this sequence instead.
    Gap(u64),
    /// The collector will never accept it.
    Refused,
    /// The collector cannot accept it now.
    Retry,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    Nothing,
    /// All up to this sequence can be forgotten.
    Forget(u64),
    /// This batch must become a void and be sent again, in a new session.
    GiveUp(u64),
    /// All up to this sequence can be forgotten, and a new session begins.
    Restart(u64),
    /// Sending pauses, then goes on in a new session.
    Pause,
}

#[derive(Debug)]
pub(crate) struct Cursor {
    /// All up to here is committed.
    acknowledged: u64,
    next: u64,
    /// Sent and not acknowledged: sequence and size, ascending.
    under_way: VecDeque<(u64, usize)>,
    bytes: usize,
}

impl Cursor {
    /// A cursor at the beginning of a stream, whose first batch is `first`.
    pub(crate) fn new(first: u64) -> Self {
        Self {
            acknowledged: first.saturating_sub(1),
            next: first.max(1),
            under_way: VecDeque::new(),
            bytes: 0,
        }
    }

    /// The batch to send now, of those up to `durable`.
    pub(crate) fn next(&self, durable: u64) -> Option<u64> {
        let room =
            self.under_way.is_empty() || (self.under_way.len() < MAX_BATCHES && self.bytes < MAX_BYTES);
        (room && self.next <= durable).then_some(self.next)
    }

    /// Whether a batch was sent and not acknowledged.
    pub(crate) fn is_under_way(&self) -> bool {
        !self.under_way.is_empty()
    }

    /// Records that the batch from [`Self::next`] was sent.
    pub(crate) fn sent(&mut self, bytes: usize) {
        self.under_way.push_back((self.next, bytes));
        self.bytes += bytes;
        self.next += 1;
    }

    /// Whether all up to `last` is committed.
    pub(crate) const fn is_done(&self, last: u64) -> bool {
        self.acknowledged >= last
    }

    /// Takes an acknowledgement. Those of batches that are not under way (any more) say nothing new.
    pub(crate) fn acknowledge(&mut self, sequence: u64, outcome: AckOutcome) -> Effect {
        if !self.under_way.iter().any(|(sent, _)| *sent == sequence) {
            return Effect::Nothing;
        }
        match outcome {
            AckOutcome::Stored => {
                while let Some((sent, bytes)) = self.under_way.front().copied()
                    && sent <= sequence
                {
                    self.under_way.pop_front();
                    self.bytes -= bytes;
                }
                self.acknowledged = sequence;
                Effect::Forget(sequence)
            }
            AckOutcome::Gap(expected) => {
                // A collector that is ahead has what is asked for; one that is behind gets it again, as far as it is
                // still there.
                self.acknowledged = expected.clamp(1, self.next) - 1;
                self.rewind();
                Effect::Restart(self.acknowledged)
            }
            AckOutcome::Refused => {
                self.rewind();
                Effect::GiveUp(sequence)
            }
            AckOutcome::Retry => {
                self.rewind();
                Effect::Pause
            }
        }
    }

    /// Resends everything that is not acknowledged. Acknowledgements of what was sent before must not come any more.
    pub(crate) fn rewind(&mut self) {
        self.next = self.acknowledged + 1;
        self.under_way.clear();
        self.bytes = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn send(cursor: &mut Cursor, durable: u64) -> Vec<u64> {
        std::iter::from_fn(|| {
            let next = cursor.next(durable)?;
            cursor.sent(1000);
            Some(next)
        })
        .collect()
    }

    #[test]
    fn the_window_is_bounded_by_batches_and_bytes() {
        let mut cursor = Cursor::new(1);
        assert_eq!(send(&mut cursor, 100).len(), MAX_BATCHES);
        assert_eq!(cursor.acknowledge(3, AckOutcome::Stored), Effect::Forget(3));
        assert_eq!(send(&mut cursor, 100), [9, 10, 11]);
        let mut cursor = Cursor::new(1);
        cursor.sent(MAX_BYTES);
        assert_eq!(cursor.next(100), None);
    }

    #[test]
    fn every_outcome_has_its_effect() {
        for (outcome, effect, next) in [
            (AckOutcome::Stored, Effect::Forget(2), 5),
            (AckOutcome::Gap(1), Effect::Restart(0), 1),
            (AckOutcome::Gap(2), Effect::Restart(1), 2),
            (AckOutcome::Gap(9), Effect::Restart(4), 5),
            (AckOutcome::Refused, Effect::GiveUp(2), 1),
            (AckOutcome::Retry, Effect::Pause, 1),
        ] {
            let mut cursor = Cursor::new(1);
            send(&mut cursor, 4);
            assert_eq!(cursor.acknowledge(2, outcome), effect, "{outcome:?}");
            assert_eq!(cursor.next(9), Some(next), "{outcome:?}");
        }
    }

    #[test]
    fn a_late_acknowledgement_after_a_rewind_is_ignored() {
        let mut cursor = Cursor::new(1);
        send(&mut cursor, 4);
        cursor.rewind();
        assert_eq!(cursor.acknowledge(4, AckOutcome::Stored), Effect::Nothing);
        assert!(!cursor.is_done(1));
    }

    proptest! {
        #[test]
        fn whatever_happens_everything_is_committed_in_the_end(
            trouble in prop::collection::vec((0usize..8, 0u8..4), 0..40), last in 1u64..30,
        ) {
            let mut cursor = Cursor::new(1);
            let mut committed = 0;
            let mut trouble = trouble.into_iter();
            while !cursor.is_done(last) {
                let sent = send(&mut cursor, last);
                prop_assert!(!sent.is_empty());
                let mishap = trouble.next();
                for (place, sequence) in sent.into_iter().enumerate() {
                    let outcome = match mishap {
                        Some((at, kind)) if at == place => match kind {
                            0 => { cursor.rewind(); break }
                            1 => AckOutcome::Retry,
                            2 => AckOutcome::Refused,
                            // Committed, but the answer is lost.
                            _ => { committed = committed.max(sequence); cursor.rewind(); break }
                        },
                        _ if sequence == committed + 1 => { committed += 1; AckOutcome::Stored }
                        _ if sequence <= committed => AckOutcome::Stored,
                        _ => AckOutcome::Gap(committed + 1),
                    };
                    let effect = cursor.acknowledge(sequence, outcome);
                    if let Effect::Forget(sequence) | Effect::Restart(sequence) = effect {
                        prop_assert!(sequence <= committed, "nothing is forgotten before it is committed");
                    }
                    if matches!(outcome, AckOutcome::Retry | AckOutcome::Refused | AckOutcome::Gap(_)) { break }
                }
            }
            prop_assert_eq!(committed, last);
        }
    }
}
