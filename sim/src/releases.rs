//! Which agent released which iteration.

use std::collections::BTreeMap;

use crate::database::ShareKey;

/// The releases of each iteration, by job and number, in order.
#[derive(Debug, Default)]
pub(crate) struct Releases(BTreeMap<(u32, u64), Vec<ShareKey>>);

impl Releases {
    /// An assignment's iterations go to its load test, with their due instants.
    pub(crate) fn note(&mut self, share: ShareKey, due: &[(u64, u64)]) {
        for (n, _) in due {
            self.0.entry((share.1.job, *n)).or_default().push(share);
        }
    }

    /// An iteration of a job that was released more than once, and not to anybody of whom it is known that they had missed a plan.
    pub(crate) fn doubled(&self, job: u32, knows: impl Fn(usize) -> bool) -> Option<(u64, &[ShareKey])> {
        let mut of_job = self.0.range((job, 0)..=(job, u64::MAX));
        let doubled =
            of_job.find(|(_, shares)| shares.len() > 1 && !shares.iter().any(|share| knows(share.0)))?;
        Some((doubled.0.1, doubled.1))
    }
}
