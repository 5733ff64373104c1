//! How far the reader of a load test's stdout has come.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::clock::monotonic_ns;

#[derive(Debug)]
pub(crate) struct ReaderProgress {
    /// Whether it has read everything and waits for more.
    waiting: AtomicBool,
    /// When it had last read everything.
    caught_up_ns: AtomicU64,
}

impl ReaderProgress {
    pub(crate) const fn new() -> Self {
        Self {
            waiting: AtomicBool::new(true),
            caught_up_ns: AtomicU64::new(0),
        }
    }

    /// The reader waits for output.
    pub(crate) fn waits(&self) {
        self.waiting.store(true, Ordering::Release);
    }

    /// Output came; `everything` says whether that was all there was.
    pub(crate) fn got(&self, everything: bool) {
        if everything {
            self.caught_up_ns.store(monotonic_ns(), Ordering::Release);
        }
        self.waiting.store(false, Ordering::Release);
    }

    /// The instant up to which everything is read.
    pub(crate) fn read_ns(&self, now_ns: u64) -> u64 {
        if self.waiting.load(Ordering::Acquire) {
            now_ns
        } else {
            self.caught_up_ns.load(Ordering::Acquire)
        }
    }
}
