//! The slots of a process: how many iterations run at once, over all cores and workflows.

use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};

use tokio::sync::Notify;

/// Slots that all cores take from. A core has no share of its own, so that none sits idle while another is full.
///
/// One core returns a slot and then looks for waiting cores; another announces that it waits and then looks for a free
/// slot. These four operations are sequentially consistent: otherwise each could miss what the other did, and a due
/// iteration would wait for a slot that is free.
#[derive(Debug)]
pub(crate) struct Slots {
    limit: AtomicU32,
    taken: AtomicU32,
    freed_ns: AtomicU64,
    cores: Vec<SlotWaiters>,
}

/// The due iterations of one core that wait for a slot.
#[derive(Debug, Default)]
struct SlotWaiters {
    count: AtomicUsize,
    freed: Notify,
}

impl Slots {
    pub(crate) fn new(cores: usize) -> Self {
        Self {
            limit: AtomicU32::new(0),
            taken: AtomicU32::new(0),
            freed_ns: AtomicU64::new(0),
            cores: (0..cores).map(|_| SlotWaiters::default()).collect(),
        }
    }

    pub(crate) fn set_limit(&self, limit: u32) {
        self.limit.store(limit, Ordering::Relaxed);
    }

    /// Takes a slot if one is free.
    pub(crate) fn take(&self) -> bool {
        let limit = self.limit.load(Ordering::Relaxed);
        self.taken
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |taken| {
                (taken < limit).then_some(taken + 1)
            })
            .is_ok()
    }

    /// Takes a slot even if none is free: the number of users of closed workflows is not limited by slots.
    pub(crate) fn occupy(&self) {
        self.taken.fetch_add(1, Ordering::AcqRel);
    }

    pub(crate) fn any_free(&self) -> bool {
        self.taken.load(Ordering::SeqCst) < self.limit.load(Ordering::Relaxed)
    }

    pub(crate) fn cores(&self) -> usize {
        self.cores.len()
    }

    pub(crate) fn taken(&self) -> u32 {
        self.taken.load(Ordering::Relaxed)
    }

    /// Returns a slot at `now_ns` and wakes another core that waits for one, unless iterations of `core` wait: it starts
    /// those itself.
    pub(crate) fn give_back(&self, core: usize, now_ns: u64) {
        self.freed_ns.store(now_ns, Ordering::Release);
        self.taken.fetch_sub(1, Ordering::SeqCst);
        let others = (1..self.cores.len()).map(|step| &self.cores[(core + step) % self.cores.len()]);
        if self.cores[core].count.load(Ordering::SeqCst) == 0 {
            for other in others {
                if other.count.load(Ordering::SeqCst) > 0 {
                    other.freed.notify_one();
                    return;
                }
            }
        }
    }

    /// When a slot was last returned.
    pub(crate) fn freed_ns(&self) -> u64 {
        self.freed_ns.load(Ordering::Acquire)
    }

    /// Sets how many iterations of a core wait for a slot.
    pub(crate) fn set_waiting(&self, core: usize, count: usize) {
        self.cores[core].count.store(count, Ordering::SeqCst);
    }

    /// Waits until another core has returned a slot that this one can take.
    pub(crate) async fn freed(&self, core: usize) {
        self.cores[core].freed.notified().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_than_the_limit_are_taken() {
        let slots = Slots::new(2);
        assert!(!slots.take());
        slots.set_limit(2);
        assert!(slots.take() && slots.take() && !slots.take());
        slots.give_back(0, 7);
        assert_eq!((slots.freed_ns(), slots.taken()), (7, 1));
        assert!(slots.take() && !slots.take());
    }

    #[tokio::test]
    async fn a_freed_slot_wakes_a_core_that_waits() {
        let slots = Slots::new(3);
        slots.set_limit(1);
        assert!(slots.take());
        slots.set_waiting(2, 1);
        slots.give_back(0, 1);
        slots.freed(2).await;
    }
}
