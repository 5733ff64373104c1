//! The charts over time: rate, times, errors, what ran, lag.

use heavy_results::summary::{Point, Summary};

use super::axis::{Axis, clock};
use super::chart::{ChartLine, TimeChart, middle_s, most, per_second, starts_per_second};
use super::outcomes;
use super::sheet::{Sheet, Table};
use crate::units::{count, number, time};

/// Lines that only some loads have: users are not asked for a rate, and nothing of theirs is due.
const ASKED: &str = "iterations asked";
const RESPONSE: &str = "response time P99";

/// A chart over time: its name, what it shows, whether its axis is one of times on a logarithmic scale, and its lines.
struct ChartSpec {
    title: &'static str,
    about: &'static str,
    is_log_time: bool,
    lines: &'static [LineSpec],
}

/// A line of a chart: its name, its class, and its value at a point.
type LineSpec = (&'static str, &'static str, fn(&Summary, &Point) -> Option<f64>);

const CHARTS: [ChartSpec; 5] = [
    ChartSpec {
        title: "Rate, per second",
        about: "Iterations asked for, started and completed, and requests completed, per second over time",
        is_log_time: false,
        lines: &[
            (ASKED, "asked", |all, at| starts_per_second(all, at, at.planned)),
            ("iterations started", "s2", |all, at| {
                starts_per_second(all, at, at.started)
            }),
            ("iterations completed", "s1", |all, at| {
                per_second(all, at, at.ok + at.failed)
            }),
            ("requests completed", "s4", |all, at| {
                per_second(all, at, at.requests)
            }),
        ],
    },
    ChartSpec {
        title: "Times, on a logarithmic scale",
        about: "Percentiles of request durations and of response times over time, on a logarithmic scale",
        is_log_time: true,
        lines: &[
            ("request P50", "s1", |_, at| at.p50_ms),
            ("request P95", "s2", |_, at| at.p95_ms),
            ("request P99", "s3", |_, at| at.p99_ms),
            ("slowest request", "s5", |_, at| at.max_ms),
            (RESPONSE, "s4", |_, at| at.response_p99_ms),
        ],
    },
    ChartSpec {
        title: "Errors and drops, per second",
        about: "Failed requests, failed iterations and dropped iterations per second over time",
        is_log_time: false,
        lines: &[
            ("requests failed", "s6", |all, at| {
                per_second(all, at, at.requests_failed)
            }),
            ("iterations failed", "s2", |all, at| {
                per_second(all, at, at.failed)
            }),
            ("iterations dropped", "s5", |all, at| {
                starts_per_second(all, at, at.dropped)
            }),
        ],
    },
    ChartSpec {
        title: "In flight",
        about: "Iterations that were running at the end of a second, over time",
        is_log_time: false,
        lines: &[("iterations running", "s1", |_, at| Some(at.in_flight as f64))],
    },
    ChartSpec {
        title: "Generator lag, on a logarithmic scale",
        about: "The 99th percentile of how late the generator itself started iterations, over time, on a logarithmic scale",
        is_log_time: true,
        lines: &[("generator lag P99", "s4", |_, at| at.lag_p99_ms)],
    },
];

pub(super) fn over_time(sheet: &mut Sheet, summary: &Summary) {
    let timeline = &summary.timeline;
    if timeline.points.is_empty() {
        return;
    }
    let course = TimeChart::of(summary);
    sheet.section("Over time");
    sheet.put("<div class=\"charts\">\n");
    for chart in &CHARTS {
        draw(sheet, summary, &course, chart);
    }
    outcomes::charts(sheet, summary, &course);
    sheet.line("</div>");
    let each = if timeline.point_s == 1 {
        "Each point is a second.".to_owned()
    } else {
        format!("Each point covers {} seconds.", timeline.point_s)
    };
    let events = if summary.events.is_empty() {
        ""
    } else {
        " Numbers above the charts are events, which are listed below."
    };
    sheet.note(&format!(
        "{each} Plan, starts and drops count in the second in which they were due, everything else in the second in which it \
         ended.{events}"
    ));
    points(sheet, summary, &course);
    sheet.end_with_sql(summary.job.id, "seconds");
}

fn draw(sheet: &mut Sheet, summary: &Summary, course: &TimeChart<'_>, chart: &ChartSpec) {
    let points = &summary.timeline.points;
    let is_known = |name: &str| match name {
        ASKED => points.iter().any(|point| point.planned > 0),
        RESPONSE => summary.response_time.is_some(),
        _ => true,
    };
    let known = chart.lines.iter().filter(|(name, ..)| is_known(name));
    let lines = known.map(|(name, class, value)| {
        let points = points
            .iter()
            .map(|point| (middle_s(summary, point), value(summary, point)));
        ChartLine {
            name: (*name).to_owned(),
            class,
            points: points.collect(),
        }
    });
    let lines: Vec<ChartLine> = lines.collect();
    let axis = if chart.is_log_time {
        Axis::log_time(least(&lines), most(&lines))
    } else {
        Axis::linear(most(&lines))
    };
    course.chart(sheet, chart.title, chart.about, &axis, &lines);
}

fn least(lines: &[ChartLine]) -> f64 {
    let values = lines.iter().flat_map(|line| &line.points);
    let values = values.filter_map(|(_, value)| *value);
    let least = values.filter(|value| *value > 0.0).fold(f64::INFINITY, f64::min);
    if least.is_finite() { least } else { 0.001 }
}

/// The figures behind the charts.
fn points(sheet: &mut Sheet, summary: &Summary, course: &TimeChart<'_>) {
    let end_s = course.time.to;
    let shown = |ms: Option<f64>| ms.map_or_else(|| "-".to_owned(), time);
    sheet.line("<details class=\"bulk\"><summary>The figures behind the charts</summary>");
    Table::new(&summary.timeline.points)
        .words("From", |point| clock(f64::from(point.second), end_s))
        .figures("asked", |point| count(point.planned))
        .figures("started", |point| count(point.started))
        .figures("dropped", |point| count(point.dropped))
        .figures("ok", |point| count(point.ok))
        .figures("failed", |point| count(point.failed))
        .figures("in flight", |point| count(point.in_flight))
        .figures("requests", |point| count(point.requests))
        .figures("per second", |point| {
            per_second(summary, point, point.requests).map_or_else(|| "-".to_owned(), number)
        })
        .figures("failed", |point| count(point.requests_failed))
        .words("statuses", outcomes::statuses)
        .words("errors", outcomes::errors)
        .figures("P50", |point| shown(point.p50_ms))
        .figures("P95", |point| shown(point.p95_ms))
        .figures("P99", |point| shown(point.p99_ms))
        .figures("slowest", |point| shown(point.max_ms))
        .figures("response P99", |point| shown(point.response_p99_ms))
        .figures("lag P99", |point| shown(point.lag_p99_ms))
        .write(sheet, "Figures of the charts over time");
    sheet.line("</details>");
}
