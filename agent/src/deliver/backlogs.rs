//! What the agent has not yet delivered, for its heartbeats.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use heavy_proto::v1;

use crate::spool::Spool;

/// More are not listed in one heartbeat; the next one goes on with those that are left.
const MOST_LISTED: usize = 64;

/// All spools that are not delivered to their end. Delivery holds each for as long as it has something to deliver.
#[derive(Debug, Clone, Default)]
pub(crate) struct Backlogs(Arc<Mutex<Vec<Weak<Spool>>>>);

impl Backlogs {
    pub(super) fn add(&self, spool: &Arc<Spool>) {
        self.lock().push(Arc::downgrade(spool));
    }

    /// What is not yet acknowledged, of each assignment. If there are too many of them for one list, they take turns.
    pub(crate) fn list(&self) -> Vec<v1::Backlog> {
        let mut spools = self.lock();
        spools.retain(|spool| spool.strong_count() > 0);
        let held = spools.iter().take(MOST_LISTED).filter_map(Weak::upgrade);
        let listed = held.map(|spool| {
            let (batches, bytes) = spool.backlog();
            v1::Backlog {
                job: spool.producer.job.clone(),
                epoch: spool.producer.epoch,
                batches,
                bytes,
            }
        });
        let listed = listed.collect();
        if spools.len() > MOST_LISTED {
            spools.rotate_left(MOST_LISTED);
        }
        listed
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Weak<Spool>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
