//! What waits to be written to disk: bounded, so that a slow disk costs rows (counted) and never the load.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, PoisonError};

use heavy_results::stats::{Closing, Delta};

use crate::batch::ClosedBatch;
use crate::results::saved::SavedResults;

/// The most bytes of rows that wait; the queue discards and counts what comes beyond it.
const MAX_ROW_BYTES: usize = 16 << 20;

/// Deltas that wait; more are added up where they come from.
const MAX_DELTAS: usize = 8;

#[derive(Debug, PartialEq)]
pub(crate) enum QueueItem {
    /// Rows, and the output up to which they cover the journal.
    Rows(ClosedBatch, u64),
    /// Discarded rows: numbers of requests and iterations, and the output that they cover.
    Overflow(u64, u64, u64),
    /// Roll-ups, and what is needed to go on from there.
    Stats(Box<(Delta, SavedResults)>),
    /// The last batch of the stats stream.
    Closing(Box<Closing>),
}

#[derive(Debug, Default)]
struct QueueState {
    items: VecDeque<QueueItem>,
    row_bytes: usize,
    deltas: usize,
    ended: bool,
}

#[derive(Debug, Default)]
pub(crate) struct SpoolQueue {
    state: Mutex<QueueState>,
    filled: Condvar,
}

impl SpoolQueue {
    /// Adds rows, or counts them as discarded if too many wait.
    pub(crate) fn push_rows(&self, batch: ClosedBatch, covers: u64) {
        let mut state = self.lock();
        if state.row_bytes + batch.content.len() <= MAX_ROW_BYTES {
            state.row_bytes += batch.content.len();
            state.items.push_back(QueueItem::Rows(batch, covers));
        } else if let Some(QueueItem::Overflow(requests, iterations, covered)) = state.items.back_mut() {
            *requests += batch.requests;
            *iterations += batch.iterations;
            *covered = covers;
        } else {
            state
                .items
                .push_back(QueueItem::Overflow(batch.requests, batch.iterations, covers));
        }
        self.filled.notify_one();
    }

    pub(crate) fn takes_stats(&self) -> bool {
        self.lock().deltas < MAX_DELTAS
    }

    /// Adds a delta; who asked [`Self::takes_stats`] before keeps the bound.
    pub(crate) fn push_stats(&self, delta: Delta, saved: SavedResults) {
        let mut state = self.lock();
        state.deltas += 1;
        state.items.push_back(QueueItem::Stats(Box::new((delta, saved))));
        self.filled.notify_one();
    }

    /// Adds the last batch, if there is one, and lets the writer end.
    pub(crate) fn end(&self, closing: Option<Closing>) {
        let mut state = self.lock();
        if let Some(closing) = closing {
            state.items.push_back(QueueItem::Closing(Box::new(closing)));
        }
        state.ended = true;
        self.filled.notify_one();
    }

    /// The items there are, without waiting.
    pub(crate) fn take_now(&self) -> VecDeque<QueueItem> {
        let mut state = self.lock();
        state.row_bytes = 0;
        state.deltas = 0;
        std::mem::take(&mut state.items)
    }

    /// Waits for items; none when the queue was ended.
    pub(crate) fn take(&self) -> VecDeque<QueueItem> {
        let mut state = self.lock();
        while state.items.is_empty() && !state.ended {
            state = self.filled.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.row_bytes = 0;
        state.deltas = 0;
        std::mem::take(&mut state.items)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, QueueState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(bytes: usize) -> ClosedBatch {
        ClosedBatch {
            content: vec![0; bytes],
            requests: 2,
            iterations: 1,
        }
    }

    #[test]
    fn rows_beyond_the_bound_are_counted() {
        let queue = SpoolQueue::default();
        for place in 0..4 {
            queue.push_rows(batch(MAX_ROW_BYTES / 2), place);
        }
        queue.end(None);
        let items = queue.take();
        assert_eq!(items.len(), 3);
        assert_eq!(items[2], QueueItem::Overflow(4, 2, 3));
        assert!(queue.take().is_empty());
    }

    #[test]
    fn deltas_have_a_bound() {
        let queue = SpoolQueue::default();
        for _ in 0..MAX_DELTAS {
            assert!(queue.takes_stats());
            queue.push_stats(Delta::default(), SavedResults::default());
        }
        assert!(!queue.takes_stats());
        queue.take();
        assert!(queue.takes_stats());
    }
}
