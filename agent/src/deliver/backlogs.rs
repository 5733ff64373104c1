//! What the agent has not yet delivered, for its heartbeats.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use heavy_proto::v1;

use crate::spool::Spool;

/// More are not listed in one heartbeat.
const MOST_LISTED: usize = 64;

/// All spools that are not delivered to their end. Delivery holds each for as long as it has something to deliver.
#[derive(Debug, Clone, Default)]
pub(crate) struct Backlogs(Arc<Mutex<Vec<Weak<Spool>>>>);

impl Backlogs {
    pub(super) fn add(&self, spool: &Arc<Spool>) {
        self.lock().push(Arc::downgrade(spool));
    }

    /// What is not yet acknowledged, of each assignment.
    pub(crate) fn list(&self) -> Vec<v1::Backlog> {
        let mut spools = self.lock();
        spools.retain(|spool| spool.strong_count() > 0);
        let held = spools.iter().filter_map(Weak::upgrade).take(MOST_LISTED);
        held.map(|spool| {
            let (batches, bytes) = spool.backlog();
            v1::Backlog {
                job: spool.producer.job.clone(),
                epoch: spool.producer.epoch,
                batches,
                bytes,
            }
        })
        .collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Weak<Spool>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
