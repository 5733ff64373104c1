//! Status codes and errors over time.

use std::collections::BTreeMap;

use heavy_results::summary::{Point, Summary};

use super::axis::Axis;
use super::chart::{ChartLine, TimeChart, middle_s, most, per_second};
use super::sheet::{Sheet, name};
use crate::statuses::class_name;
use crate::units::count;

/// Kinds of errors with a line of their own, the most frequent ones; the table has all.
const MOST_KINDS: usize = 5;

/// The classes of lines, the first for the most frequent kind.
const COLOURS: [&str; MOST_KINDS] = ["s6", "s2", "s4", "s1", "s5"];

pub(super) fn charts(sheet: &mut Sheet, summary: &Summary, course: &TimeChart<'_>) {
    let classes = totals(summary, |point| &point.status_classes);
    let lines: Vec<ChartLine> = classes
        .keys()
        .map(|class| {
            let value = |point: &Point| point.status_classes.get(class).copied().unwrap_or(0);
            line(summary, class_name(**class), colour(**class), value)
        })
        .collect();
    draw(
        sheet,
        course,
        "Status codes, per second",
        "HTTP requests completed per second over time, by class of status",
        &lines,
    );
    let kinds = totals(summary, |point| &point.error_kinds);
    let mut kinds: Vec<(&String, u64)> = kinds.into_iter().collect();
    kinds.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    let lines: Vec<ChartLine> = kinds
        .iter()
        .zip(COLOURS)
        .map(|((kind, _), colour)| {
            let value = |point: &Point| point.error_kinds.get(*kind).copied().unwrap_or(0);
            line(summary, (*kind).clone(), colour, value)
        })
        .collect();
    draw(
        sheet,
        course,
        "Failed requests by kind of error, per second",
        "Failed requests per second over time, by the most frequent kinds of errors",
        &lines,
    );
}

fn draw(sheet: &mut Sheet, course: &TimeChart<'_>, title: &str, about: &str, lines: &[ChartLine]) {
    course.chart(sheet, title, about, &Axis::linear(most(lines)), lines);
}

fn line(summary: &Summary, name: String, class: &'static str, value: impl Fn(&Point) -> u64) -> ChartLine {
    let points = summary.timeline.points.iter();
    let points = points.map(|point| (middle_s(summary, point), per_second(summary, point, value(point))));
    ChartLine {
        name,
        class,
        points: points.collect(),
    }
}

/// The sums of all points.
fn totals<K: Ord>(summary: &Summary, of: fn(&Point) -> &BTreeMap<K, u64>) -> BTreeMap<&K, u64> {
    let mut sums = BTreeMap::new();
    for (key, n) in summary.timeline.points.iter().flat_map(of) {
        *sums.entry(key).or_default() += n;
    }
    sums
}

const fn colour(class: u16) -> &'static str {
    match class {
        2 => "s3",
        3 => "s1",
        4 => "s2",
        5 => "s6",
        0 => "s4",
        _ => "s5",
    }
}

/// The statuses of a point by class, as a cell of a table.
pub(super) fn statuses(point: &&Point) -> String {
    let classes = point.status_classes.iter();
    let classes = classes.map(|(class, n)| format!("{} {}", class_name(*class), count(*n)));
    classes.collect::<Vec<_>>().join(", ")
}

/// The errors of a point by kind, as a cell of a table.
pub(super) fn errors(point: &&Point) -> String {
    let kinds = point.error_kinds.iter();
    let kinds = kinds.map(|(kind, n)| format!("{} {}", name(kind), count(*n)));
    kinds.collect::<Vec<_>>().join(", ")
}
