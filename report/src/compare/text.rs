//! A comparison for a terminal.

use heavy_compare::{Comparison, Conclusion, Finding, Level, PlaceChange, StatisticChange};

use super::{cells, counts, extremes, finding, is_worth_all, job, method, place_finding, telling, word};
use crate::Style;
use crate::escape::{clip, columns};
use crate::page::{Page, Tone};

/// Columns of a name beside its one statistic are what these leave.
const BESIDE_NAME: usize = 58;

pub(super) fn render(comparison: &Comparison, style: &Style) -> String {
    let mut page = Page::new(style);
    for caveat in &comparison.caveats {
        page.wrapped("NOT COMPARABLE  ", caveat, Some(Tone::Doubtful));
    }
    let tone = match comparison.verdict {
        Conclusion::Regression => Tone::Bad,
        Conclusion::Changed | Conclusion::TooFewSamples => Tone::Doubtful,
        Conclusion::NoDifference => Tone::Good,
    };
    let head = format!("{}  ", word(comparison.verdict));
    page.wrapped(&head, &comparison.headline, Some(tone));
    page.blank();
    for earlier in &comparison.before {
        page.wrapped("  Before  ", &job(earlier), Some(Tone::Quiet));
    }
    page.wrapped("  Now     ", &job(&comparison.now), Some(Tone::Quiet));
    page.wrapped("  Method  ", &method(comparison), Some(Tone::Quiet));
    for note in &comparison.notes {
        page.wrapped("  Note    ", note, Some(Tone::Quiet));
    }
    page.blank();
    for place in &comparison.places {
        if style.full || is_worth_all(place) {
            whole(&mut page, place);
        } else {
            brief(&mut page, place);
        }
    }
    page.finish()
}

/// Requests and steps stand under their workflow.
fn indent(place: &PlaceChange) -> usize {
    match place.place.level {
        Level::Workflow => 0,
        Level::ResponseTime | Level::Check | Level::Step => 2,
        Level::Request if place.place.step.is_empty() => 2,
        Level::Request => 4,
    }
}

fn brief(page: &mut Page, place: &PlaceChange) {
    let indent = indent(place);
    let room = page.width().saturating_sub(BESIDE_NAME + indent);
    let mut name = clip(&place.place.title(), page.width() - indent);
    if columns(&name) > room {
        // Cut short, names that begin alike would be one.
        page.line(&format!("{:indent$}{name}", ""));
        name.clear();
    }
    let gap = room.saturating_sub(columns(&name));
    let shown = telling(place).map_or_else(String::new, |one| {
        let [name, before, now, change, _] = cells(one);
        format!("{name:<10}  {before:>8} {now:>8} {change:>8}")
    });
    let word = place_finding(place);
    page.line(&format!("{:indent$}{name}{:gap$}  {shown:<38} {word}", "", ""));
}

fn whole(page: &mut Page, place: &PlaceChange) {
    let indent = indent(place);
    let facts = counts(place);
    let room = page.width().saturating_sub(indent + columns(&facts) + 2).max(20);
    let name = clip(&place.place.title(), room);
    let name = page.paint(Tone::Strong, &name);
    page.line(&format!("{:indent$}{name}  {facts}", ""));
    let indent = indent + 2;
    for one in &place.statistics {
        let [name, before, now, change, interval] = cells(one);
        let row = format!("{name:<10} {before:>9} {now:>9} {change:>9}  {interval:<18}  ");
        let word = finding(one);
        let word = tone(one).map_or_else(|| word.clone(), |tone| page.paint(tone, &word));
        page.line(&format!("{:indent$}{row}{word}", ""));
    }
    if let Some([min_before, min_now, max_before, max_now]) = extremes(place) {
        for (name, before, now) in [("fastest", min_before, min_now), ("slowest", max_before, max_now)] {
            page.line(&format!("{:indent$}{name:<10} {before:>9} {now:>9}", ""));
        }
    }
}

const fn tone(one: &StatisticChange) -> Option<Tone> {
    match one.finding {
        _ if one.regression => Some(Tone::Bad),
        finding if finding.is_worse() => Some(Tone::Doubtful),
        finding if finding.is_change() => Some(Tone::Good),
        Finding::NoDifference => None,
        _ => Some(Tone::Quiet),
    }
}
