//! A row of the report: its columns.

use std::collections::BTreeMap;

use heavy_results::summary::{Accounting, Distribution};

use super::Csv;
use crate::percentiles::PERCENTILES;
use crate::statuses::{CLASSES, of_class};

/// Columns before the percentiles.
const BEFORE: &str = "level,measure,workflow,step,method,name,count,failed,rate_per_s,bytes,min_ms,mean_ms";

/// Columns after the percentiles: statuses, the accounting of iterations, the outcome of a threshold, the protocol family of a
/// request. New ones come last: programs may count columns.
const AFTER: &str = "no_answer,status_1xx,status_2xx,status_3xx,status_4xx,status_5xx,statuses,planned,scheduled,started,ok,\
                     interrupted,lost,dropped,dropped_full,dropped_late,dropped_gap,outcome,value,unit,protocol,unknown";

/// One row before it is written.
#[derive(Debug, Default)]
pub(super) struct StatisticRow<'a> {
    pub(super) level: &'a str,
    pub(super) measure: &'a str,
    pub(super) workflow: &'a str,
    pub(super) step: &'a str,
    pub(super) method: &'a str,
    pub(super) name: &'a str,
    /// The count of a row without a distribution.
    pub(super) count: Option<u64>,
    pub(super) failed: Option<u64>,
    pub(super) rate: Option<f64>,
    pub(super) bytes: Option<u64>,
    pub(super) distribution: Option<&'a Distribution>,
    pub(super) statuses: Option<&'a BTreeMap<u16, u64>>,
    /// Whether the statuses are those of another protocol than HTTP, which have no classes.
    pub(super) has_own_statuses: bool,
    pub(super) iterations: Option<&'a Accounting>,
    pub(super) outcome: &'a str,
    pub(super) value: Option<f64>,
    pub(super) unit: &'a str,
    pub(super) protocol: &'a str,
}

/// The names of the columns.
pub(super) fn header(out: &mut Csv) {
    let percentiles = PERCENTILES.iter().map(|percentile| percentile.column);
    out.header(BEFORE.split(',').chain(percentiles).chain(AFTER.split(',')));
}

impl<'a> StatisticRow<'a> {
    /// A row of a distribution.
    pub(super) fn new(
        level: &'a str,
        measure: &'a str,
        name: &'a str,
        distribution: &'a Distribution,
    ) -> Self {
        Self {
            level,
            measure,
            name,
            distribution: Some(distribution),
            ..Self::default()
        }
    }

    pub(super) fn write(&self, out: &mut Csv) {
        let texts = [
            self.level,
            self.measure,
            self.workflow,
            self.step,
            self.method,
            self.name,
        ];
        texts.into_iter().for_each(|cell| text(out, cell));
        let count = self.distribution.map(|distribution| distribution.count);
        out.optional(count.or(self.count));
        out.optional(self.failed);
        float(out, self.rate);
        out.optional(self.bytes);
        self.times(out);
        self.statuses(out);
        self.accounting(out);
        text(out, self.outcome);
        float(out, self.value);
        text(out, self.unit);
        text(out, self.protocol);
        out.optional(self.iterations.map(|all| all.unknown));
        out.end_record();
    }

    fn times(&self, out: &mut Csv) {
        // Without samples there is no fastest of them.
        let known = self.distribution.filter(|distribution| distribution.count > 0);
        float(out, known.map(|distribution| distribution.min_ms));
        float(out, known.map(|distribution| distribution.mean_ms));
        for percentile in &PERCENTILES {
            float(out, known.map(percentile.of));
        }
    }

    fn statuses(&self, out: &mut Csv) {
        for class in std::iter::once(0).chain(CLASSES) {
            let http = self.statuses.filter(|_| !self.has_own_statuses);
            out.optional(http.map(|statuses| of_class(statuses, class)));
        }
        let codes = self.statuses.into_iter().flatten();
        let codes = codes.map(|(status, n)| format!("{status}:{n}"));
        text(out, &codes.collect::<Vec<_>>().join(" "));
    }

    fn accounting(&self, out: &mut Csv) {
        let counts: [fn(&Accounting) -> u64; 10] = [
            |all| all.planned,
            |all| all.scheduled,
            |all| all.started,
            |all| all.ok,
            |all| all.interrupted,
            |all| all.lost,
            |all| all.dropped.total(),
            |all| all.dropped.full,
            |all| all.dropped.late,
            |all| all.dropped.gap,
        ];
        for count in counts {
            out.optional(self.iterations.map(count));
        }
    }
}

/// A hostile text; an empty one is a column that the row does not have.
fn text(out: &mut Csv, text: &str) {
    if text.is_empty() {
        out.null();
    } else {
        out.escaped(text);
    }
}

fn float(out: &mut Csv, value: Option<f64>) {
    out.optional(value.filter(|value| value.is_finite()));
}
