//! The tables of the whole job: accounting, times, distribution, windows, phases, statuses.

use heavy_results::summary::{Accounting, Distribution, PhaseMeans, Summary};

use super::sheet::{Cells, Head, Sheet, name};
use crate::markup::html;
use crate::percentiles::{PERCENTILES, ROUGH_NOTE};
use crate::statuses::by_class;
use crate::units::{count, percent, rate, round_time, time};

/// The heads of the columns that [`statistics`] fills.
const STATISTICS: [Head; 12] = [
    Head::Figures("samples"),
    Head::Figures("fastest"),
    Head::Figures("average"),
    Head::Figures("P10"),
    Head::Figures("P25"),
    Head::Figures("P50"),
    Head::Figures("P75"),
    Head::Figures("P90"),
    Head::Figures("P95"),
    Head::Figures("P99"),
    Head::Figures("P99.9"),
    Head::Figures("P100"),
];

/// The heads of a table whose rows end in [`statistics`].
pub(super) fn with_statistics<const N: usize>(first: [Head; N]) -> Vec<Head> {
    first.into_iter().chain(STATISTICS).collect()
}

/// Samples, fastest, average and percentiles of a distribution; what rests on too few samples is marked.
pub(super) fn statistics(distribution: &Distribution) -> Cells {
    let mut cells = vec![count(distribution.count)];
    if distribution.count == 0 {
        cells.extend(std::iter::repeat_n("-".to_owned(), STATISTICS.len() - 1));
        return cells;
    }
    cells.extend([distribution.min_ms, distribution.mean_ms].map(|ms| exact(ms, "")));
    cells.extend(PERCENTILES.iter().map(|percentile| {
        let value = (percentile.of)(distribution);
        if percentile.is_rough(distribution) {
            format!(
                "<span class=\"rough\" title=\"rests on too few samples\">{}</span>",
                exact(value, "~")
            )
        } else {
            exact(value, "")
        }
    }));
    cells
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
    let heads = [
        Head::Words("Iterations of"),
        Head::Figures("asked"),
        Head::Figures("due"),
        Head::Figures("started"),
        Head::Figures("ok"),
        Head::Figures("failed"),
        Head::Figures("interrupted"),
        Head::Figures("lost"),
        Head::Figures("dropped: full"),
        Head::Figures("late"),
        Head::Figures("gap"),
        Head::Figures("per second"),
    ];
    let cells = |of: String, all: &Accounting, per_second: Option<f64>| -> Cells {
        let bad = |n: u64| {
            if n > 0 {
                format!("<b class=\"bad\">{}</b>", count(n))
            } else {
                count(n)
            }
        };
        vec![
            of,
            count(all.planned),
            count(all.scheduled),
            count(all.started),
            count(all.ok),
            bad(all.failed),
            bad(all.interrupted),
            bad(all.lost),
            bad(all.dropped.full),
            bad(all.dropped.late),
            bad(all.dropped.gap),
            per_second.map_or_else(|| "-".to_owned(), rate),
        ]
    };
    let workflows = summary.workflows.iter().map(|workflow| {
        let completed = Some(workflow.rate);
        ("", cells(name(&workflow.name), &workflow.iterations, completed))
    });
    let whole = (
        "total",
        cells("the whole job".to_owned(), all, summary.job.achieved_rate),
    );
    sheet.table(
        "Iterations asked for and what became of them",
        &heads,
        workflows.chain([whole]),
    );
    if all.dropped.total() > 0 {
        sheet.note(
            "Dropped iterations were due and never started (full: no free slot; late: the generator was behind; gap: the agent \
             was gone). All times are of started ones only.",
        );
    }
    if summary.complete && !all.balances() {
        sheet.note("The accounting does not balance: due is not started + dropped, or started is not the sum of its parts.");
    }
    sheet.sql(summary.job.id, "workflows");
    sheet.end();
}

pub(super) fn times(sheet: &mut Sheet, summary: &Summary) {
    let duration = &summary.requests.duration;
    if duration.count == 0 && summary.generator_lag.count == 0 {
        return;
    }
    sheet.section("Response time and duration");
    let heads = with_statistics([Head::Words("Of")]);
    let mut rows = vec![("", "request duration", duration)];
    if let Some(response) = &summary.response_time {
        rows.insert(0, ("", "response time of iterations", response));
    }
    rows.push(("", "generator lag", &summary.generator_lag));
    let rows = rows.into_iter().map(|(class, what, distribution)| {
        let mut cells = vec![what.to_owned()];
        cells.extend(statistics(distribution));
        (class, cells)
    });
    sheet.table("Times of the whole job", &heads, rows);
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
    let heads = [
        Head::Figures("up to"),
        Head::Figures("count"),
        Head::Figures("share"),
        Head::Words("of the fullest"),
    ];
    let rows = distribution.buckets.iter().enumerate().map(|(place, bucket)| {
        let bound = if place == last {
            time(bucket.upper_ms)
        } else {
            round_time(bucket.upper_ms)
        };
        let width = 100.0 * bucket.count as f64 / most.max(1) as f64;
        let cells = vec![
            format!("≤ {bound}"),
            count(bucket.count),
            html(&percent(bucket.count as f64, distribution.count as f64)),
            format!("<div class=\"bar\" style=\"width:{width:.1}%\"></div>"),
        ];
        ("bars", cells)
    });
    sheet.table(caption, &heads, rows);
}

pub(super) fn windows(sheet: &mut Sheet, summary: &Summary) {
    if summary.windows.len() < 2 {
        return;
    }
    sheet.section("Windows");
    let heads = with_statistics([
        Head::Words("Window"),
        Head::Words("of"),
        Head::Figures("failed"),
        Head::Figures("per second"),
    ]);
    let mut rows: Vec<(&'static str, Cells)> = Vec::new();
    for window in &summary.windows {
        let span = format!("{} to {}", time(window.from_s * 1e3), time(window.until_s * 1e3));
        let length_s = window.until_s - window.from_s;
        let done = window.iterations.ok + window.iterations.failed;
        let iterations_rate = if length_s > 0.0 {
            rate(done as f64 / length_s)
        } else {
            "-".to_owned()
        };
        let mut row = |what: &str, failed: Option<u64>, per_second: String, of: &Distribution| {
            let head = format!("{} <span class=\"quiet\">{span}</span>", html(&window.name));
            let failed = failed.map_or_else(|| "-".to_owned(), count);
            let mut cells = vec![head, what.to_owned(), failed, per_second];
            cells.extend(statistics(of));
            rows.push(("", cells));
        };
        row(
            "requests",
            Some(window.requests_failed),
            rate(window.request_rate),
            &window.duration,
        );
        row(
            "iterations",
            Some(window.iterations.failed),
            iterations_rate,
            &window.iteration_duration,
        );
        if let Some(response) = &window.response_time {
            row("response time", None, "-".to_owned(), response);
        }
    }
    sheet.table("Warm-up, steady and ramp-down", &heads, rows);
    sheet.note("Iterations lie in the window in which they were scheduled, requests in that of their start. No total leaves one out.");
    sheet.sql(summary.job.id, "windows");
    sheet.end();
}

pub(super) fn phases(sheet: &mut Sheet, summary: &Summary) {
    let names = PhaseMeans::default().named().map(|(name, _)| Head::Figures(name));
    let heads: Vec<Head> = std::iter::once(Head::Words("Request"))
        .chain(names)
        .chain([Head::Figures("average duration")])
        .collect();
    let of_steps = |workflow: &'_ heavy_results::summary::WorkflowSummary| {
        let steps = workflow.steps.iter().flat_map(|step| step.requests.clone());
        workflow.requests.iter().cloned().chain(steps).collect::<Vec<_>>()
    };
    let requests = summary.workflows.iter().flat_map(of_steps);
    let rows: Vec<(&'static str, Cells)> = requests
        .filter(|request| request.phases != PhaseMeans::default())
        .map(|request| {
            let mut cells = vec![name(&request.name)];
            cells.extend(request.phases.named().map(|(_, mean)| time(mean)));
            cells.push(time(request.duration.mean_ms));
            ("", cells)
        })
        .collect();
    if rows.is_empty() {
        return;
    }
    sheet.section("Phases");
    sheet.table("Mean time of each phase of a request", &heads, rows);
    sheet.sql(summary.job.id, "phases");
    sheet.end();
}

pub(super) fn statuses(sheet: &mut Sheet, summary: &Summary) {
    let statuses = &summary.requests.status_counts;
    if statuses.is_empty() {
        return;
    }
    sheet.section("Status codes");
    let all: u64 = statuses.values().sum();
    let heads = [
        Head::Words("Class"),
        Head::Figures("requests"),
        Head::Figures("share"),
        Head::Words("codes"),
    ];
    let rows = by_class(statuses).into_iter().map(|class| {
        let cells = vec![
            class.name,
            count(class.total),
            html(&percent(class.total as f64, all as f64)),
            class.codes,
        ];
        ("", cells)
    });
    sheet.table("Requests by status", &heads, rows);
    sheet.sql(summary.job.id, "status codes");
    sheet.end();
}
