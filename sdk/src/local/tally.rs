//! Counting: the report of one thread as calls start and end, and of several together. Pure.

use super::{CallError, DropReason, Report};
use crate::summary::entry;

/// Of a message that is counted no more is kept.
const LONGEST_MESSAGE: usize = 1_024;

impl Report {
    /// A call has started, so late by the generator's fault.
    pub(super) fn count_start(&mut self, generator_lag_ns: u64) {
        self.started += 1;
        self.lag.record(generator_lag_ns);
    }

    pub(super) fn count_end(&mut self, duration_ns: u64, result: &Result<(), CallError>) {
        match result {
            Ok(()) => self.ok += 1,
            Err(CallError::Interrupted) => {
                self.interrupted += 1;
                return;
            }
            Err(CallError::Failed(message)) => self.count_failed(message),
            Err(CallError::Panicked(message)) => {
                self.panicked += 1;
                self.count_failed(message);
            }
        }
        self.duration.record(duration_ns);
    }

    fn count_failed(&mut self, message: &str) {
        self.failed += 1;
        let end = message.floor_char_boundary(LONGEST_MESSAGE);
        *entry(&mut self.errors, &message[..end]) += 1;
    }

    pub(super) fn count_canceled(&mut self, reason: DropReason) {
        match reason {
            DropReason::Full => self.full += 1,
            DropReason::Late => self.late += 1,
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.started += other.started;
        self.ok += other.ok;
        self.failed += other.failed;
        self.panicked += other.panicked;
        self.interrupted += other.interrupted;
        self.full += other.full;
        self.late += other.late;
        self.withdrawn += other.withdrawn;
        self.lag.merge(&other.lag);
        self.duration.merge(&other.duration);
        for (message, count) in &other.errors {
            *entry(&mut self.errors, message) += count;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn long_messages_are_cut() {
        let mut tally = Report::default();
        tally.count_end(1, &Err(CallError::Failed("ä".repeat(LONGEST_MESSAGE))));
        tally.count_end(1, &Err(CallError::Failed(format!("x{}", "ä".repeat(600)))));
        let longest = tally.errors.keys().map(String::len).max().unwrap();
        assert!(longest <= LONGEST_MESSAGE);
        assert_eq!((tally.errors.len(), tally.failed), (2, 2));
    }

    /// What happens to one call: it is canceled, or starts and ends in some way.
    fn take(tally: &mut Report, kind: u8, lag_ns: u64, duration_ns: u64) {
        let message = || format!("message {}", duration_ns % 3);
        let result = match kind {
            0 => return tally.count_canceled(DropReason::Full),
            1 => return tally.count_canceled(DropReason::Late),
            2 => Ok(()),
            3 => Err(CallError::Failed(message())),
            4 => Err(CallError::Panicked(message())),
            _ => Err(CallError::Interrupted),
        };
        tally.count_start(lag_ns);
        tally.count_end(duration_ns, &result);
    }

    proptest! {
        #[test]
        fn threads_together_count_what_one_would(
            calls in prop::collection::vec((0u8..6, 0u64..1 << 40, 0u64..1 << 40, 0usize..3), 0..200)
        ) {
            let mut one = Report::default();
            let mut threads: [Report; 3] = Default::default();
            for &(kind, lag_ns, duration_ns, thread) in &calls {
                take(&mut one, kind, lag_ns, duration_ns);
                take(&mut threads[thread], kind, lag_ns, duration_ns);
            }
            let mut sum = Report::default();
            for thread in &threads {
                sum.merge(thread);
            }
            prop_assert_eq!(&sum, &one);
            prop_assert_eq!(calls.len() as u64, one.started + one.full + one.late);
            prop_assert_eq!(one.started, one.ok + one.failed + one.interrupted);
            prop_assert_eq!(one.failed, one.errors.values().sum::<u64>());
            prop_assert_eq!(one.started, one.lag.count());
            prop_assert_eq!(one.ok + one.failed, one.duration.count());
        }
    }
}
