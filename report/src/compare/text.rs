//! A comparison for a terminal.

use heavy_compare::{Comparison, PlaceChange, StatisticChange};

use super::{
    cells, counts, depth, extremes, finding, finding_mood, is_worth_all, job, method, mood, telling, word,
};
use crate::Style;
use crate::clip::{clip, columns};
use crate::page::{Page, Tone};
use crate::standing::Mood;

/// Columns of a name beside one statistic and the finding are what these leave.
const BESIDE_NAME: usize = 58;

/// Columns of a statistic.
const WIDEST_STATISTIC: usize = 38;

/// Columns that a name gets at least where two statistics stand in a row.
const SHORTEST_NAME: usize = 26;

/// For a terminal; all statistics of every place if [`Style::full`], else of those that have changed.
#[must_use]
pub fn render(comparison: &Comparison, style: &Style) -> String {
    let mut page = Page::new(style);
    for caveat in &comparison.caveats {
        page.wrapped("NOT COMPARABLE  ", caveat, Some(Tone::Doubtful));
    }
    let tone = Tone::of(mood(comparison.verdict));
    let head = format!("{}  ", word(comparison.verdict));
    page.wrapped(&head, &comparison.headline, Some(tone));
    page.blank();
    for earlier in &comparison.before {
        page.wrapped("  Before  ", &job(earlier), Some(Tone::Quiet));
    }
    page.wrapped("  Now     ", &job(&comparison.now), Some(Tone::Quiet));
    page.wrapped("  Method  ", &method(&comparison.method), Some(Tone::Quiet));
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

fn brief(page: &mut Page, place: &PlaceChange) {
    let indent = 2 * depth(place);
    let shown = telling(place).into_iter().map(|one| {
        let [name, before, now, change, _] = cells(one);
        format!("{name:<10}  {before:>8} {now:>8} {change:>8}")
    });
    // One below the other where there is no room for them in a row.
    let shown: Vec<String> = if page.width >= BESIDE_NAME + WIDEST_STATISTIC + SHORTEST_NAME {
        vec![shown.collect::<Vec<_>>().join("  ")]
    } else {
        shown.collect()
    };
    let room = page.width.saturating_sub(
        BESIDE_NAME - WIDEST_STATISTIC + shown.first().map_or(0, |first| columns(first)) + indent,
    );
    let mut name = clip(&place.place.title(), page.width - indent);
    if columns(&name) > room {
        // Cut short, names that begin alike would be one.
        page.line(&format!("{:indent$}{name}", ""));
        name.clear();
    }
    let gap = room.saturating_sub(columns(&name));
    let word = finding(place.finding, place.regression);
    let first = shown.first().map_or("", |first| first);
    page.line(&format!(
        "{:indent$}{name}{:gap$}  {first:<WIDEST_STATISTIC$} {word}",
        "", ""
    ));
    for other in shown.iter().skip(1) {
        page.line(&format!("{:indent$}{:room$}  {other}", "", ""));
    }
}

fn whole(page: &mut Page, place: &PlaceChange) {
    let indent = 2 * depth(place);
    let facts = counts(place);
    let room = page.width.saturating_sub(indent + columns(&facts) + 2).max(20);
    let name = clip(&place.place.title(), room);
    let name = page.paint(Tone::Strong, &name);
    page.line(&format!("{:indent$}{name}  {facts}", ""));
    let indent = indent + 2;
    for one in &place.statistics {
        let [name, before, now, change, interval] = cells(one);
        let row = format!("{name:<10} {before:>9} {now:>9} {change:>9}  {interval:<18}  ");
        let word = finding(one.finding, one.regression);
        let word = tone(one).map_or_else(|| word.clone(), |tone| page.paint(tone, &word));
        page.line(&format!("{:indent$}{row}{word}", ""));
    }
    for (name, before, now) in extremes(place).into_iter().flatten() {
        page.line(&format!("{:indent$}{name:<10} {before:>9} {now:>9}", ""));
    }
}

const fn tone(one: &StatisticChange) -> Option<Tone> {
    match finding_mood(one.finding, one.regression) {
        Some(Mood::Neutral) => None,
        Some(mood) => Some(Tone::of(mood)),
        None => Some(Tone::Quiet),
    }
}
