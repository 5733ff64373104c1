//! The account of a whole assignment, kept beside the seconds so that it can be checked and closed.

use heavy_load::histogram::Histogram;
use heavy_results::stats::{Closing, Iterations};

/// Sums of all rows of iterations that were ever taken.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct AccountTotals {
    scheduled: u64,
    started: u64,
    ok: u64,
    failed: u64,
    interrupted: u64,
    lost: u64,
    dropped: u64,
    generator_lag: Histogram,
}

/// An account that does not add up: a defect of the agent, never of a load test.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("the account does not add up ({0:?}): please report this as a defect of heavy-agent")]
pub(crate) struct Unbalanced(Box<AccountTotals>);

impl AccountTotals {
    /// Adds rows on their way out.
    pub(crate) fn add(&mut self, rows: &[Iterations]) {
        for row in rows {
            self.scheduled += row.scheduled;
            self.started += row.started;
            self.ok += row.ok;
            self.failed += row.failed;
            self.interrupted += row.interrupted;
            self.lost += row.lost;
            self.dropped += row.dropped.total();
            self.generator_lag.merge(&row.generator_lag);
        }
    }

    /// Checks both identities, and fills their numbers into a closing.
    pub(crate) fn close(&self) -> Result<Closing, Unbalanced> {
        let balanced = self.scheduled == self.started + self.dropped
            && self.started == self.ok + self.failed + self.interrupted + self.lost;
        if !balanced {
            return Err(Unbalanced(Box::new(self.clone())));
        }
        Ok(Closing {
            scheduled: self.scheduled,
            started: self.started,
            ok: self.ok,
            failed: self.failed,
            interrupted: self.interrupted,
            lost: self.lost,
            dropped: self.dropped,
            generator_lag: self.generator_lag.clone(),
            ..Closing::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_must_add_up() {
        let row = Iterations {
            scheduled: 3,
            started: 2,
            ok: 1,
            lost: 1,
            dropped: heavy_results::stats::Dropped {
                full: 1,
                ..Default::default()
            },
            ..Iterations::default()
        };
        let mut totals = AccountTotals::default();
        totals.add(std::slice::from_ref(&row));
        let closing = totals.close().unwrap();
        assert_eq!((closing.scheduled, closing.dropped, closing.lost), (3, 1, 1));
        totals.add(&[Iterations { ok: 1, ..row }]);
        totals.ok += 1;
        assert!(totals.close().is_err());
    }
}
