//! The batches of a stream that are not acknowledged, counted where nobody who asks waits for the disk.

use std::sync::atomic::{AtomicU64, Ordering};

#[derive(Debug, Default)]
pub(crate) struct BacklogCount {
    batches: AtomicU64,
    bytes: AtomicU64,
}

impl BacklogCount {
    /// How many there are, and their bytes.
    pub(crate) fn read(&self) -> (u64, u64) {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        (read(&self.batches), read(&self.bytes))
    }

    pub(super) fn add(&self, bytes: usize) {
        self.batches.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(super) fn take(&self, bytes: usize) {
        self.batches.fetch_sub(1, Ordering::Relaxed);
        self.bytes.fetch_sub(bytes as u64, Ordering::Relaxed);
    }
}
