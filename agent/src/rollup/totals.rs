//! The account of a whole assignment, kept beside the seconds so that it can be checked and closed.

use heavy_load::histogram::Histogram;
use heavy_results::stats::{Closing, Iterations};

use super::saved::SavedTotals;

/// An account that does not add up: a defect of the agent, never of a load test.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("the account does not add up ({0:?}): please report this as a defect of heavy-agent")]
pub(crate) struct Unbalanced(Box<Closing>);

/// Adds rows on their way out.
pub(crate) fn add(totals: &mut Closing, rows: &[Iterations]) {
    for row in rows {
        totals.scheduled += row.scheduled;
        totals.started += row.started;
        totals.ok += row.ok;
        totals.failed += row.failed;
        totals.interrupted += row.interrupted;
        totals.lost += row.lost;
        totals.dropped += row.dropped.total();
        totals.generator_lag.merge(&row.generator_lag);
    }
}

/// Checks both identities.
pub(crate) fn balanced(totals: &Closing) -> Result<Closing, Unbalanced> {
    let is_balanced = totals.scheduled == totals.started + totals.dropped
        && totals.started == totals.ok + totals.failed + totals.interrupted + totals.lost;
    if is_balanced {
        Ok(totals.clone())
    } else {
        Err(Unbalanced(Box::new(totals.clone())))
    }
}

pub(crate) fn save(totals: &Closing) -> SavedTotals {
    SavedTotals {
        scheduled: totals.scheduled,
        started: totals.started,
        ok: totals.ok,
        failed: totals.failed,
        interrupted: totals.interrupted,
        lost: totals.lost,
        dropped: totals.dropped,
        malformed: totals.malformed,
        generator_lag: totals.generator_lag.encode(),
    }
}

pub(crate) fn restore(saved: &SavedTotals) -> Closing {
    Closing {
        scheduled: saved.scheduled,
        started: saved.started,
        ok: saved.ok,
        failed: saved.failed,
        interrupted: saved.interrupted,
        lost: saved.lost,
        dropped: saved.dropped,
        malformed: saved.malformed,
        // It was encoded by this code, and its record is intact.
        generator_lag: Histogram::decode(&saved.generator_lag).unwrap_or_default(),
        ..Closing::default()
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
        let mut totals = Closing::default();
        add(&mut totals, std::slice::from_ref(&row));
        let closing = balanced(&totals).unwrap();
        assert_eq!((closing.scheduled, closing.dropped, closing.lost), (3, 1, 1));
        add(&mut totals, &[Iterations { ok: 1, ..row }]);
        totals.ok += 1;
        assert!(balanced(&totals).is_err());
    }
}
