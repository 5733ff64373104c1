//! The charts over time: rate, times, errors, what ran, lag.

use heavy_results::summary::{Point, Summary};

use super::axis::{Axis, clock};
use super::chart::{ChartLine, TimeChart};
use super::sheet::{Cells, Head, Sheet};
use crate::units::{count, number, time};

/// The shares of its length from which on a point's rates are shown: a few stragglers in the last instant are no rate.
const LONG_ENOUGH: f64 = 0.5;

pub(super) fn over_time(sheet: &mut Sheet, summary: &Summary) {
    let timeline = &summary.timeline;
    if timeline.points.is_empty() {
        return;
    }
    let course = TimeChart::of(summary);
    sheet.section("Over time");
    sheet.put("<div class=\"charts\">\n");
    rates(sheet, summary, &course);
    times(sheet, summary, &course);
    errors(sheet, summary, &course);
    in_flight(sheet, summary, &course);
    lag(sheet, summary, &course);
    sheet.line("</div>");
    let each = if timeline.point_s == 1 {
        "Each point is a second.".to_owned()
    } else {
        format!("Each point stands for {} seconds.", timeline.point_s)
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
    figures(sheet, summary, &course);
    sheet.sql(summary.job.id, "seconds");
    sheet.end();
}

fn line(
    summary: &Summary,
    name: &'static str,
    class: &'static str,
    value: impl Fn(&Point) -> Option<f64>,
) -> ChartLine {
    let middle = f64::from(summary.timeline.point_s) / 2.0;
    let points = summary.timeline.points.iter();
    ChartLine {
        name,
        class,
        points: points
            .map(|point| (f64::from(point.second) + middle.min(point.length_s), value(point)))
            .collect(),
    }
}

/// How many a second, where the point is long enough to say.
fn per_second(summary: &Summary, point: &Point, n: u64) -> Option<f64> {
    let long = point.length_s >= LONG_ENOUGH * f64::from(summary.timeline.point_s);
    let only = summary.timeline.points.len() == 1;
    (long || only).then(|| n as f64 / point.length_s)
}

fn most(lines: &[ChartLine]) -> f64 {
    let values = lines.iter().flat_map(|line| &line.points);
    values.filter_map(|(_, value)| *value).fold(0.0, f64::max)
}

fn least(lines: &[ChartLine]) -> f64 {
    let values = lines.iter().flat_map(|line| &line.points);
    let values = values.filter_map(|(_, value)| *value);
    let least = values.filter(|value| *value > 0.0).fold(f64::INFINITY, f64::min);
    if least.is_finite() { least } else { 0.001 }
}

fn rates(sheet: &mut Sheet, summary: &Summary, course: &TimeChart<'_>) {
    let rate = |n: fn(&Point) -> u64| move |point: &Point| per_second(summary, point, n(point));
    let mut lines = Vec::new();
    if summary.timeline.points.iter().any(|point| point.planned > 0) {
        lines.push(line(
            summary,
            "iterations asked",
            "asked",
            rate(|point| point.planned),
        ));
    }
    lines.push(line(
        summary,
        "iterations started",
        "s2",
        rate(|point| point.started),
    ));
    lines.push(line(
        summary,
        "iterations completed",
        "s1",
        rate(|point| point.ok + point.failed),
    ));
    lines.push(line(
        summary,
        "requests completed",
        "s4",
        rate(|point| point.requests),
    ));
    course.chart(
        sheet,
        "Rate, per second",
        "Iterations asked for, started and completed, and requests completed, per second over time",
        &Axis::linear(most(&lines)),
        &lines,
    );
}

fn times(sheet: &mut Sheet, summary: &Summary, course: &TimeChart<'_>) {
    let mut lines = vec![
        line(summary, "request P50", "s1", |point| point.p50_ms),
        line(summary, "request P95", "s2", |point| point.p95_ms),
        line(summary, "request P99", "s3", |point| point.p99_ms),
        line(summary, "slowest request", "s5", |point| point.max_ms),
    ];
    if summary.response_time.is_some() {
        lines.push(line(summary, "response time P99", "s4", |point| {
            point.response_p99_ms
        }));
    }
    course.chart(
        sheet,
        "Times, on a logarithmic scale",
        "Percentiles of request durations and of response times over time, on a logarithmic scale",
        &Axis::log_time(least(&lines), most(&lines)),
        &lines,
    );
}

fn errors(sheet: &mut Sheet, summary: &Summary, course: &TimeChart<'_>) {
    let rate = |n: fn(&Point) -> u64| move |point: &Point| per_second(summary, point, n(point));
    let lines = [
        line(
            summary,
            "requests failed",
            "s6",
            rate(|point| point.requests_failed),
        ),
        line(summary, "iterations failed", "s2", rate(|point| point.failed)),
        line(summary, "iterations dropped", "s5", rate(|point| point.dropped)),
    ];
    course.chart(
        sheet,
        "Errors and drops, per second",
        "Failed requests, failed iterations and dropped iterations per second over time",
        &Axis::linear(most(&lines)),
        &lines,
    );
}

fn in_flight(sheet: &mut Sheet, summary: &Summary, course: &TimeChart<'_>) {
    let lines = [line(summary, "iterations running", "s1", |point| {
        Some(point.in_flight as f64)
    })];
    course.chart(
        sheet,
        "In flight",
        "Iterations that were running at the end of a second, over time",
        &Axis::linear(most(&lines)),
        &lines,
    );
}

fn lag(sheet: &mut Sheet, summary: &Summary, course: &TimeChart<'_>) {
    let lines = [line(summary, "generator lag P99", "s4", |point| point.lag_p99_ms)];
    course.chart(
        sheet,
        "Generator lag, on a logarithmic scale",
        "The 99th percentile of how late the generator itself started iterations, over time, on a logarithmic scale",
        &Axis::log_time(least(&lines), most(&lines)),
        &lines,
    );
}

/// The figures behind the charts.
fn figures(sheet: &mut Sheet, summary: &Summary, course: &TimeChart<'_>) {
    let end_s = course.time.end();
    let heads = [
        Head::Words("From"),
        Head::Figures("asked"),
        Head::Figures("started"),
        Head::Figures("dropped"),
        Head::Figures("ok"),
        Head::Figures("failed"),
        Head::Figures("in flight"),
        Head::Figures("requests"),
        Head::Figures("per second"),
        Head::Figures("failed"),
        Head::Figures("P50"),
        Head::Figures("P95"),
        Head::Figures("P99"),
        Head::Figures("slowest"),
        Head::Figures("response P99"),
        Head::Figures("lag P99"),
    ];
    let shown = |ms: Option<f64>| ms.map_or_else(|| "-".to_owned(), time);
    let rows = summary.timeline.points.iter().map(|point| {
        let cells: Cells = vec![
            clock(f64::from(point.second), end_s),
            count(point.planned),
            count(point.started),
            count(point.dropped),
            count(point.ok),
            count(point.failed),
            count(point.in_flight),
            count(point.requests),
            per_second(summary, point, point.requests).map_or_else(|| "-".to_owned(), number),
            count(point.requests_failed),
            shown(point.p50_ms),
            shown(point.p95_ms),
            shown(point.p99_ms),
            shown(point.max_ms),
            shown(point.response_p99_ms),
            shown(point.lag_p99_ms),
        ];
        ("", cells)
    });
    sheet.line("<details class=\"bulk\"><summary>The figures behind the charts</summary>");
    sheet.table("Figures of the charts over time", &heads, rows);
    sheet.line("</details>");
}
