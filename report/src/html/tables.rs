//! The tables of the whole job: accounting, times, distribution, windows, phases, statuses.

use std::collections::BTreeMap;

use heavy_results::summary::{Distribution, PhaseMeans, RequestSummary, Summary};

use super::sheet::{Sheet, Table, bad, name};
use crate::markup::html;
use crate::names;
use crate::percentiles::{PERCENTILES, ROUGH_NOTE};
use crate::statuses::by_class;
use crate::units::{count, percent, rate, round_time, time};

impl<'a, T: 'a> Table<'a, T> {
    /// Adds columns of samples, fastest, average and percentiles of a row's distribution; what has too few samples is marked.
    pub(super) fn statistics(self, of: fn(&T) -> &Distribution) -> Self {
        let known = move |row: &T, cell: &dyn Fn(&Distribution) -> String| match of(row) {
            none if none.count == 0 => "-".to_owned(),
            distribution => cell(distribution),
        };
        let extremes = self
            .figures("samples", move |row| count(of(row).count))
            .figures("fastest", move |row| known(row, &|d| exact(d.min_ms, "")))
            .figures("average", move |row| known(row, &|d| exact(d.mean_ms, "")));
        PERCENTILES.iter().fold(extremes, |table, percentile| {
            let shown = |d: &Distribution| match (percentile.of)(d) {
                value if percentile.is_rough(d) => format!(
                    "<span class=\"rough\" title=\"has too few samples\">{}</span>",
                    exact(value, "~")
                ),
                value => exact(value, ""),
            };
            table.figures(percentile.name, move |row| known(row, &shown))
        })
    }
}

/// A time as people read it, with all its digits in ms for programs.
fn exact(ms: f64, mark: &str) -> String {
    format!("<data value=\"{ms}\">{mark}{}</data>", time(ms))
}

pub(super) fn iterations(sheet: &mut Sheet, summary: &Summary) {
    let all = &summary.iterations;
    if all.started == 0 && all.planned == 0 {
        return;
    }
    sheet.section("Asked against achieved");
    let workflows = summary.workflows.iter().map(|workflow| {
        let row = (name(&workflow.name), &workflow.iterations, workflow.achieved_rate);
        ("", row)
    });
    let whole = ("the whole job".to_owned(), all, summary.job.achieved_rate);
    Table::with_classes(workflows.chain([("total", whole)]))
        .words("Iterations of", |(of, ..)| of.clone())
        .figures("asked", |(_, all, _)| count(all.planned))
        .figures("due", |(_, all, _)| count(all.scheduled))
        .figures("started", |(_, all, _)| count(all.started))
        .figures("ok", |(_, all, _)| count(all.ok))
        .figures("failed", |(_, all, _)| bad(all.failed))
        .figures("interrupted", |(_, all, _)| bad(all.interrupted))
        .figures("lost", |(_, all, _)| bad(all.lost))
        .figures("dropped: full", |(_, all, _)| bad(all.dropped.full))
        .figures("late", |(_, all, _)| bad(all.dropped.late))
        .figures("gap", |(_, all, _)| bad(all.dropped.gap))
        .figures("unknown", |(_, all, _)| bad(all.unknown))
        .figures("started per second", |(.., per_second)| {
            per_second.map_or_else(|| "-".to_owned(), rate)
        })
        .write(sheet, "Iterations asked for and what became of them");
    if all.dropped.total() > 0 {
        sheet.note(
            "Dropped iterations were due and never started (full: no free slot; late: the generator was behind; gap: the agent \
             was gone). All times are of started ones only.",
        );
    }
    if all.unknown > 0 {
        sheet
            .note("Unknown iterations were due while their agent had its lease, and it did not report them.");
    }
    if summary.complete && !all.balances() {
        sheet.note(
            "The accounting does not balance: due is not started + dropped + unknown, or started is not the sum of its parts.",
        );
    }
    sheet.end_with_sql(summary.job.id, "workflows");
}

pub(super) fn times(sheet: &mut Sheet, summary: &Summary) {
    let duration = &summary.requests.duration;
    if duration.count == 0 && summary.generator_lag.count == 0 {
        return;
    }
    sheet.section("Response time and duration");
    let response = summary.response_time.iter();
    let rows = response
        .map(|response| ("response time of iterations", response))
        .chain([
            ("request duration", duration),
            ("generator lag", &summary.generator_lag),
        ]);
    of_distributions(sheet, "Times of the whole job", rows);
    let response = if summary.response_time.is_some() {
        "Response time: of iterations, from the instant at which they were due to their end."
    } else {
        "This load has no due instants, so there are no response times."
    };
    sheet.note(&format!(
        "Request duration: from asking for a connection to the last byte. {response} Generator lag: how late the generator \
         itself was. {ROUGH_NOTE}."
    ));
    sheet.end();
}

pub(super) fn distribution(sheet: &mut Sheet, summary: &Summary) {
    let duration = &summary.requests.duration;
    if duration.count == 0 {
        return;
    }
    sheet.section("Latency distribution");
    bars(sheet, "Durations of all requests", duration);
    sheet.end();
}

/// The automatic buckets of a distribution with bars.
pub(super) fn bars(sheet: &mut Sheet, caption: &str, distribution: &Distribution) {
    let most = distribution
        .buckets
        .iter()
        .map(|bucket| bucket.count)
        .max()
        .unwrap_or(0);
    let last = distribution.buckets.len().saturating_sub(1);
    Table::with_classes(distribution.buckets.iter().enumerate().map(|row| ("bars", row)))
        .figures("up to", |(place, bucket)| {
            let shown = if *place == last { time } else { round_time };
            format!("≤ {}", shown(bucket.upper_ms))
        })
        .figures("count", |(_, bucket)| count(bucket.count))
        .figures("share", |(_, bucket)| {
            html(&percent(bucket.count as f64, distribution.count as f64))
        })
        .words("of the fullest", |(_, bucket)| {
            let width = 100.0 * bucket.count as f64 / most.max(1) as f64;
            format!("<div class=\"bar\" style=\"width:{width:.1}%\"></div>")
        })
        .write(sheet, caption);
}

/// Distributions by what they are of.
pub(super) fn of_distributions<'a>(
    sheet: &mut Sheet,
    caption: &str,
    rows: impl IntoIterator<Item = (&'static str, &'a Distribution)>,
) {
    Table::new(rows)
        .words("Of", |(what, _)| (*what).to_owned())
        .statistics(|(_, of)| of)
        .write(sheet, caption);
}

/// Requests by class of status.
pub(super) fn status_classes(
    sheet: &mut Sheet,
    caption: &str,
    head: &'static str,
    statuses: &BTreeMap<u16, u64>,
) {
    let all: u64 = statuses.values().sum();
    Table::new(by_class(statuses))
        .words(head, |class| class.name.clone())
        .figures("requests", |class| count(class.total))
        .figures("share", |class| html(&percent(class.total as f64, all as f64)))
        .words("codes", |class| class.codes.clone())
        .write(sheet, caption);
}

/// Requests of other protocols than HTTP by their own statuses.
pub(super) fn protocol_statuses(
    sheet: &mut Sheet,
    caption: &str,
    protocols: &BTreeMap<String, BTreeMap<u16, u64>>,
) {
    let rows = protocols.iter().flat_map(|(protocol, counts)| {
        let all: u64 = counts.values().sum();
        counts.iter().map(move |(status, n)| (protocol, *status, *n, all))
    });
    Table::new(rows)
        .words("Protocol", |(protocol, ..)| name(protocol))
        .figures("status", |(_, status, ..)| status.to_string())
        .figures("requests", |(_, _, n, _)| count(*n))
        .figures("share", |(_, _, n, all)| html(&percent(*n as f64, *all as f64)))
        .write(sheet, caption);
}

/// A window in words, what of it, how many failed, how many a second, and their times.
type WindowRow<'a> = (String, &'static str, Option<u64>, Option<f64>, &'a Distribution);

pub(super) fn windows(sheet: &mut Sheet, summary: &Summary) {
    if summary.windows.len() < 2 {
        return;
    }
    sheet.section("Windows");
    let mut rows: Vec<WindowRow<'_>> = Vec::new();
    for window in &summary.windows {
        let span = format!("{} to {}", time(window.from_s * 1e3), time(window.until_s * 1e3));
        let head = format!("{} <span class=\"quiet\">{span}</span>", html(&window.name));
        let failed = (Some(window.requests_failed), Some(window.iterations.failed));
        rows.extend([
            (
                head.clone(),
                "requests",
                failed.0,
                Some(window.request_rate),
                &window.duration,
            ),
            (
                head.clone(),
                "iterations",
                failed.1,
                window.iteration_rate,
                &window.iteration_duration,
            ),
        ]);
        let response = window.response_time.iter();
        rows.extend(response.map(|response| (head.clone(), "response time", None, None, response)));
    }
    Table::new(rows)
        .words("Window", |(head, ..)| head.clone())
        .words("of", |(_, what, ..)| (*what).to_owned())
        .figures("failed", |(_, _, failed, ..)| {
            failed.map_or_else(|| "-".to_owned(), count)
        })
        .figures("per second", |(.., rate_s, _)| {
            rate_s.map_or_else(|| "-".to_owned(), rate)
        })
        .statistics(|(.., of)| of)
        .write(sheet, "Warm-up, steady and ramp-down");
    sheet.note("Iterations lie in the window in which they were scheduled, requests in that of their start. No total leaves one out.");
    sheet.end_with_sql(summary.job.id, "windows");
}

pub(super) fn phases(sheet: &mut Sheet, summary: &Summary) {
    let of_workflows = summary.workflows.iter().flat_map(|workflow| {
        let of_steps = workflow.steps.iter().flat_map(|step| &step.requests);
        workflow.requests.iter().chain(of_steps)
    });
    let measured = of_workflows.filter(|request| request.phases != PhaseMeans::default());
    let requests: Vec<&RequestSummary> = measured.collect();
    if requests.is_empty() {
        return;
    }
    sheet.section("Phases");
    let phases = PhaseMeans::default().named().into_iter().enumerate();
    let table = Table::new(requests).words("Request", |request| name(&names::request(request)));
    let table = phases.fold(table, |table, (place, (phase, _))| {
        table.figures(phase, move |request| time(request.phases.named()[place].1))
    });
    table
        .figures("average duration", |request| time(request.duration.mean_ms))
        .write(sheet, "Mean time of each phase of a request");
    sheet.end_with_sql(summary.job.id, "phases");
}

pub(super) fn statuses(sheet: &mut Sheet, summary: &Summary) {
    let (statuses, others) = (
        &summary.requests.status_counts,
        &summary.requests.protocol_status_counts,
    );
    if statuses.is_empty() && others.is_empty() {
        return;
    }
    sheet.section("Status codes");
    if !statuses.is_empty() {
        status_classes(sheet, "Requests by status", "Class", statuses);
    }
    if !others.is_empty() {
        protocol_statuses(sheet, "Requests of other protocols by status", others);
    }
    sheet.end_with_sql(summary.job.id, "status codes");
}
