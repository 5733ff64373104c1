//! The table of times: the whole job, then workflows with their steps and requests, as many as fit.

use std::collections::BTreeSet;

use heavy_results::summary::{Distribution, RequestSummary, Summary, WorkflowSummary};

use super::pieces::LABEL;
use crate::clip::{clip_middle, columns};
use crate::layout::{left, right, shape};
use crate::names;
use crate::page::{Page, Tone};
use crate::percentiles::{PERCENTILES, Percentile, ROUGH_NOTE};
use crate::units::{count, counted, percent, time};

/// Lines beside those of workflows, steps and requests: heads, the whole job, and notes.
pub(super) const OTHER_LINES: usize = 6;

/// Columns of each time.
const TIME: usize = 8;

/// Columns of shares.
const SHARE: usize = 7;

/// Columns of the shape of a distribution at the end of its row, with the blank before it.
const SHAPE: usize = 13;

/// The percentiles that are shown, between the average and the slowest.
const SHOWN: [&str; 3] = ["P50", "P95", "P99"];

#[derive(Debug)]
struct Row<'a> {
    name: String,
    depth: usize,
    /// How many failed, where that is known of them.
    failed: Option<u64>,
    times: &'a Distribution,
}

/// At most `most_rows` workflows, steps and requests; the full report has all of them.
pub(super) fn table(page: &mut Page, summary: &Summary, most_rows: usize) {
    let whole = of_the_job(summary);
    let parts = of_parts(summary);
    let shown = selected(&parts, most_rows);
    let left_out = parts.len() - shown.len();
    let rows: Vec<&Row<'_>> = whole
        .iter()
        .chain(shown.into_iter().map(|place| &parts[place]))
        .filter(|row| row.times.count > 0)
        .collect();
    if rows.is_empty() {
        return;
    }
    let widths = Widths::new(page.width, &rows);
    let heads = page.paint(Tone::Quiet, &widths.heads());
    page.line(&heads);
    for row in &rows {
        widths.write(page, row);
    }
    let mut notes = Vec::new();
    if left_out > 0 {
        notes.push(format!(
            "{} more in the full report",
            counted(left_out as u64, "row")
        ));
    }
    if rows
        .iter()
        .any(|row| percentiles().any(|one| one.is_rough(row.times)))
    {
        notes.push(ROUGH_NOTE.to_owned());
    }
    for note in notes {
        let note = page.paint(Tone::Quiet, &note);
        page.line(&format!("{:LABEL$}{note}", ""));
    }
}

fn percentiles() -> impl Iterator<Item = &'static Percentile> {
    PERCENTILES.iter().filter(|one| SHOWN.contains(&one.name))
}

fn of_the_job(summary: &Summary) -> Vec<Row<'_>> {
    let row = |name: &str, failed, times| Row {
        name: name.to_owned(),
        depth: 0,
        failed,
        times,
    };
    let mut rows = Vec::new();
    if let Some(response) = &summary.response_time {
        rows.push(row("response", Some(summary.iterations.failed), response));
    }
    if only_request(summary).is_none() {
        let failed = Some(summary.requests.failed);
        rows.push(row("requests", failed, &summary.requests.duration));
    }
    rows.push(row("gen. lag", None, &summary.generator_lag));
    rows
}

/// The only request of a load test that does nothing else: it stands for its workflow and for all requests.
fn only_request(summary: &Summary) -> Option<&RequestSummary> {
    match &summary.workflows[..] {
        [WorkflowSummary { steps, requests, .. }] if steps.is_empty() && requests.len() == 1 => {
            requests.first()
        }
        _ => None,
    }
}

fn of_parts(summary: &Summary) -> Vec<Row<'_>> {
    fn request(depth: usize, one: &RequestSummary) -> Row<'_> {
        Row {
            name: names::request(one),
            depth,
            failed: Some(one.failed),
            times: &one.duration,
        }
    }
    if let Some(only) = only_request(summary) {
        return vec![request(0, only)];
    }
    let mut rows = Vec::new();
    for workflow in &summary.workflows {
        rows.push(Row {
            name: workflow.name.clone(),
            depth: 0,
            failed: Some(workflow.iterations.failed),
            times: &workflow.duration,
        });
        rows.extend(workflow.requests.iter().map(|one| request(1, one)));
        for step in &workflow.steps {
            rows.push(Row {
                name: step.name.clone(),
                depth: 1,
                failed: Some(step.failed),
                times: &step.duration,
            });
            rows.extend(step.requests.iter().map(|one| request(2, one)));
        }
    }
    rows
}

/// The places of the rows to show: workflows first, then those with most failures and the slowest, each with those above it.
fn selected(rows: &[Row<'_>], most_rows: usize) -> BTreeSet<usize> {
    if rows.len() <= most_rows {
        return (0..rows.len()).collect();
    }
    let mut ranked: Vec<usize> = (0..rows.len()).collect();
    let slowest_first = |a: &f64, b: &f64| b.total_cmp(a);
    ranked.sort_by(|a, b| {
        let (a, b) = (&rows[*a], &rows[*b]);
        let rank = |row: &Row<'_>| (row.depth > 0, std::cmp::Reverse(row.failed));
        rank(a)
            .cmp(&rank(b))
            .then_with(|| slowest_first(&a.times.p99_ms, &b.times.p99_ms))
    });
    let mut shown = BTreeSet::new();
    for place in ranked {
        let with_parents: Vec<usize> = lineage(rows, place)
            .filter(|place| !shown.contains(place))
            .collect();
        if shown.len() + with_parents.len() <= most_rows {
            shown.extend(with_parents);
        }
    }
    shown
}

/// A row and those that it is a part of.
fn lineage<'a>(rows: &'a [Row<'a>], place: usize) -> impl Iterator<Item = usize> + 'a {
    std::iter::successors(Some(place), |&place| {
        let depth = rows[place].depth;
        (0..place).rev().find(|above| rows[*above].depth < depth)
    })
}

/// The columns of a table.
#[derive(Debug)]
struct Widths {
    name: usize,
    count: usize,
    has_shapes: bool,
}

impl Widths {
    fn new(page: usize, rows: &[&Row<'_>]) -> Self {
        let counts = rows.iter().map(|row| columns(&count(row.times.count)));
        let count = counts.max().unwrap_or(0).max(5) + 2;
        let figures = count + SHARE + (SHOWN.len() + 2) * TIME;
        let names = rows
            .iter()
            .map(|row| 2 * row.depth + columns(&crate::escape(&row.name)));
        let longest = names.max().unwrap_or(0).max(LABEL);
        let room = page.saturating_sub(figures);
        Self {
            name: longest.min(room),
            count,
            has_shapes: longest + SHAPE <= room,
        }
    }

    fn heads(&self) -> String {
        let mut heads = " ".repeat(self.name);
        heads.push_str(&right("count", self.count));
        heads.push_str(&right("fail", SHARE));
        for head in ["avg"].into_iter().chain(SHOWN).chain(["max"]) {
            heads.push_str(&right(head, TIME));
        }
        heads
    }

    fn write(&self, page: &mut Page, row: &Row<'_>) {
        let indent = 2 * row.depth;
        let name = clip_middle(&row.name, self.name.saturating_sub(indent));
        let name = left(&format!("{:indent$}{name}", ""), self.name);
        let name = if row.depth == 0 {
            page.paint(Tone::Strong, &name)
        } else {
            name
        };
        let times = row.times;
        let mut line = format!("{name}{}", right(&count(times.count), self.count));
        let failed = right(&share(row.failed, times.count), SHARE);
        line.push_str(&match row.failed {
            Some(1..) => page.paint(Tone::Bad, &failed),
            _ => failed,
        });
        line.push_str(&right(&time(times.mean_ms), TIME));
        for percentile in percentiles() {
            line.push_str(&right(&percentile.shown(times), TIME));
        }
        line.push_str(&right(&time(times.max_ms), TIME));
        if self.has_shapes {
            line.push_str(&page.paint(Tone::Quiet, &format!(" {}", shape(&times.buckets))));
        }
        page.line(&line);
    }
}

/// How many of them failed; `0%` and `100%` are exact.
fn share(failed: Option<u64>, all: u64) -> String {
    match failed {
        None => String::new(),
        Some(0) => "0%".to_owned(),
        Some(failed) if failed == all => "100%".to_owned(),
        Some(failed) => percent(failed as f64, all as f64),
    }
}
