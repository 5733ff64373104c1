//! A row of the report: its columns, and hostile texts as cells.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use heavy_results::summary::{Accounting, Distribution};

use crate::escape::escape;
use crate::percentiles::PERCENTILES;
use crate::statuses::{CLASSES, of_class};

/// Columns before the percentiles.
const BEFORE: [&str; 10] = [
    "level",
    "measure",
    "workflow",
    "step",
    "method",
    "name",
    "count",
    "failed",
    "rate_per_s",
    "bytes",
];

/// Columns after the percentiles: statuses, then the accounting of iterations, then what became of a threshold.
const AFTER: [&str; 20] = [
    "no_answer",
    "status_1xx",
    "status_2xx",
    "status_3xx",
    "status_4xx",
    "status_5xx",
    "statuses",
    "planned",
    "scheduled",
    "started",
    "ok",
    "interrupted",
    "lost",
    "dropped",
    "dropped_full",
    "dropped_late",
    "dropped_gap",
    "outcome",
    "value",
    "unit",
];

/// One row before it is written.
#[derive(Debug, Default)]
pub(super) struct Row<'a> {
    pub(super) level: &'a str,
    pub(super) measure: &'a str,
    pub(super) workflow: &'a str,
    pub(super) step: &'a str,
    pub(super) method: &'a str,
    pub(super) name: &'a str,
    /// How many, where there is no distribution that says so.
    pub(super) count: Option<u64>,
    pub(super) failed: Option<u64>,
    pub(super) rate: Option<f64>,
    pub(super) bytes: Option<u64>,
    pub(super) distribution: Option<&'a Distribution>,
    pub(super) statuses: Option<&'a BTreeMap<u16, u64>>,
    pub(super) iterations: Option<&'a Accounting>,
    pub(super) outcome: &'a str,
    pub(super) value: Option<f64>,
    pub(super) unit: &'a str,
}

/// The names of the columns.
pub(super) fn heads(out: &mut String) {
    let percentiles = PERCENTILES.iter().map(|percentile| percentile.column);
    let statistics = ["min_ms", "mean_ms"].into_iter().chain(percentiles);
    let heads: Vec<&str> = BEFORE.into_iter().chain(statistics).chain(AFTER).collect();
    out.push_str(&heads.join(","));
    out.push('\n');
}

impl Row<'_> {
    pub(super) fn write(&self, out: &mut String) {
        let texts = [
            self.level,
            self.measure,
            self.workflow,
            self.step,
            self.method,
            self.name,
        ];
        let mut cells: Vec<String> = texts.map(cell).to_vec();
        let count = self.distribution.map(|distribution| distribution.count);
        cells.push(number(count.or(self.count)));
        cells.push(number(self.failed));
        cells.push(self.rate.map_or_else(String::new, float));
        cells.push(number(self.bytes));
        cells.extend(self.times());
        cells.extend(self.status_cells());
        cells.extend(self.accounting());
        cells.push(cell(self.outcome));
        cells.push(self.value.map_or_else(String::new, float));
        cells.push(cell(self.unit));
        out.push_str(&cells.join(","));
        out.push('\n');
    }

    fn times(&self) -> Vec<String> {
        match self.distribution {
            // Without samples there is no fastest of them.
            Some(distribution) if distribution.count > 0 => {
                let percentiles = PERCENTILES.iter().map(|percentile| (percentile.of)(distribution));
                let means = [distribution.min_ms, distribution.mean_ms].into_iter();
                means.chain(percentiles).map(float).collect()
            }
            _ => vec![String::new(); PERCENTILES.len() + 2],
        }
    }

    fn status_cells(&self) -> Vec<String> {
        let Some(statuses) = self.statuses else {
            return vec![String::new(); CLASSES.len() + 2];
        };
        let classes = std::iter::once(0).chain(CLASSES);
        let mut cells: Vec<String> = classes
            .map(|class| of_class(statuses, class).to_string())
            .collect();
        let codes = statuses.iter().map(|(status, n)| format!("{status}:{n}"));
        cells.push(codes.collect::<Vec<_>>().join(" "));
        cells
    }

    fn accounting(&self) -> [String; 10] {
        let Some(all) = self.iterations else {
            return Default::default();
        };
        [
            all.planned,
            all.scheduled,
            all.started,
            all.ok,
            all.interrupted,
            all.lost,
            all.dropped.total(),
            all.dropped.full,
            all.dropped.late,
            all.dropped.gap,
        ]
        .map(|n| n.to_string())
    }
}

fn number(n: Option<u64>) -> String {
    n.map_or_else(String::new, |n| n.to_string())
}

fn float(value: f64) -> String {
    if value.is_finite() {
        value.to_string()
    } else {
        String::new()
    }
}

/// A hostile text as a cell: on one line, quoted if need be, and no formula for any spreadsheet.
fn cell(text: &str) -> String {
    let text = escape(text);
    let formula = text.trim_start().starts_with(['=', '+', '-', '@', '\\']);
    let guard = if formula { "'" } else { "" };
    if formula || text.contains([',', '"', ';']) || text != text.trim() {
        let mut quoted = String::new();
        // A String takes all text.
        let _ = write!(quoted, "\"{guard}{}\"", text.replace('"', "\"\""));
        return quoted;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_texts_on_one_line_and_no_formulas() {
        for (text, expected) in [
            ("GET /items/{id}", "GET /items/{id}"),
            ("a,b", "\"a,b\""),
            ("say \"x\"", "\"say \"\"x\"\"\""),
            ("=1+1", "\"'=1+1\""),
            ("  @SUM(A1)", "\"'  @SUM(A1)\""),
            ("-2", "\"'-2\""),
            ("\t=1", "\"'\\t=1\""),
            ("two\nlines", "two\\nlines"),
        ] {
            assert_eq!(cell(text), expected);
        }
    }
}
