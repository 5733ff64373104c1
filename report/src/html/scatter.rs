//! Latency against rate: what times did as more was asked.

use heavy_results::summary::Summary;

use super::axis::Axis;
use super::chart::{LEFT, RIGHT, WIDTH, begin, grid};
use super::sheet::Sheet;
use crate::markup::html;

const TOP: f64 = 12.0;
const PLOT: f64 = 220.0;
const HEIGHT: f64 = TOP + PLOT + 44.0;

/// Fewer points say nothing.
const FEWEST: usize = 5;

pub(super) fn latency_by_rate(sheet: &mut Sheet, summary: &Summary) {
    let timeline = &summary.timeline;
    let whole = timeline
        .points
        .iter()
        .filter(|point| point.length_s >= f64::from(timeline.point_s) * 0.99);
    let dots: Vec<(f64, f64, f64)> = whole
        .filter_map(|point| {
            Some((
                point.requests as f64 / point.length_s,
                point.p50_ms?,
                point.p99_ms?,
            ))
        })
        .collect();
    if dots.len() < FEWEST {
        return;
    }
    let most_rate = dots.iter().map(|(rate, ..)| *rate).fold(0.0, f64::max);
    let least_ms = dots
        .iter()
        .map(|(_, p50_ms, _)| *p50_ms)
        .fold(f64::INFINITY, f64::min);
    let most_ms = dots.iter().map(|(_, _, p99_ms)| *p99_ms).fold(0.0, f64::max);
    let (rates, times) = (Axis::linear(most_rate), Axis::log_time(least_ms, most_ms));
    let x = |rate: f64| LEFT + rates.place(rate) * (WIDTH - LEFT - RIGHT - 16.0);
    let y = |ms: f64| TOP + PLOT * (1.0 - times.place(ms));
    sheet.section("Latency against rate");
    sheet.line("<figure class=\"chart\">");
    let about = "Each dot is a piece of the job's time: requests completed per second against the 50th and the 99th \
                 percentile of their durations, on a logarithmic scale";
    begin(sheet, "Latency against rate", about, HEIGHT);
    for (ms, label) in &times.ticks {
        grid(sheet, y(*ms), label);
    }
    for (rate, label) in &rates.ticks {
        sheet.line(&format!(
            "<path class=\"grid\" d=\"M{0:.1} {1}v4\"/><text class=\"tick\" text-anchor=\"middle\" x=\"{0:.1}\" y=\"{2}\">{3}</text>",
            x(*rate),
            TOP + PLOT,
            TOP + PLOT + 17.0,
            html(label)
        ));
    }
    sheet.line(&format!(
        "<text class=\"tick\" text-anchor=\"end\" x=\"{:.1}\" y=\"{:.1}\">requests per second</text>",
        WIDTH - RIGHT,
        HEIGHT - 8.0
    ));
    for (rate, p50_ms, p99_ms) in &dots {
        let x = x(*rate);
        let top = y(*p99_ms);
        sheet.line(&format!(
            "<circle class=\"dot d1\" cx=\"{x:.1}\" cy=\"{:.1}\" r=\"3\"/>",
            y(*p50_ms)
        ));
        sheet.line(&format!(
            "<path class=\"dot d3\" d=\"M{x:.1} {:.1}l4 7h-8z\"/>",
            top - 4.0
        ));
    }
    sheet.line("</svg>");
    sheet.line(
        "<ul class=\"legend\"><li><svg viewBox=\"0 0 10 10\" width=\"10\" height=\"10\" aria-hidden=\"true\"><circle class=\"dot d1\" cx=\"5\" \
         cy=\"5\" r=\"4\"/></svg> P50</li><li><svg viewBox=\"0 0 10 10\" width=\"10\" height=\"10\" aria-hidden=\"true\"><path class=\"dot d3\" d=\"M5 1l4 7h-8z\"/></svg> \
         P99</li></ul>",
    );
    sheet.line("</figure>");
    sheet.end();
}
