//! A sender that never waits for its receiver: what does not fit into the channel is kept until it does.

use std::collections::VecDeque;

use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

/// Items that are kept at most, apart from the channel's own; the oldest goes first.
const MOST_KEPT: usize = 65_536;

/// The sending end.
#[derive(Debug)]
pub(crate) struct PatientSender<T> {
    sender: mpsc::Sender<T>,
    kept: VecDeque<T>,
    dropped: u64,
}

impl<T> PatientSender<T> {
    pub(crate) const fn new(sender: mpsc::Sender<T>) -> Self {
        Self {
            sender,
            kept: VecDeque::new(),
            dropped: 0,
        }
    }

    /// Sends an item after those that are kept. A receiver that is gone takes nothing.
    pub(crate) fn send(&mut self, item: T) {
        self.kept.push_back(item);
        self.flush();
        if self.kept.len() > MOST_KEPT {
            self.kept.pop_front();
            self.dropped += 1;
            if self.dropped.is_power_of_two() {
                tracing::error!(
                    dropped = self.dropped,
                    "the aggregation of a job is too far behind"
                );
            }
        }
    }

    /// Sends what fits now.
    pub(crate) fn flush(&mut self) {
        while let Some(item) = self.kept.pop_front() {
            match self.sender.try_send(item) {
                Ok(()) => {}
                Err(TrySendError::Full(item)) => {
                    self.kept.push_front(item);
                    return;
                }
                Err(TrySendError::Closed(_)) => self.kept.clear(),
            }
        }
    }

    /// Whether the receiver is further behind than its channel is long.
    pub(crate) fn is_behind(&self) -> bool {
        !self.kept.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_comes_later_in_its_order() {
        let (sender, mut receiver) = mpsc::channel(2);
        let mut sender = PatientSender::new(sender);
        (0..5).for_each(|item| sender.send(item));
        assert!(sender.is_behind());
        assert_eq!((receiver.try_recv(), receiver.try_recv()), (Ok(0), Ok(1)));
        assert!(receiver.try_recv().is_err());
        sender.send(5);
        assert_eq!((receiver.try_recv(), receiver.try_recv()), (Ok(2), Ok(3)));
        sender.flush();
        assert!(!sender.is_behind());
        assert_eq!((receiver.try_recv(), receiver.try_recv()), (Ok(4), Ok(5)));
        drop(receiver);
        sender.send(6);
        assert!(!sender.is_behind());
    }
}
