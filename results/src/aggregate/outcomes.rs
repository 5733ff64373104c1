//! What requests were answered with and how they failed, over a span of time.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::stats::Requests;
use heavy_load::protocol;

/// Kinds of errors that are kept apart; the others are counted together.
const MOST_KINDS: usize = 30;

/// The kind of errors beyond those that are kept apart.
const OTHER: &str = "(other)";

/// Statuses of HTTP by class, and errors by kind. Two neighbouring spans merge without loss.
#[derive(Debug, Clone, Default)]
pub(super) struct Outcomes {
    /// By the first digit of the status; 0: no answer.
    pub(super) classes: BTreeMap<u16, u64>,
    kinds: BTreeMap<Arc<str>, u64>,
}

impl Outcomes {
    pub(super) fn add(&mut self, row: &Requests) {
        let count = row.duration.count();
        if protocol::is_http(&row.protocol) {
            *self.classes.entry(row.status / 100).or_default() += count;
        }
        if row.failed {
            self.add_kind(&row.error_kind, count);
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        for (class, count) in &other.classes {
            *self.classes.entry(*class).or_default() += count;
        }
        for (kind, count) in &other.kinds {
            self.add_kind(kind, *count);
        }
    }

    fn add_kind(&mut self, kind: &Arc<str>, count: u64) {
        if let Some(sum) = self.kinds.get_mut(kind) {
            *sum += count;
            return;
        }
        let kind = if self.kinds.len() < MOST_KINDS {
            Arc::clone(kind)
        } else {
            OTHER.into()
        };
        *self.kinds.entry(kind).or_default() += count;
    }

    /// Failed requests by kind of error.
    pub(super) fn error_kinds(&self) -> BTreeMap<String, u64> {
        let kinds = self.kinds.iter();
        kinds.map(|(kind, count)| (kind.to_string(), *count)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use heavy_load::histogram::Histogram;

    fn requests(status: u16, kind: &str, count: u64) -> Requests {
        let mut duration = Histogram::default();
        (0..count).for_each(|_| duration.record(1_000_000));
        Requests {
            protocol: protocol::HTTP.into(),
            status,
            error_kind: kind.into(),
            failed: !kind.is_empty(),
            duration,
            ..Requests::default()
        }
    }

    #[test]
    fn kinds_are_bounded_and_none_is_lost() {
        let mut outcomes = Outcomes::default();
        outcomes.add(&requests(200, "", 3));
        outcomes.add(&requests(204, "", 1));
        for number in 0..100 {
            outcomes.add(&requests(503, &format!("kind {number}"), 2));
        }
        let mut both = outcomes.clone();
        both.merge(&outcomes);
        assert_eq!(both.classes, BTreeMap::from([(2, 8), (5, 400)]));
        let kinds = both.error_kinds();
        assert_eq!((kinds.len(), kinds.values().sum::<u64>()), (MOST_KINDS + 1, 400));
        assert_eq!(kinds["(other)"], 2 * 2 * 70);
    }

    #[test]
    fn statuses_of_other_protocols_have_no_class() {
        let mut outcomes = Outcomes::default();
        outcomes.add(&Requests {
            protocol: "grpc".into(),
            ..requests(14, "unavailable", 2)
        });
        assert!(outcomes.classes.is_empty());
        assert_eq!(outcomes.error_kinds()["unavailable"], 2);
    }
}
