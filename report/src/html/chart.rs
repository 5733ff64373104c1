//! A chart over the job's time: axes, lines, windows and events.

use heavy_results::summary::{Point, Summary};

use super::axis::{Axis, clock};
use super::label::labels;
use super::sheet::{Sheet, name};
use crate::markup::html;

/// The size of a chart's picture; it grows and shrinks with the page.
pub(super) const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 230.0;

/// Room around the plot: for labels at the left and below, and for the numbers of events above.
pub(super) const LEFT: f64 = 64.0;
pub(super) const RIGHT: f64 = 12.0;
const TOP: f64 = 22.0;
const BOTTOM: f64 = 26.0;

/// The shares of its length from which on a point's rates are shown: a few stragglers in the last instant are no rate.
const LONG_ENOUGH: f64 = 0.5;

/// Events that are marked; all are in the table.
const MOST_MARKS: usize = 30;

#[derive(Debug)]
pub(super) struct ChartLine {
    /// Hostile text.
    pub(super) name: String,
    /// Its colour and dashes: `s1` to `s6`, or `asked`, the broad band beneath the others.
    pub(super) class: &'static str,
    /// Seconds and values; a gap where there is none.
    pub(super) points: Vec<(f64, Option<f64>)>,
}

/// The common parts of all charts over time.
#[derive(Debug)]
pub(super) struct TimeChart<'a> {
    summary: &'a Summary,
    /// The axis of time.
    pub(super) time: Axis,
}

impl<'a> TimeChart<'a> {
    /// The course of a job: as long as its plan or its results.
    pub(super) fn of(summary: &'a Summary) -> Self {
        let points = &summary.timeline.points;
        let last = points
            .last()
            .map_or(0.0, |point| f64::from(point.second) + point.length_s);
        Self {
            summary,
            time: Axis::seconds(last.max(summary.run_time_s)),
        }
    }

    /// The place of an instant in the picture.
    pub(super) fn x(&self, at_s: f64) -> f64 {
        LEFT + self.time.place(at_s) * (WIDTH - LEFT - RIGHT)
    }

    /// A chart; nothing without a point.
    pub(super) fn chart(
        &self,
        sheet: &mut Sheet,
        title: &str,
        about: &str,
        axis: &Axis,
        lines: &[ChartLine],
    ) {
        if lines
            .iter()
            .all(|line| line.points.iter().all(|(_, value)| value.is_none()))
        {
            return;
        }
        sheet.line(&format!(
            "<figure class=\"chart\">\n<figcaption>{}</figcaption>",
            html(title)
        ));
        begin(sheet, title, about, HEIGHT);
        let y = |value: f64| HEIGHT - BOTTOM - axis.place(value) * (HEIGHT - TOP - BOTTOM);
        self.windows(sheet, TOP, HEIGHT - BOTTOM);
        for (value, label) in &axis.ticks {
            grid(sheet, y(*value), label);
        }
        self.seconds(sheet, HEIGHT - BOTTOM);
        for line in lines {
            let path = self.path(line, y);
            if !path.is_empty() {
                sheet.line(&format!("<path class=\"line {}\" d=\"{path}\"/>", line.class));
            }
        }
        self.events(sheet, TOP, HEIGHT - BOTTOM);
        sheet.line("</svg>");
        legend(sheet, lines);
        sheet.line("</figure>");
    }

    fn path(&self, line: &ChartLine, y: impl Fn(f64) -> f64) -> String {
        let mut path = String::new();
        let mut pen_down = false;
        for (place, (at_s, value)) in line.points.iter().enumerate() {
            let Some(value) = value.filter(|value| value.is_finite()) else {
                pen_down = false;
                continue;
            };
            let command = if pen_down { 'L' } else { 'M' };
            path.push_str(&format!("{command}{:.1} {:.1}", self.x(*at_s), y(value)));
            let alone = line.points.get(place + 1).is_none_or(|(_, next)| next.is_none());
            if !pen_down && alone {
                // A line of no length is drawn as a dot.
                path.push_str("h.01");
            }
            pen_down = true;
        }
        path
    }

    /// The bands of warm-up and ramp-down.
    pub(super) fn windows(&self, sheet: &mut Sheet, top: f64, bottom: f64) {
        for window in &self.summary.windows {
            let steady = window.name == "steady";
            let (from, until) = (self.x(window.from_s), self.x(window.until_s));
            if steady || until - from < 1.0 {
                continue;
            }
            sheet.line(&format!(
                "<rect class=\"window\" x=\"{from:.1}\" y=\"{top}\" width=\"{:.1}\" height=\"{:.1}\"/>",
                until - from,
                bottom - top
            ));
            if until - from > 60.0 {
                sheet.line(&format!(
                    "<text class=\"tick\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
                    from + 4.0,
                    top + 16.0,
                    html(&window.name)
                ));
            }
        }
    }

    /// The ticks of the axis of time.
    pub(super) fn seconds(&self, sheet: &mut Sheet, bottom: f64) {
        for (at_s, label) in &self.time.ticks {
            let x = self.x(*at_s);
            sheet.line(&format!(
                "<path class=\"grid\" d=\"M{x:.1} {bottom}v4\"/><text class=\"tick\" text-anchor=\"middle\" x=\"{x:.1}\" y=\"{:.1}\">{label}</text>",
                bottom + 17.0
            ));
        }
    }

    /// Events by their numbers in the table of events.
    pub(super) fn events(&self, sheet: &mut Sheet, top: f64, bottom: f64) {
        let end_s = self.time.to;
        let mut marks = Vec::new();
        for (number, event) in (1..).zip(&self.summary.events).take(MOST_MARKS) {
            let at_s = event.at_ns as f64 / 1e9;
            if at_s < 0.0 || at_s > end_s {
                continue;
            }
            let x = self.x(at_s);
            sheet.line(&format!(
                "<path class=\"event\" d=\"M{x:.1} {top}V{bottom}\"><title>{number}: {} at {}</title></path>",
                html(&crate::events::in_words(event)),
                clock(at_s, end_s)
            ));
            marks.push((number, x));
        }
        for label in labels(&marks, WIDTH) {
            sheet.line(&format!(
                "<text class=\"tick mark\" text-anchor=\"middle\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
                label.middle(WIDTH),
                top - 5.0,
                label.text()
            ));
        }
    }
}

/// How many a second ended, where the point is long enough to say.
pub(super) fn per_second(summary: &Summary, point: &Point, n: u64) -> Option<f64> {
    over(summary, n, point.length_s)
}

/// How many a second were due or started, where enough of the point lies before the end of the load.
pub(super) fn starts_per_second(summary: &Summary, point: &Point, n: u64) -> Option<f64> {
    over(summary, n, point.load_s.unwrap_or(point.length_s))
}

fn over(summary: &Summary, n: u64, length_s: f64) -> Option<f64> {
    let long = length_s >= LONG_ENOUGH * f64::from(summary.timeline.point_s);
    let only = summary.timeline.points.len() == 1 && length_s > 0.0;
    (long || only).then(|| n as f64 / length_s)
}

/// The middle of a point, in seconds.
pub(super) fn middle_s(summary: &Summary, point: &Point) -> f64 {
    let middle = f64::from(summary.timeline.point_s) / 2.0;
    f64::from(point.second) + middle.min(point.length_s)
}

/// The highest value of these lines.
pub(super) fn most(lines: &[ChartLine]) -> f64 {
    let values = lines.iter().flat_map(|line| &line.points);
    values.filter_map(|(_, value)| *value).fold(0.0, f64::max)
}

/// Begins a picture with its title and description.
pub(super) fn begin(sheet: &mut Sheet, title: &str, about: &str, height: f64) {
    sheet.line(&format!(
        "<svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"{}. {}\">\n<desc>{}</desc>",
        html(title),
        html(about),
        html(about)
    ));
}

/// A line of the grid and its label at the left.
pub(super) fn grid(sheet: &mut Sheet, y: f64, label: &str) {
    sheet.line(&format!(
        "<path class=\"grid\" d=\"M{LEFT} {y:.1}H{:.1}\"/><text class=\"tick\" text-anchor=\"end\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
        WIDTH - RIGHT,
        LEFT - 6.0,
        y + 4.0,
        html(label)
    ));
}

fn legend(sheet: &mut Sheet, lines: &[ChartLine]) {
    sheet.put("<ul class=\"legend\">");
    for line in lines {
        sheet.put(&format!(
            "<li><svg viewBox=\"0 0 26 10\" width=\"26\" height=\"10\" aria-hidden=\"true\"><path class=\"line {}\" d=\"M1 5H25\"/></svg> {}</li>",
            line.class,
            name(&line.name)
        ));
    }
    sheet.line("</ul>");
}
