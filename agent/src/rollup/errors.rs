//! Errors of requests and iterations by kind, each with an example.

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::RandomState;
use heavy_results::stats;

use super::names::{EMPTY, OTHERS, Symbol};
use super::redact;
use super::requests::Tables;

/// Rows of one batch; beyond it errors of a workflow are merged.
const MAX_ROWS: usize = 2000;

/// An example is for people: its start is enough.
const MAX_EXAMPLE_BYTES: usize = 1024;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct ErrorKey {
    pub(crate) workflow: Symbol,
    pub(crate) step: Symbol,
    pub(crate) name: Symbol,
    pub(crate) kind: Symbol,
}

#[derive(Debug)]
struct ErrorSums {
    count: u64,
    repeats: u64,
    first_ns: i64,
    last_ns: i64,
    example: Arc<str>,
}

/// Errors since they were last taken.
#[derive(Debug, Default)]
pub(crate) struct ErrorTallies {
    rows: HashMap<ErrorKey, ErrorSums, RandomState>,
}

impl ErrorTallies {
    /// Counts an error that became known at `at_ns`, and that `repeats` the error of a request or is one of its own;
    /// `message` is made into an example only if it is needed.
    pub(crate) fn add(
        &mut self,
        place: ErrorKey,
        at_ns: i64,
        repeats: bool,
        message: impl FnOnce() -> String,
    ) {
        let place = if self.rows.len() < MAX_ROWS || self.rows.contains_key(&place) {
            place
        } else {
            ErrorKey {
                step: EMPTY,
                name: OTHERS,
                kind: OTHERS,
                ..place
            }
        };
        let sums = self.rows.entry(place).or_insert_with(|| {
            let message = message();
            let example = redact::text(&message, false);
            ErrorSums {
                count: 0,
                repeats: 0,
                first_ns: at_ns,
                last_ns: at_ns,
                example: Arc::from(&example[..example.floor_char_boundary(MAX_EXAMPLE_BYTES)]),
            }
        });
        sums.count += 1;
        sums.repeats += u64::from(repeats);
        sums.first_ns = sums.first_ns.min(at_ns);
        sums.last_ns = sums.last_ns.max(at_ns);
    }

    pub(crate) fn take(&mut self, tables: &Tables) -> Vec<stats::Errors> {
        let rows = self.rows.drain();
        rows.map(|(place, sums)| stats::Errors {
            workflow: Arc::clone(tables.workflows.text(place.workflow)),
            step: Arc::clone(tables.steps.text(place.step)),
            name: Arc::clone(tables.names.text(place.name)),
            kind: Arc::clone(tables.kinds.text(place.kind)),
            count: sums.count,
            repeats: sums.repeats,
            first_ns: sums.first_ns,
            last_ns: sums.last_ns,
            example: sums.example,
        })
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_message_is_the_example() {
        let (mut table, mut tables) = (ErrorTallies::default(), Tables::default());
        let place = ErrorKey {
            workflow: EMPTY,
            step: EMPTY,
            name: EMPTY,
            kind: tables.kinds.symbol("refused"),
        };
        table.add(place, 9, false, || "no http://u:p@h".into());
        table.add(place, 5, true, || unreachable!("an example is there"));
        let rows = table.take(&tables);
        assert_eq!((rows[0].count, rows[0].repeats), (2, 1));
        assert_eq!((rows[0].first_ns, rows[0].last_ns), (5, 9));
        assert_eq!(
            (rows[0].kind.as_ref(), rows[0].example.as_ref()),
            ("refused", "no http://h")
        );
    }
}
