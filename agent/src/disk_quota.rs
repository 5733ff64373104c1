//! How much an agent may keep on disk until the collector has it: spools and journals of all assignments share it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

#[derive(Debug, Clone)]
pub(crate) struct DiskQuota {
    used: Arc<AtomicU64>,
    limit_bytes: u64,
}

impl DiskQuota {
    pub(crate) fn new(limit_bytes: u64) -> Self {
        Self {
            used: Arc::default(),
            limit_bytes,
        }
    }

    pub(crate) fn used_bytes(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }

    pub(crate) fn is_used_up(&self) -> bool {
        self.used_bytes() >= self.limit_bytes
    }

    /// Whether the eighth beyond it is used up too, which is there for statistics.
    pub(crate) fn is_reserve_used_up(&self) -> bool {
        self.used_bytes() >= self.limit_bytes.saturating_add(self.limit_bytes / 8)
    }

    pub(crate) fn take(&self, bytes: u64) {
        self.used.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(crate) fn give_back(&self, bytes: u64) {
        self.used.fetch_sub(bytes, Ordering::Relaxed);
    }
}
